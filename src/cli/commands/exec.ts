import { unreachable } from '../../compiler/unreachable.ts';
import { converse } from '../converse.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { listContainers, selectContainers, type ListedContainer } from '../instances.ts';
import type { CommandContext } from '../io.ts';
import { listed } from '../render/text.ts';
import { namedStack } from '../stack-name.ts';
import { labelOf } from './logs.ts';

/** How a command is run inside. */
export interface ExecFlags {
  readonly file: string | undefined;
  /** False with `--no-tty`. */
  readonly tty: boolean;
}

/**
 * `stack exec NAME -- CMD…`: runs a command in a running instance (of a container, the first) and passes its exit
 * code on. With terminals on both sides the command gets one too.
 */
export async function exec(
  context: CommandContext,
  name: string,
  command: readonly string[],
  flags: ExecFlags,
): Promise<number> {
  const { io } = context;
  const named = await namedStack(context, flags.file);
  const { engine } = await context.connect();
  const all = await listContainers(engine, named.stack);
  const found = await selectContainers(engine, named, all, [name]);
  // By the name of another generation, that one is meant.
  const target = found.find(
    (one) => one.state === 'running' && (one.phase === 'current' || one.engineName === name),
  );
  if (target === undefined) throw notRunning(name, found);
  const tty = flags.tty && io.stdin.isTTY === true && io.stdout.isTTY === true;
  const term = io.env['TERM'];
  const session = await engine.exec(target.id, {
    command,
    tty,
    stdin: true,
    ...(tty && term !== undefined ? { env: [`TERM=${term}`] } : {}),
  });
  await converse(io, session, { tty });
  return io.outputClosed.aborted ? exitCode.done : session.exitCode;
}

function notRunning(name: string, found: readonly ListedContainer[]): CommandFailure {
  const shown = found.filter((one) => one.phase === 'current' || one.engineName === name);
  const first = shown[0] ?? found[0];
  const states = (shown.length === 0 ? found : shown).map((one) => `${labelOf(one)} ${stateWords(one)}`);
  return new CommandFailure(
    exitCode.failed,
    `\`${name}\` is not running: ${listed(states, 'and')}`,
    first?.role === 'instance'
      ? `\`stack logs ${name}\` shows why; \`stack run ${first.container} -- CMD\` runs a command in a container of its own`
      : `\`stack logs ${name}\` shows its output`,
  );
}

function stateWords({ state, role }: ListedContainer): string {
  switch (state) {
    case 'created':
      return 'has never been started';
    case 'exited':
    case 'dead':
      return role === 'instance' ? 'has stopped' : `is a ${role} that is over`;
    case 'restarting':
      return 'is between two starts';
    case 'running':
      // Only another generation is left out while it runs.
      return 'is not the current generation';
    case 'paused':
    case 'removing':
      return `is ${state === 'paused' ? 'paused' : 'being removed'}`;
    default:
      return unreachable(state);
  }
}
