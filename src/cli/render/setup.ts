import { byteSize } from '../../compiler/byte-words.ts';
import { SETTINGS_FILE, type LeftSetting } from '../../compiler/setup/engine-settings.ts';
import type { MachineFacts } from '../../compiler/setup/machine-facts.ts';
import type { SetupNote, SetupPlan, SetupStep } from '../../compiler/setup/setup-plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { paint, type Style } from './paint.ts';
import { problemWords } from './setup-problems.ts';
import { snakeCase } from './snake-case.ts';
import { fold, plural, printable } from './text.ts';

const INDENT = '    ';
const UNTOUCHED = 'Not touched: firewall, swap, upgrades of packages.';

/** How a setup is shown. */
interface SetupStyle {
  readonly color: boolean;
  /** Columns that a line may take. */
  readonly width: number;
}

/** What the machine is, what would be done there, and what would not. */
export function renderSetup(
  machine: string,
  facts: MachineFacts,
  { problems, steps, notes }: SetupPlan,
  { color, width }: SetupStyle,
): string {
  const brush = paint(color);
  const head = fold(`${machine}: ${machineWords(facts)}`, width, '', '  ').join('\n');
  if (problems.length > 0) return `${head}\n`;
  const blocks = steps.flatMap((step) => {
    const { symbol, style, action, text, more } = stepWords(step);
    const [first = '', ...rest] = fold(printable(text), width, `${symbol} ${action.padEnd(8)} `, INDENT);
    const start = symbol.length + action.length + 1;
    return [
      brush(style, first.slice(0, start)) + first.slice(start),
      ...rest,
      ...more.map((line) => INDENT + line),
    ];
  });
  const noted = notes.flatMap((note) => fold(printable(noteWords(note)), width, '! ', '  '));
  const summary =
    steps.length === 0 ? ['Nothing to do.'] : [UNTOUCHED, `Setup: ${plural(steps.length, 'step')}.`];
  return `${[[head], blocks, noted, summary]
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** The same for programs. */
export function setupJson(machine: string, facts: MachineFacts, plan: SetupPlan): object {
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    type: 'setup',
    machine,
    system: facts.system.name,
    architecture: facts.system.architecture,
    engine: facts.engine === null ? null : snakeCase(facts.engine),
    steps: plan.steps.map((step) => ({ step: stepJson(step), words: stepName(step) })),
    notes: plan.notes.map((note) => ({ kind: note.kind, words: noteWords(note) })),
    problems: plan.problems.map((problem) => ({ kind: problem.kind, ...problemWords(problem, machine) })),
  };
}

/** The file that was there is nobody's affair: somebody may have put a proxy's password into it. */
export function stepJson(step: SetupStep): unknown {
  if (step.kind !== 'write settings') return snakeCase(step);
  return { kind: step.kind, added: step.added, takes_restart: step.takesRestart };
}

function machineWords({ user, rights, system, engine }: MachineFacts): string {
  const service = { systemd: 'systemd', sysv: 'SysV services', none: 'no services' }[system.services];
  const right = { root: 'root', sudo: `${user} by sudo`, password: user, none: user }[rights];
  const running = engine?.running ?? null;
  const there =
    engine === null
      ? 'no engine'
      : running === null
        ? `${engine.source} ${engine.version}, ${engine.hasProcess ? 'running, but it does not tell what' : 'not running'}`
        : `${engine.source} ${running.version}, ${plural(running.containers, 'container')} running`;
  return printable(
    `${system.name}, ${system.architecture}, ${service}, ${byteSize(system.freeBytes)} free, ${right}; ${there}`,
  );
}

interface StepWords {
  readonly symbol: string;
  readonly style: Style;
  readonly action: string;
  readonly text: string;
  /** Lines below it. */
  readonly more: readonly string[];
}

/** `install docker.io 20.10.24+dfsg1-1+deb12u1`, one line without what stands below it. */
export function stepName(step: SetupStep): string {
  const { action, text } = stepWords(step);
  return `${action} ${text}`;
}

function stepWords(step: SetupStep): StepWords {
  const add = (action: string, text: string): StepWords => ({
    symbol: '+',
    style: 'green',
    action,
    text,
    more: [],
  });
  switch (step.kind) {
    case 'finish packages':
      return {
        ...add('finish', 'the installation of packages that was cut off'),
        symbol: '~',
        style: 'yellow',
      };
    case 'write settings': {
      const change = step.before === null ? add('create', SETTINGS_FILE) : add('update', SETTINGS_FILE);
      const more = step.added.map(({ name, value }) => `${name}  not set → ${JSON.stringify(value)}`);
      return step.before === null ? { ...change, more } : { ...change, symbol: '~', style: 'yellow', more };
    }
    case 'add repository':
      return add(
        'add',
        `Docker's repository of packages for ${step.distribution} ${step.codename}, with its key`,
      );
    case 'install': {
      const apart = step.whereApart === null ? '' : `, and ${step.whereApart} where it is apart`;
      const version = step.version === null ? '' : ` ${step.version}`;
      return add('install', `${step.packages.join(', ')}${version}${apart}`);
    }
    case 'start':
      return add('start', 'the engine');
    case 'reload':
      return { ...add('reload', "the engine's settings; containers go on"), symbol: '↻', style: 'yellow' };
    case 'restart':
      return { ...add('restart', `the engine; ${restartWords(step)}`), symbol: '±', style: 'yellow' };
    case 'enable':
      return add('enable', 'the engine at boot');
    case 'join group':
      return add('join', `${step.user} to the group docker, which is as good as root there`);
    case 'build agent image':
      return { ...add('build', `the agent's image ${step.tag}`), symbol: '*', style: 'cyan' };
    default:
      return unreachable(step);
  }
}

function restartWords({
  containers,
  liveRestore,
}: {
  readonly containers: number;
  readonly liveRestore: boolean;
}) {
  if (containers === 0) return 'no container runs';
  return liveRestore
    ? `${plural(containers, 'container')} ${containers === 1 ? 'goes' : 'go'} on meanwhile`
    : `${plural(containers, 'container')} ${containers === 1 ? 'stops' : 'stop'} meanwhile`;
}

function noteWords(note: SetupNote): string {
  switch (note.kind) {
    case 'locked':
      return `the package manager is held by ${note.by}: it is waited for, 10 min at most`;
    case 'engine stays':
      return `${note.source} is there already and stays: \`--packages docker\` is for machines without an engine`;
    case 'look again':
      return note.hasClient
        ? 'the engine runs and does not answer: `systemctl restart docker` there mends that, and may stop its containers'
        : 'without `docker` the engine was not asked what it runs: the same command again loads its settings';
    case 'finish may restart':
      return `where the engine is among what is finished it restarts, and ${plural(note.containers, 'container')} ${note.containers === 1 ? 'stops' : 'stop'} meanwhile`;
    case 'restart pending':
      return `new settings of logs count from the engine's next start on; \`--restart-engine\` restarts it now: ${restartWords(note)}`;
    case 'setting left':
      return leftWords(note.left);
    default:
      return unreachable(note);
  }
}

function leftWords(left: LeftSetting): string {
  switch (left.kind) {
    case 'log driver':
      return `log-driver is ${left.driver}: its limits are left to you`;
    case 'flag':
      return `dockerd is started with --${left.name}: what it says there stays, and nothing is put into its file`;
    case 'swarm':
      return 'live-restore is left out: an engine of a swarm refuses it';
    case 'live restore is off':
      return 'live-restore is false there, and stays so: containers stop when the engine is restarted or upgraded';
    default:
      return unreachable(left);
  }
}
