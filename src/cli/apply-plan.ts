import type { Diagnostic } from '../compiler/diagnostic.ts';
import { DATABASE_MISSING } from '../compiler/desired/resolve.ts';
import type { ResolvedInputs } from '../compiler/desired/resolved-inputs.ts';
import type { ApplyCommand } from '../compiler/journal/record.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import { ENGINE_SOCKET } from '../compiler/plan/agent-spec.ts';
import { TWO_WRITERS } from '../compiler/adopt/two-writers.ts';
import { RECORD_LOST } from '../compiler/reconcile/check-adoption.ts';
import { PORT_TAKEN } from '../compiler/reconcile/taken-ports.ts';
import type { ApplyBegin } from '../runtime/journal/apply-journal.ts';
import type { StoredSelection } from '../compiler/revision/stored-revision.ts';
import { applyBegin } from './apply-begin.ts';
import { applyWalk, atHand, walkApply } from './apply-walk.ts';
import { writePlan } from './commands/plan.ts';
import { confirm } from './confirm.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from './failure.ts';
import type { CommandContext } from './io.ts';
import { writeData, writeDiagnostics, writeNote } from './output.ts';
import { listed } from './render/text.ts';
import type { PlannedStack } from './plan-stack.ts';
import type { ProveFlags } from './prove.ts';
import { hasWork } from './walk-plan.ts';

/** Warnings of a plan that an apply must not pass over: containers would start without their database, beside themselves, or not at all. */
const FATAL: ReadonlySet<string> = new Set([DATABASE_MISSING, PORT_TAKEN, RECORD_LOST, TWO_WRITERS]);

/** How a plan is walked. */
export interface WalkFlags {
  readonly prove: ProveFlags | null;
  readonly requireZeroDowntime: boolean;
  /** How long somebody else who changes the stack is waited for. */
  readonly lockTimeoutS: number;
  /** Whether it goes on by itself, beside the engine, once it has begun. */
  readonly detach: boolean;
  /** Where the engine's socket lies on its own host; null: where this command reaches it, else docker's default. */
  readonly engineSocket: string | null;
}

/** What is applied, and how it comes about. */
export interface Applied {
  /** Asked again after the plan was read, then without any registry, by what it was `asked`, and after the lock was waited for. */
  readonly plan: (askRegistry: boolean, asked?: ResolvedInputs['images']) => Promise<PlannedStack>;
  readonly command: ApplyCommand;
  /** The revision that is applied again; null: a stack file is applied. */
  readonly of: number | null;
  readonly selection: Omit<StoredSelection, 'migrations'>;
  /** Null: it was approved when it was made. */
  readonly question: ((stack: string) => string) | null;
  /** Whether migrations run that have not. */
  readonly migrations: boolean;
  /** The command that goes on with it, should it not come to its end. */
  readonly again: string;
  /** Whether it is planned again where somebody has changed the stack while the lock was waited for. */
  readonly replans: boolean;
  /** Whether it is written down even where nothing is left to do: it ends the last apply, which did not come to its end, or sets a number. */
  readonly isKept?: boolean;
  /** Who applies, from where; absent: whoever runs this command. */
  readonly who?: Pick<ApplyBegin, 'user' | 'host'>;
  /** When what it goes by was looked at, by the clock; absent: when it is planned. */
  readonly sinceMs?: number;
  /** Called before the plan is shown. */
  readonly demandPlanned?: (planned: PlannedStack) => Promise<void>;
}

/** Shows a plan, asks, and walks it. Exit code 0, 1, 75, 130 or 143 once there is a plan. */
export async function applyPlan(
  context: CommandContext,
  applied: Applied,
  flags: WalkFlags,
): Promise<number> {
  const plannedAtMs = applied.sinceMs ?? context.io.clock.now();
  const planned = await applied.plan(true);
  demandComplete(planned);
  await applied.demandPlanned?.(planned);
  await writeDiagnostics(context, planned.warnings, planned.loaded.source);
  await showPlan(context, planned);
  const { connection, plan } = planned;
  if (connection === null) return exitCode.done;
  if (!hasWork(plan)) {
    const isNoted = plan.noted !== undefined;
    if ((!isNoted && applied.isKept !== true) || atHand(planned) === null) return exitCode.done;
    const atMs = isNoted ? await approve(context, applied, planned) : null;
    return walked(context, applied, planned, { ...flags, prove: null }, atMs ?? plannedAtMs);
  }
  if (flags.requireZeroDowntime) {
    const { requireZeroDowntime } = await import('./require-zero-downtime.ts');
    requireZeroDowntime(plan);
  }
  if (flags.detach) demandDetachable(plan);
  const observedAtMs = (await approve(context, applied, planned)) ?? plannedAtMs;
  if (flags.detach) return detached(context, applied, planned, flags);
  return walked(context, applied, planned, flags, observedAtMs);
}

async function walked(
  context: CommandContext,
  applied: Applied,
  planned: PlannedStack,
  flags: WalkFlags,
  observedAtMs: number,
): Promise<number> {
  const { command, of, selection, migrations, again, who } = applied;
  const own = await applyBegin(context.io, command, of === null ? planned.loaded : null, of);
  const begin = { ...own, ...who };
  const { lockTimeoutS } = flags;
  const as = { begin, selection: { ...selection, migrations }, again, observedAtMs, lockTimeoutS };
  let isStale = false;
  const onStale = (): void => {
    isStale = true;
  };
  const walk = { ...(await applyWalk(context, planned, as)), onStale };
  const code = await walkApply(context, walk, flags.prove);
  // Whoever waits for the lock, or wants no question, wants what is to be done after that.
  const isAsked = lockTimeoutS === 0 && !context.options.yes;
  if (!isStale || isAsked || !applied.replans) return code;
  writeNote(context, 'planning again');
  return applyPlan(context, applied, flags);
}

async function detached(
  context: CommandContext,
  { command, of, selection, again, migrations }: Applied,
  { plan, desired, loaded, inputs, auth, connection }: PlannedStack,
  { prove, lockTimeoutS, engineSocket }: WalkFlags,
): Promise<number> {
  if (connection === null) throw new Error('nothing is handed over without an engine');
  const { engine, remoteHost, socket = null } = connection;
  const notifies = desired.containers.some(({ notifications }) => notifications.length > 0);
  const pulls = plan.nodes.flatMap(({ op }) => {
    if (op.kind === 'image.push') return [op.reference];
    return op.kind === 'image.pull' ? [op.by ?? op.reference] : [];
  });
  const [{ handOver }, { filesText }, { hostFacts }, begin, credentials] = await Promise.all([
    import('./detach/hand-over.ts'),
    import('./revisions/store.ts'),
    import('../runtime/inputs/host-facts.ts'),
    applyBegin(context.io, command, of === null ? loaded : null, of),
    Promise.all(pulls.map(async (reference) => [reference, await auth(reference)] as const)),
  ]);
  const { files, ...others } = inputs;
  const { path, text, format } = loaded.source;
  return handOver(
    context,
    { stack: plan.stack, engine, engineSocket: engineSocket ?? socket, asks: prove !== null || notifies },
    {
      name: plan.stack,
      source: { path, text, format },
      inputs: { ...others, host: inputs.host ?? (await hostFacts(engine, remoteHost)) },
      files: filesText(files),
      migrations,
      hooks: plan.hooks.length > 0,
      selection,
      nodes: plan.nodes,
      begin,
      again,
      auth: Object.fromEntries(credentials),
      prove: prove === null ? null : { ...prove, url: prove.url.href },
      lockTimeoutS,
      engineSocket: socket ?? ENGINE_SOCKET,
    },
  );
}

/** Fails with 64 where something runs on the operator's side, whom nobody may find there any more. */
function demandDetachable({ hooks, nodes }: Plan): void {
  const built = nodes.flatMap(({ op }) => (op.kind === 'image.build' ? [`\`${op.reference}\``] : []));
  if (built.length > 0)
    throw new CommandFailure(
      exitCode.usage,
      `${listed(built, 'and')} ${built.length === 1 ? 'is' : 'are'} built on this machine, and an apply with \`--detach\` goes on without it; nothing was done`,
      'apply without `--detach`; or build where the file is applied first, and give `image` a registry: then it is pulled',
    );
  const here = hooks.filter(({ container }) => container === null).map(({ hook }) => `\`${hook}\``);
  if (here.length === 0) return;
  throw new CommandFailure(
    exitCode.usage,
    `${listed(here, 'and')} ${here.length === 1 ? 'runs' : 'run'} on this machine, and an apply with \`--detach\` goes on without it; nothing was done`,
    'run the hooks in a container of the stack (`container: NAME`), or leave them out with `--skip-hooks`',
  );
}

/** Resolves to when the engine was looked at last; null: for the plan itself. */
async function approve(
  context: CommandContext,
  applied: Applied,
  { plan, loaded, inputs }: PlannedStack,
): Promise<number | null> {
  if (applied.question === null) return null;
  const text = applied.question(plan.stack);
  await confirm(context, { text, answers: ['yes'], stdinTaken: loaded.fromStdin });
  if (context.options.yes) return null;
  const nowMs = context.io.clock.now();
  // While somebody read the plan, somebody else may have applied: nothing is done that was not shown.
  const now = await applied.plan(false, inputs.images);
  if (workOf(now.plan) === workOf(plan)) return applied.sinceMs ?? nowMs;
  throw new CommandFailure(
    exitCode.failed,
    `stack \`${plan.stack}\` or its file has changed since this plan was made; nothing was done`,
    'run the command again: it shows what is to be done now',
  );
}

/** What is done, and the numbers of instances that are written down with it: the scaler may have set others, and changed nothing else. */
function workOf({ nodes, noted = [], counts = [] }: Plan): string {
  return JSON.stringify([nodes, noted, counts.map(({ container, count }) => [container, count])]);
}

async function showPlan(context: CommandContext, planned: PlannedStack): Promise<void> {
  if (!context.options.json) return writePlan(context, planned);
  const { planJson } = await import('./render/plan-json.ts');
  const document = planJson(planned.plan, planned.warnings, planned.loaded.source.path);
  writeData(context, `${JSON.stringify({ type: 'plan', ...document })}\n`);
}

function demandComplete({ warnings, loaded }: PlannedStack): void {
  if (!warnings.some((warning) => FATAL.has(warning.code))) return;
  const diagnostics = warnings.map(
    (warning): Diagnostic => (FATAL.has(warning.code) ? { ...warning, severity: 'error' } : warning),
  );
  throw new DiagnosticsFailure(exitCode.failed, diagnostics, loaded.source);
}
