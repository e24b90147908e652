import type { SetupStep } from '../../compiler/setup/setup-plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { SshEndpoint } from '../../runtime/docker/ssh-agent.ts';
import type { SetupEvent } from '../../runtime/setup/carry-out.ts';
import { exitCode } from '../exit-code.ts';
import type { CommandContext } from '../io.ts';
import { colorFor, writeData, writeNote } from '../output.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { paint } from './paint.ts';
import { lostHelp, sshTarget } from './setup-problems.ts';
import { stepJson, stepName } from './setup.ts';
import { plural, printable } from './text.ts';

/** Shows what comes of a setup as it goes on. */
export interface SetupReport {
  readonly note: (event: SetupEvent) => void;
  /** The last line where somebody stopped it between two steps. */
  readonly stopped: () => void;
  /** The last line after a step that failed, and the exit code. */
  readonly failed: () => number;
  /** The last lines of a machine that is ready. */
  readonly ready: (version: string, apiVersion: string, steps: number) => void;
}

export function setupReport(context: CommandContext, endpoint: SshEndpoint): SetupReport {
  const { words } = endpoint;
  const brush = paint(colorFor(context, context.io.stderr));
  let done = 0;
  let isLost = false;
  const json = (document: object) =>
    writeData(context, `${JSON.stringify({ format_version: OUTPUT_FORMAT_VERSION, ...document })}\n`);
  const say = (document: object, text: string | null) => {
    if (context.options.json) json(document);
    else if (text !== null) writeNote(context, text);
  };
  const unready = (more: string) =>
    say(
      { type: 'finished', ready: false, done },
      `${words} is not ready yet: ${plural(done, 'step')} done${more}.`,
    );
  return {
    note(event) {
      const name = printable(stepName(event.step));
      const about = { type: event.type, step: stepJson(event.step) };
      switch (event.type) {
        case 'started':
          return say(about, `${brush('dim', '…')} ${name}`);
        case 'line':
          return context.options.verbose
            ? say({ ...about, text: event.text }, brush('dim', `  ${printable(event.text)}`))
            : undefined;
        case 'waiting':
          return say({ ...about, holder: event.holder }, `  waits for ${printable(event.holder)}`);
        case 'done':
          done += 1;
          return say(about, `${brush('green', '✓')} ${name}`);
        case 'failed': {
          ({ isLost } = event);
          const last = context.options.verbose ? [] : event.lines.map((line) => `  ${printable(line)}`);
          const text = [...last, `${brush('red', '✗')} ${name}  ${printable(event.why)}`].join('\n');
          const help = isLost ? lostHelp(event.why, sshTarget(endpoint)) : failureHelp(event.step);
          return say(
            { ...about, why: event.why, lines: event.lines },
            `${text}\n${brush('cyan', 'help')}: ${help}`,
          );
        }
        default:
          return unreachable(event);
      }
    },
    stopped() {
      unready('; the same command goes on from there');
    },
    failed() {
      unready('');
      return isLost ? exitCode.unreachable : exitCode.failed;
    },
    ready(version, apiVersion, steps) {
      say(
        { type: 'finished', ready: true, done: steps, engine: version, api_version: apiVersion },
        [
          `${words} is ready: Docker Engine ${version}, API ${apiVersion}.`,
          `Go on with \`stack --host ${words} plan\`.`,
        ].join('\n'),
      );
    },
  };
}

function failureHelp({ kind }: SetupStep): string {
  const again = 'what is done stays done, and the same command goes on from there';
  switch (kind) {
    case 'build agent image':
      return `without a way to a registry, \`STACKC_AGENT_BASE\` names a base that is on the machine; ${again}`;
    case 'finish packages':
    case 'add repository':
    case 'install':
      return `does the machine reach its package sources, and has its disk room? ${again}`;
    case 'write settings':
    case 'start':
    case 'reload':
    case 'restart':
    case 'enable':
    case 'join group':
      return `the lines above say why; ${again}`;
    default:
      return unreachable(kind);
  }
}
