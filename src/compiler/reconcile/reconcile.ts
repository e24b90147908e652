import { plannedRuntimeVolumes } from '../balancer/planned.ts';
import { tellersIn, type Teller } from '../balancer/tellers.ts';
import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import { conclude } from '../diagnostic.ts';
import type { Compiled } from '../diagnostic.ts';
import { generationName } from '../names.ts';
import type { ObservedContainer, ObservedRun, ObservedState } from '../observed/observed-state.ts';
import type { AgentSpec } from '../plan/agent-spec.ts';
import { PlanBuilder } from '../plan/plan-builder.ts';
import { PLAN_FORMAT_VERSION } from '../plan/plan.ts';
import type { Change, NodeId, Plan, PlanRequest } from '../plan/plan.ts';
import { forgetAdoptions } from './adoptions.ts';
import { selectedAdoptions } from './record-adoptions.ts';
import {
  desiredAgents,
  hasOtherMetrics,
  hasOtherSocket,
  impairedPlanes,
  lacksVolumes,
  needsEngine,
  planesOf,
  scales,
} from './agents.ts';
import { checkPlan } from './check-plan.ts';
import { decide, named } from './decide.ts';
import type { Decided } from './decide.ts';
import { dropTemplates } from './drop-templates.ts';
import { decideHealing, healedContainers, lettingGo } from './heal.ts';
import { withDependencies } from './dependencies.ts';
import { droppedInstances, removeDropped } from './dropped.ts';
import type { DroppedInstance } from './dropped.ts';
import { pendingMigrations, skippedMigrations, strayMigrations } from './migrations.ts';
import { arrivalsIn, noticesIn } from './notices.ts';
import { STARTING } from './mode-table.ts';
import { prepare } from './prepare.ts';
import { decideScaling, plannedCounts } from './scale.ts';
import { rollContainers } from './roll-containers.ts';
import type { RollScope } from './replace.ts';
import { rollTemplates } from './roll-templates.ts';
import { abandonedRuns, tidyMigrations, tidyRuns, unstartedMigrations } from './runs.ts';
import { socketVolumes, wantedPlaces } from './sockets.ts';
import { decideTemplates, type DecidedTemplate } from './templates.ts';
import { existing } from './turn.ts';

/**
 * Compares what should be with what is, and plans the way: no engine calls, no clock, no prompts. The plan's
 * order is the agent and what it is made on; pulls and volumes; then containers, dependencies first; then what the
 * file no longer names; last the generations that were replaced. Whatever is done is written down by the stack's agent:
 * a plan with anything to do has it.
 *
 * Errors: STK410 (everything would be removed), STK411 (a network of the file does not exist),
 * STK415 (a migration still runs), STK420 (a name is taken).
 */
export function reconcile(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
): Compiled<Plan> {
  const plan = planWith(desired, observed, request, new Set());
  const isKept = !plan.ok || plan.value.agents.some(({ plane }) => plane === 'stack');
  const hasWork = plan.ok && plan.value.nodes.some(({ op }) => op.kind !== 'checkpoint');
  return isKept || !hasWork ? plan : planWith(desired, observed, request, new Set(['stack']));
}

function planWith(
  desired: DesiredState,
  seen: ObservedState,
  request: PlanRequest,
  anyway: ReadonlySet<AgentSpec['plane']>,
): Compiled<Plan> {
  const asked = select(desired, request);
  const observed = { ...seen, adoptions: selectedAdoptions(desired, seen, asked) };
  const { all: healed, left } = decideHealing(decide(desired, observed, request), request);
  const all = decideScaling(healed, request);
  const isHealing = request.heal !== undefined;
  const isUpkeep = isHealing || request.scale !== undefined;
  const selected = isHealing
    ? healedContainers(all)
    : request.scale === undefined
      ? asked
      : new Set(request.scale.containers);
  const decided = all.filter((d) => selected.has(d.container.key));
  const within = request.only.length > 0 || request.scale !== undefined ? selected : null;
  const dropped = isHealing ? [] : droppedInstances(desired, observed, within);
  const builder = new PlanBuilder();

  const templates = decideTemplates(desired, observed, selected, request);
  const starting = new Set(
    [...decided, ...templates].filter((d) => STARTING.has(d.decision)).map((d) => d.container.key),
  );
  const { migrations: wanted = true, skipMigration = false, goesOn = false } = request;
  const migrations = wanted && !skipMigration;
  const diagnostics = [
    ...left,
    ...checkPlan(desired, observed, request, decided, { dropped, templates }),
    ...(skipMigration ? skippedMigrations(desired.containers, observed, { starting, selected }) : []),
  ];
  const runs = abandonedRuns(observed, request);
  const tellers = tellersOf(all, dropped, observed);
  const agents = neededAgents(desired, observed, request, {
    anyway,
    decided,
    dropped,
    runs,
    templates,
    tellers,
  });
  const prepared = prepare(builder, desired, observed, request, { starting, selected, migrations, agents });
  const reach = new Set(agents.flatMap((agent) => agent.volumes));
  const isCounted = agents.some(({ plane }) => plane === 'stack');
  const arrivals = arrivalsIn(observed);
  const sockets = { reach, isCounted, wanted: wantedPlaces(desired), arrivals, tellers };
  const aside = setNamesAside(builder, decided, observed, prepared.ready);

  const hasHostAgent = agents.some(({ plane }) => plane === 'host');
  const contingent = new PlanBuilder();
  const linked = new Set(
    desired.containers.flatMap(({ template }) => template.spec.links.map(({ target }) => target)),
  );
  const scope = { sockets, contingent, goesOn, hasHostAgent, linked, handover: handoverOf(dropped) };
  const work = { decided, starting, selected, migrations, scope };
  const rolled = rollContainers(builder, desired, observed, work, aside);

  const jobs = rollTemplates(builder, templates, rolled.ofJob);

  const ready = builder.join('everything', 'ready', [...[...rolled.ready.values()].flat(), ...jobs.ready]);
  const removal = removeDropped(
    builder,
    dropped,
    ready.length > 0 ? ready : prepared.ready,
    sockets,
    noticesIn(observed),
  );
  const unstarted = unstartedMigrations(
    observed,
    request,
    pendingMigrations(desired.containers, observed, work),
  );
  const tidied = [
    ...tidyRuns(builder, runs, prepared.ready, sockets),
    ...tidyMigrations(builder, unstarted, prepared.ready),
  ];
  const over = builder.join('everything', 'done', [...ready, ...removal.ready, ...rolled.monitored]);
  for (const cleanup of rolled.cleanups) cleanup(over.length > 0 ? over : prepared.ready);
  const last = over.length > 0 ? over : prepared.ready;
  const counts = plannedCounts(desired);
  const unscheduled = isUpkeep ? [] : dropTemplates(builder, desired, observed, within, last);
  const forgotten: Change[] = [];
  if (!isUpkeep) forgetAdoptions(builder, observed, prepared.ready, forgotten);

  return conclude(
    {
      formatVersion: PLAN_FORMAT_VERSION,
      stack: desired.stack,
      nodes: isHealing ? lettingGo(builder.nodes) : builder.nodes,
      changes: [
        ...prepared.changes,
        ...rolled.changes,
        ...jobs.changes,
        ...removal.changes,
        ...unscheduled,
        ...tidied,
        ...forgotten,
      ],
      rolls: rolled.rolls,
      hooks: [],
      warnings: diagnostics.filter((d) => d.severity === 'warning'),
      agents,
      ...(counts.length === 0 ? {} : { counts }),
    },
    [...diagnostics, ...strayMigrations(desired.containers, observed, { ...work, migrations: wanted })],
  );
}

/** Everything, or what `--only` names with what it depends on. */
function select(desired: DesiredState, request: PlanRequest): ReadonlySet<ContainerKey> {
  if (request.only.length === 0) return new Set(desired.containers.map((c) => c.key));
  const names = new Set(request.only);
  const keys = desired.containers.filter(
    (c) => c.instances.some((i) => named(names, c, i)) || names.has(c.name),
  );
  return withDependencies(
    keys.map((c) => c.key),
    new Map(desired.containers.map((c) => [c.key, c])),
  );
}

/** The agents that some operation of this plan will talk to. */
function neededAgents(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
  {
    anyway,
    decided,
    dropped,
    runs,
    templates,
    tellers,
  }: {
    readonly anyway: ReadonlySet<AgentSpec['plane']>;
    readonly decided: readonly Decided[];
    readonly dropped: readonly DroppedInstance[];
    readonly runs: readonly ObservedRun[];
    readonly templates: readonly DecidedTemplate[];
    readonly tellers: ReadonlyMap<string, readonly Teller[]>;
  },
): readonly AgentSpec[] {
  const planes = new Set(anyway);
  const standby = new Set<AgentSpec['plane']>();
  const volumes = [...dropped.flatMap((d) => d.socketVolumes), ...socketVolumes(runs)];
  if (dropped.some(({ engineName }) => tellers.has(engineName))) planes.add('stack');
  for (const { decision, container, instance, standing, link } of decided) {
    if (standing.current !== null && decision !== 'hold' && decision !== 'start-held')
      for (const plane of ['stack' as const, ...planesOf(instance, container.strategy)]) standby.add(plane);
    const touched =
      STARTING.has(decision) ||
      decision === 'reload' ||
      link !== null ||
      standing.rescue === 'restore' ||
      standing.leftovers.length > 0;
    if (!touched && !(standing.failed.length > 0 && decision === 'leave')) continue;
    // A held one is started as it was made, and only its socket needs an agent.
    if (decision !== 'start-held')
      for (const plane of planesOf(instance, container.strategy)) planes.add(plane);
    if (tellers.has(instance.engineName)) planes.add('stack');
    const current = standing.current === null ? [] : [standing.current];
    volumes.push(...socketVolumes([...current, ...standing.leftovers, ...standing.failed]));
  }
  const hasEngine = templates.length > 0 || scales(desired) || needsEngine({ ...desired, containers: [] });
  if (hasEngine) standby.add('engine');
  if (
    templates.some(({ decision }) => decision !== 'leave') ||
    (hasEngine &&
      (hasOtherSocket(desired, observed) ||
        lacksVolumes(desired, observed) ||
        hasOtherMetrics(desired, observed)))
  )
    planes.add('engine');
  // What goes may have its socket where nothing of the file has one; only volumes that are still there can be mounted.
  const present = new Set(observed.volumes.map((v) => v.name));
  const leaving = volumes.filter((volume) => present.has(volume));
  if (leaving.length > 0) planes.add('stack');
  // Whoever is told today, and who will be: an agent that can reach them all is not replaced for the next.
  const told = [...tellers.values()].flat().map(({ socket }) => socket.volume);
  for (const plane of impairedPlanes(desired.stack, standby, observed)) planes.add(plane);
  // Whoever scales by itself must be of the version of the agent that it asks.
  if (request.scale !== undefined && hasEngine && planes.has('stack')) planes.add('engine');
  if (planes.size === 0) return [];
  const planned = plannedRuntimeVolumes(desired);
  return desiredAgents(desired, observed, request, [...leaving, ...told, ...planned]).filter((agent) =>
    planes.has(agent.plane),
  );
}

/** The haproxys that can be told where an instance is, by its engine name. */
function tellersOf(
  decided: readonly Decided[],
  dropped: readonly DroppedInstance[],
  observed: ObservedState,
): ReadonlyMap<string, readonly Teller[]> {
  if (observed.balancers.size === 0) return new Map();
  const find = tellersIn(observed);
  const sought = [
    ...decided.map(({ instance, standing }) => ({
      engineName: instance.engineName,
      instance: instance.name,
      current: standing.current,
    })),
    ...dropped.map(({ engineName, instance, containers: [current = null] }) => ({
      engineName,
      instance,
      current,
    })),
  ];
  return new Map(
    sought.flatMap(({ engineName, instance, current }) => {
      const aliases = [...new Set(Object.values(current?.networks ?? {}).flat())];
      const { tellers } = find({ engineName, instance, aliases });
      return tellers.length === 0 ? [] : [[engineName, tellers] as const];
    }),
  );
}

/** Who must stop for whom: what leaves stops for the first instance of the container that it is in the way of. */
function handoverOf(dropped: readonly DroppedInstance[]): RollScope['handover'] {
  const leaving = new Map<ContainerKey, ObservedContainer[]>();
  for (const { inTheWayOf, containers } of dropped) {
    const running = containers.filter(({ state }) => state === 'running' || state === 'restarting');
    for (const key of inTheWayOf) leaving.set(key, [...(leaving.get(key) ?? []), ...running]);
  }
  return (key, index) => (index === 0 ? (leaving.get(key) ?? []) : []);
}

/** Somebody may have given one container's name to another: those names are freed before anyone takes their own. */
function setNamesAside(
  builder: PlanBuilder,
  decided: readonly Decided[],
  observed: ObservedState,
  after: readonly NodeId[],
): readonly NodeId[] {
  const holders = new Set(observed.containers.map((c) => c.engineName));
  let last = after;
  for (const { instance, standing } of decided) {
    const { current, rescue } = standing;
    if (current === null || rescue !== 'renamed' || !holders.has(instance.engineName)) continue;
    const name = generationName(instance.engineName, current.generation, 'next');
    const op = { kind: 'container.rename', target: existing(current), name } as const;
    last = [
      builder.add(instance.key, 'name aside', op, last, `was renamed to ${current.engineName} by hand`),
    ];
  }
  return last;
}
