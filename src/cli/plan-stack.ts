import { setImmediate as turn } from 'node:timers/promises';
import type { DesiredState } from '../compiler/desired/desired-state.ts';
import { registryCredentials } from '../compiler/desired/registry-credentials.ts';
import { requirements } from '../compiler/desired/requirements.ts';
import { resolve } from '../compiler/desired/resolve.ts';
import type { ResolvedInputs } from '../compiler/desired/resolved-inputs.ts';
import type { Compiled, Diagnostic } from '../compiler/diagnostic.ts';
import { NOTHING_OBSERVED } from '../compiler/observed/observed-state.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Healing, Plan, Scaling } from '../compiler/plan/plan.ts';
import { isScaled, withMost } from '../compiler/scale/spec-counts.ts';
import { needsEngine } from '../compiler/reconcile/agents.ts';
import { reconcile } from '../compiler/reconcile/reconcile.ts';
import { ENGINE_SOCKET } from '../compiler/plan/agent-spec.ts';
import { agentImage } from '../runtime/agent/agent-image.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import type { Engine } from '../runtime/engine.ts';
import { gatherInputs, type GatherOptions } from '../runtime/gather-inputs.ts';
import { hostFacts } from '../runtime/inputs/host-facts.ts';
import type { AuthLookup } from '../runtime/inputs/image-facts.ts';
import type { JournalReader } from '../runtime/journal/fetch-journal.ts';
import { takeIn } from '../runtime/adopt/take-in.ts';
import { observe } from '../runtime/observe.ts';
import type { Connection } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { DiagnosticsFailure } from './failure.ts';
import { heldContainers } from './held.ts';
import type { CommandContext } from './io.ts';
import { demandManual, demandNames, specNames } from './names.ts';
import { registryLookup } from './registry-lookup.ts';
import { loadSpec, type LoadedSpec } from './stack-file.ts';
import { judged, knownTimes, withBalancers } from './judged.ts';
import { hasWork } from './walk-plan.ts';
import { withForeign } from './with-foreign.ts';

/** How long the compiler waits for an engine to be there, in milliseconds: one on this machine answers in one. */
const GREETING_MS = 5;

/** What is asked for besides the file. */
export interface PlanSelection {
  readonly include: readonly string[];
  readonly force: readonly string[];
  readonly only: readonly string[];
  readonly allowRemoveAll: boolean;
  /** No migration runs, and that is told; absent: those that have not. */
  readonly skipMigration?: boolean;
  /** What was started outside of the stack becomes a part of it; absent: it does not. */
  readonly adopt?: boolean;
  /** No hook is run; absent: those of the file. */
  readonly skipHooks?: boolean;
  /** Only what broke by itself is brought back; absent: all is done. */
  readonly heal?: Healing;
  /** Only the numbers of some containers' instances are changed; absent: all is done. */
  readonly scale?: Scaling;
  /** No engine is asked; the plan is one for an empty engine. */
  readonly offline: boolean;
  /** False: what the engine has of images stands. */
  readonly askRegistry: boolean;
  /** What was found when registries were asked; absent: nobody has. */
  readonly asked?: ResolvedInputs['images'];
  /** Where what comes from outside the file is known already; absent: it is gathered. */
  readonly given?: GivenInputs;
}

/** What comes from outside the file, as it was when a revision was made. */
export interface GivenInputs {
  readonly inputs: (engine: Engine, observing: Promise<ObservedState>) => Promise<ResolvedInputs>;
  /** Whether migrations run that have not. */
  readonly migrations: boolean;
  /** Whether it is an apply that is gone on with. */
  readonly goesOn: boolean;
  /** Whether an earlier revision is made again. */
  readonly goesBack: boolean;
  /** Where the engine's host has its socket; absent: as it is reached from here. */
  readonly engineSocket?: string;
}

/** The whole stack, and nothing special. */
export const everything: PlanSelection = {
  include: [],
  force: [],
  only: [],
  allowRemoveAll: false,
  offline: false,
  askRegistry: true,
};

/** A stack file resolved against an engine. */
export interface ResolvedStack {
  readonly loaded: LoadedSpec;
  readonly observed: ObservedState;
  readonly desired: DesiredState;
  /** What came from outside the file. */
  readonly inputs: ResolvedInputs;
  /** Credentials for pulls, by image reference. */
  readonly auth: AuthLookup;
  /** Of every stage so far. */
  readonly warnings: readonly Diagnostic[];
  /** Null offline. */
  readonly connection: Connection | null;
}

/** A stack file's plan. */
export interface PlannedStack extends ResolvedStack {
  readonly plan: Plan;
  /** Of a plan with anything to do on an engine; null for all others. */
  readonly journal: JournalReader | null;
}

/** Reads the file and takes the way from spec to plan. */
export async function planStack(
  context: CommandContext,
  file: string | undefined,
  selection: PlanSelection,
): Promise<PlannedStack> {
  // The engine is greeted while the file is read; a file that is wrong says so first.
  const connecting = selection.offline ? Promise.resolve(null) : context.connect();
  connecting.catch(() => undefined);
  // It is looked at while the file is compiled: all that takes is the stack's name.
  let observing: Promise<ObservedState> | null = null;
  const onName = async (stack: string) => {
    const asking = connecting.then(async (connection) => {
      if (connection === null) return;
      observing = startObserving(connection.engine, stack);
      await turn();
    });
    // One that is slow to answer keeps nobody from hearing what is wrong with the file.
    await Promise.race([asking.catch(() => undefined), context.io.clock.sleep(GREETING_MS)]);
  };
  const loaded = await loadSpec(context, file, { onName });
  const known = isScaled(loaded.spec) ? withMost(loaded.spec) : loaded.spec;
  demandSelection(known, selection);
  const connection = await connecting;
  return planLoaded(context, loaded, connection, selection, observing);
}

/**
 * The same for a file that has been read and an engine that has answered; null is `--offline`. `observing` is what
 * the engine is found to have, where it is being looked at already.
 */
export async function planLoaded(
  context: CommandContext,
  loaded: LoadedSpec,
  connection: Connection | null,
  selection: PlanSelection,
  observing: Promise<ObservedState> | null = null,
): Promise<PlannedStack> {
  const { counted, seeing } = await countLoaded(loaded, connection, observing);
  const resolved = await resolveStack(context, counted, connection, selection, {
    hostAlways: false,
    observing: seeing,
  });
  const plan = await planOrFail(resolved, selection);
  const unjudged = { ...resolved, journal: null, warnings: [...resolved.warnings, ...plan.warnings] };
  if (!hasWork(plan)) return { ...unjudged, ...(await withNoted(plan, resolved, selection)) };
  if (connection === null)
    return { ...unjudged, plan: await hooked(plan, resolved, selection, [null, null]) };
  const { journalReader } = await import('../runtime/journal/fetch-journal.ts');
  const journal = journalReader(connection.engine, resolved.observed.agents);
  const [desired, judgedPlan] = await Promise.all([
    withHost(resolved),
    planJudged(plan, resolved, selection, { engine: connection.engine, journal }),
  ]);
  return {
    ...resolved,
    desired,
    plan: await hooked(judgedPlan, { ...resolved, desired }, selection, [journal, connection.engine]),
    journal,
    warnings: [...resolved.warnings, ...judgedPlan.warnings],
  };
}

/** A plan that touches nothing, with what it writes down for whoever heals and scales, where anybody does. */
async function withNoted(
  plan: Plan,
  resolved: ResolvedStack,
  { only, heal, scale }: PlanSelection,
): Promise<Pick<PlannedStack, 'plan' | 'journal'>> {
  const { connection, desired, observed, loaded } = resolved;
  const isPart = only.length > 0 || heal !== undefined || scale !== undefined;
  const isGoneBy = needsEngine(desired) || isScaled(loaded.spec);
  if (connection === null || isPart || !isGoneBy) return { plan, journal: null };
  const { notedOf } = await import('./revisions/noted.ts');
  const noted = await notedOf(resolved, plan, connection.engine);
  if (noted.length === 0) return { plan, journal: null };
  const { journalReader } = await import('../runtime/journal/fetch-journal.ts');
  return { plan: { ...plan, noted }, journal: journalReader(connection.engine, observed.agents) };
}

/** With as many instances as were set of what is scaled; a stack without pays nothing for it. */
async function countLoaded(
  loaded: LoadedSpec,
  connection: Connection | null,
  observing: Promise<ObservedState> | null,
): Promise<{ readonly counted: LoadedSpec; readonly seeing: Promise<ObservedState> | null }> {
  if (connection === null || loaded.isCounted === true || !isScaled(loaded.spec))
    return { counted: loaded, seeing: observing };
  const { engine } = connection;
  const seeing = observing ?? startObserving(engine, loaded.spec.name);
  const { countedSpec } = await import('./scale/counted-spec.ts');
  return {
    counted: { ...loaded, spec: await countedSpec(engine, loaded.spec, seeing), isCounted: true },
    seeing,
  };
}

/** The plan with its hooks, which a plan with nothing to do has none of. */
async function hooked(
  plan: Plan,
  { desired, observed }: Pick<ResolvedStack, 'desired' | 'observed'>,
  { skipHooks = false }: PlanSelection,
  [journal, engine]: readonly [JournalReader | null, Engine | null],
): Promise<Plan> {
  if (skipHooks || desired.hooks.length === 0) return plan;
  const { isFirstApply, withHooks } = await import('../compiler/reconcile/hooks.ts');
  let records = (await journal?.()) ?? null;
  const [agent] = observed.agents;
  // Without `setup` a plan does without a journal that takes long; with it, it must know.
  if (records === null && engine !== null && agent !== undefined && hasSetup(desired)) {
    const { fetchJournal } = await import('../runtime/journal/fetch-journal.ts');
    records = (await fetchJournal(engine, agent.id)) ?? [];
  }
  return withHooks(plan, desired, { isFirst: isFirstApply(plan.stack, observed, records) });
}

function hasSetup({ hooks }: DesiredState): boolean {
  return hooks.some(({ name }) => name === 'setup');
}

/** What haproxys can be told is part of the plan: it is made anew with what they say. */
async function planJudged(
  plan: Plan,
  resolved: ResolvedStack,
  selection: PlanSelection,
  { engine, journal }: { readonly engine: Engine; readonly journal: JournalReader },
): Promise<Plan> {
  const { desired, observed } = resolved;
  const [seen, times] = await Promise.all([withBalancers(engine, plan, observed), knownTimes(plan, journal)]);
  const planned = seen === observed ? plan : await planOrFail({ ...resolved, observed: seen }, selection);
  return judged(planned, { desired, observed: seen, times });
}

async function planOrFail(resolved: ResolvedStack, selection: PlanSelection): Promise<Plan> {
  const plan = await planResolved(resolved, selection);
  if (plan.ok) return plan.value;
  const diagnostics = [...resolved.warnings, ...plan.diagnostics];
  throw new DiagnosticsFailure(exitCode.failed, diagnostics, resolved.loaded.source);
}

/** Whether the agent's image is on the engine is asked only for a plan that creates an agent. */
async function planResolved(
  { desired, observed, connection }: ResolvedStack,
  {
    include,
    force,
    only,
    allowRemoveAll,
    skipMigration = false,
    adopt = false,
    offline,
    given,
    heal,
    scale,
  }: PlanSelection,
): Promise<Compiled<Plan>> {
  const { migrations = true, goesOn = false, goesBack = false } = given ?? {};
  const asked = {
    include,
    force,
    only,
    allowRemoveAll,
    skipMigration,
    adopt,
    offline,
    migrations,
    goesOn,
    goesBack,
    ...(heal === undefined ? {} : { heal }),
    ...(scale === undefined ? {} : { scale }),
  };
  const planWith = (agentImagePresent: boolean) =>
    reconcile(desired, observed, {
      ...asked,
      // Hashed from the agent's files, and most plans never look.
      get agentImage() {
        return agentImage().tag;
      },
      agentImagePresent,
      engineSocket: given?.engineSocket ?? connection?.socket ?? ENGINE_SOCKET,
    });
  if (connection === null) return planWith(false);
  const plan = planWith(true);
  const createsAgent = plan.ok && plan.value.nodes.some(({ op }) => op.kind === 'agent.create');
  if (!createsAgent || (await connection.engine.inspectImage(agentImage().tag)) !== null) return plan;
  return planWith(false);
}

/**
 * The desired state with the facts of the host, where nothing has asked for them so far. A container that is created
 * gets its default host name and the limits of its log by them; no plan depends on either, so a plan stands.
 */
async function withHost({ loaded, desired, inputs, connection }: ResolvedStack): Promise<DesiredState> {
  if (connection === null || inputs.host !== null) return desired;
  const host = await hostFacts(connection.engine, connection.remoteHost);
  const known = resolve(loaded.spec, { ...inputs, host });
  if (!known.ok) throw new DiagnosticsFailure(exitCode.failed, known.diagnostics, loaded.source);
  return known.value;
}

interface ResolveOptions extends Pick<GatherOptions, 'hostAlways'> {
  /** Null: nobody has looked so far. */
  readonly observing: Promise<ObservedState> | null;
}

/** Whoever awaits it hears of a failure; until then it must not count as unhandled. */
function startObserving(engine: Engine, stack: string): Promise<ObservedState> {
  const observing = observe(engine, stack, []);
  observing.catch(() => undefined);
  return observing;
}

/** Observes the engine, gathers what comes from outside the file, and resolves the file with it. */
export async function resolveStack(
  context: CommandContext,
  loaded: LoadedSpec,
  connection: Connection | null,
  selection: PlanSelection,
  { hostAlways, observing: early }: ResolveOptions,
): Promise<ResolvedStack> {
  const { spec } = loaded;
  const engine = connection?.engine ?? null;
  const observing =
    engine === null ? Promise.resolve(NOTHING_OBSERVED) : (early ?? startObserving(engine, spec.name));
  const lookup = registryLookup(context.io, spec);
  const inputs =
    engine !== null && selection.given !== undefined
      ? await selection.given.inputs(engine, observing)
      : await gatherInputs((known) => requirements(spec, known), engine, observing, {
          held: (seen) => heldContainers(spec, seen, [...selection.include, ...selection.force]),
          secrets: Object.fromEntries(spec.secrets.map(({ name, source }) => [name, source])),
          env: context.io.env,
          folder: loaded.folder,
          remoteHost: connection?.remoteHost ?? null,
          hostAlways,
          auth: lookup,
          askRegistry: selection.askRegistry,
          ...(selection.asked === undefined ? {} : { asked: selection.asked }),
        });
  const seen = await observing;
  const first = resolve(spec, inputs);
  const foreign = engine === null || !first.ok ? seen : await withForeign(engine, seen, first.value);
  const taken =
    engine === null || !first.ok || selection.adopt !== true
      ? { observed: foreign, inputs }
      : await takeIn(engine, first.value, foreign, inputs);
  const { observed } = taken;
  // Their volumes are the stack's as well.
  const desired = taken.inputs === inputs ? first : resolve(spec, taken.inputs);
  // Without an engine nothing is pulled, and credentials need not be known.
  const credentials = engine === null ? null : registryCredentials(spec, inputs);
  const problems = [...diagnosticsOf(desired), ...(credentials === null ? [] : diagnosticsOf(credentials))];
  if (!desired.ok || credentials?.ok === false) {
    throw new DiagnosticsFailure(codeOfInputs(problems), [...loaded.warnings, ...problems], loaded.source);
  }
  return {
    loaded,
    observed,
    desired: desired.value,
    inputs: taken.inputs,
    auth: lookup(taken.inputs),
    warnings: [...loaded.warnings, ...problems],
    connection,
  };
}

function diagnosticsOf(result: Compiled<unknown>): readonly Diagnostic[] {
  return result.ok ? result.warnings : result.diagnostics;
}

/** Codes of what is missing around the file rather than wrong in it: variables, secrets, images, facts of the host, files. */
const OUTSIDE: ReadonlySet<string> = new Set(['STK340', 'STK341', 'STK342', 'STK343', 'STK368', 'STK369']);

function codeOfInputs(diagnostics: readonly Diagnostic[]): number {
  const errors = diagnostics.filter((problem) => problem.severity === 'error');
  return errors.every((problem) => OUTSIDE.has(problem.code)) ? exitCode.failed : exitCode.invalidFile;
}

function demandSelection(spec: StackSpec, { include, force, only }: PlanSelection): void {
  const known = specNames(spec);
  demandNames('--include', include, known);
  demandManual(spec, include);
  demandNames('--force', force, known);
  demandNames('--only', only, known);
}
