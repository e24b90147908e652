import type { ContainerKey, DesiredContainer, DesiredState } from '../desired/desired-state.ts';
import { conclude } from '../diagnostic.ts';
import type { Compiled } from '../diagnostic.ts';
import { generationName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { groupBy } from '../group-by.ts';
import type { AgentSpec } from '../plan/agent-spec.ts';
import { PlanBuilder } from '../plan/plan-builder.ts';
import { PLAN_FORMAT_VERSION, isPending } from '../plan/plan.ts';
import type { Change, NodeId, Plan, PlanRequest } from '../plan/plan.ts';
import { desiredAgents, planesOf } from './agents.ts';
import { checkPlan } from './check-plan.ts';
import { decide, named } from './decide.ts';
import type { Decided } from './decide.ts';
import { withDependencies } from './dependencies.ts';
import { droppedInstances, removeDropped } from './dropped.ts';
import type { DroppedInstance } from './dropped.ts';
import { addMigration, migrationChangeId, pendingMigrations, strayMigrations } from './migrations.ts';
import { plainChange, prepare } from './prepare.ts';
import { STARTING } from './mode-table.ts';
import { rollInstance, waitName } from './roll.ts';
import type { Rolled, RollScope } from './roll.ts';
import { socketVolumes, wantedPlaces } from './sockets.ts';
import { existing } from './steps.ts';

/**
 * Compares what should be with what is, and plans the way: no engine calls, no clock, no prompts. The plan's
 * order is pulls, networks, volumes and agents; then containers, dependencies first; then what the file no
 * longer names; last the generations that were replaced.
 *
 * Errors: STK410 (everything would be removed), STK411 (a network of the file does not exist),
 * STK415 (a migration still runs).
 */
export function reconcile(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
): Compiled<Plan> {
  const all = decide(desired, observed, request);
  const selected = select(desired, request);
  const decided = all.filter((d) => selected.has(d.container.key));
  const dropped = droppedInstances(desired, observed, request.only.length > 0 ? selected : null);
  const diagnostics = checkPlan(desired, observed, request, decided, dropped);
  const builder = new PlanBuilder();

  const starting = new Set(decided.filter((d) => STARTING.has(d.decision)).map((d) => d.container.key));
  const agents = neededAgents(desired, observed, request, decided, dropped);
  const prepared = prepare(builder, desired, observed, request, { starting, selected, agents });
  const sockets = { reach: new Set(agents.flatMap((agent) => agent.volumes)), wanted: wantedPlaces(desired) };
  const aside = setNamesAside(builder, decided, observed, prepared.ready);

  const work = { decided, starting, scope: { sockets, handover: handoverOf(dropped) } };
  const rolled = rollContainers(builder, desired, observed, work, aside);

  const ready = builder.join('everything', 'ready', [...rolled.ready.values()].flat());
  const removal = removeDropped(builder, dropped, ready.length > 0 ? ready : prepared.ready, sockets);
  const over = builder.join('everything', 'done', [...ready, ...removal.ready]);
  for (const cleanup of rolled.cleanups) cleanup(over);

  return conclude(
    {
      formatVersion: PLAN_FORMAT_VERSION,
      stack: desired.stack,
      nodes: builder.nodes,
      changes: [...prepared.changes, ...rolled.changes, ...removal.changes],
      warnings: diagnostics.filter((d) => d.severity === 'warning'),
      agents,
    },
    [...diagnostics, ...strayMigrations(desired.containers, observed, starting)],
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
  decided: readonly Decided[],
  dropped: readonly DroppedInstance[],
): readonly AgentSpec[] {
  const planes = new Set<AgentSpec['plane']>();
  const volumes = dropped.flatMap((d) => d.socketVolumes);
  for (const { decision, instance, standing } of decided) {
    const touched = STARTING.has(decision) || standing.rescue === 'restore' || standing.leftovers.length > 0;
    if (!touched && !(standing.failed.length > 0 && decision === 'leave')) continue;
    // A held one is started as it was made, and only its socket needs an agent.
    if (decision !== 'start-held') for (const plane of planesOf(instance)) planes.add(plane);
    const current = standing.current === null ? [] : [standing.current];
    volumes.push(...socketVolumes([...current, ...standing.leftovers, ...standing.failed]));
  }
  // What goes may have its socket where nothing of the file has one; only volumes that are still there can be mounted.
  const present = new Set(observed.volumes.map((v) => v.name));
  const leaving = volumes.filter((volume) => present.has(volume));
  if (leaving.length > 0) planes.add('stack');
  if (planes.size === 0) return [];
  return desiredAgents(desired, request.agentImage, leaving).filter((agent) => planes.has(agent.plane));
}

interface Work {
  readonly decided: readonly Decided[];
  readonly starting: ReadonlySet<ContainerKey>;
  readonly scope: RollScope;
}

interface RolledContainers {
  readonly ready: ReadonlyMap<ContainerKey, readonly NodeId[]>;
  readonly changes: readonly Change[];
  readonly cleanups: readonly Rolled['cleanup'][];
}

function rollContainers(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  { decided, starting, scope }: Work,
  prepared: readonly NodeId[],
): RolledContainers {
  const byContainer = groupBy(decided, (d) => d.container.key);
  const migrations = pendingMigrations(desired.containers, observed, starting);
  const migrationNodes = new Map<ContainerKey, NodeId>();
  const ready = new Map<ContainerKey, readonly NodeId[]>();
  const pending = new Map<ContainerKey, readonly Change[]>();
  const changes: Change[] = [];
  const cleanups: Rolled['cleanup'][] = [];
  const readyOf = (keys: readonly ContainerKey[]) => keys.flatMap((key) => ready.get(key) ?? []);
  const waitsOf = (keys: readonly ContainerKey[]) =>
    keys.flatMap((key) => {
      const waiting = pending.get(key) ?? [];
      return waiting.length === 0 ? [] : [waitName(key, waiting)];
    });

  for (const container of migrationOrder(desired.containers, migrations)) {
    const own = byContainer.get(container.key) ?? [];
    const before: NodeId[] = [...prepared, ...readyOf(container.after)];
    const waitsFor = waitsOf(container.after);
    if (starting.has(container.key)) {
      for (const migration of migrations) {
        if (!migration.users.has(container.key)) continue;
        const known = migrationNodes.get(migration.owner.key);
        if (known === undefined) {
          const after = [...prepared, ...readyOf(migration.waitsFor)];
          const added = addMigration(builder, desired.stack, migration, after, waitsOf(migration.waitsFor));
          migrationNodes.set(migration.owner.key, added.node);
          changes.push(added.change);
          before.push(added.node);
        } else before.push(known);
        waitsFor.push(migrationChangeId(migration.owner.key));
      }
    }
    if (container.mode === 'cron') {
      changes.push(scheduleChange(container));
      continue;
    }
    const begin = builder.join(container.key, 'begin', before);
    const rolled = rollOne(builder, container, own, begin, waitsFor, scope);
    changes.push(...rolled.map((r) => r.change));
    cleanups.push(...rolled.map((r) => r.cleanup));
    const working = rolled.filter((r) => r.ready.length > 0);
    pending.set(container.key, working.map((r) => r.change).filter(isPending));
    // Without work of its own it passes on what it would have waited for.
    const nodes = working.length > 0 ? working.flatMap((r) => r.ready) : readyOf(container.after);
    ready.set(container.key, builder.join(container.key, 'ready', [...new Set(nodes)]));
  }
  return { ready, changes, cleanups };
}

/**
 * The desired order, but that a migration's own dependencies come before the first container that it holds back.
 * They wait for none of its users, so pulling them forward keeps every dependency before its dependents.
 */
function migrationOrder(
  containers: readonly DesiredContainer[],
  migrations: ReturnType<typeof pendingMigrations>,
): readonly DesiredContainer[] {
  const byKey = new Map(containers.map((c) => [c.key, c]));
  const ordered = new Set<DesiredContainer>();
  const visit = (container: DesiredContainer) => {
    if (ordered.has(container)) return;
    for (const { users, waitsFor } of migrations) {
      if (users.has(container.key)) visitAll(waitsFor);
    }
    visitAll(container.after);
    ordered.add(container);
  };
  const visitAll = (keys: readonly ContainerKey[]) => {
    for (const key of keys) {
      const container = byKey.get(key);
      if (container !== undefined) visit(container);
    }
  };
  for (const container of containers) visit(container);
  return [...ordered];
}

/** Replacements one batch after the other; new instances join once the first replacement has shown that it works. */
function rollOne(
  builder: PlanBuilder,
  container: DesiredContainer,
  own: readonly Decided[],
  begin: readonly NodeId[],
  waitsFor: readonly string[],
  scope: RollScope,
): readonly Rolled[] {
  const done = new Map<Decided, Rolled>();
  const replacing = own.filter((d) => d.decision === 'replace');
  let before: readonly Rolled[] = [];
  for (let at = 0; at < replacing.length; at += container.strategy.batch) {
    const after = before.length === 0 ? begin : before.flatMap((rolled) => rolled.ready);
    const waits = [...waitsFor, ...before.map((rolled) => rolled.change.id)];
    const batch = replacing.slice(at, at + container.strategy.batch);
    before = batch.map((d) => {
      const rolled = rollInstance(builder, d, after, waits, scope);
      done.set(d, rolled);
      return rolled;
    });
  }
  const first = replacing[0];
  const canary = first === undefined ? undefined : done.get(first);
  for (const d of own) {
    if (d.decision === 'replace') continue;
    const waits = d.decision === 'create' && canary !== undefined;
    const after = waits ? canary.ready : begin;
    done.set(d, rollInstance(builder, d, after, waits ? [...waitsFor, canary.change.id] : waitsFor, scope));
  }
  return own.flatMap((d) => done.get(d) ?? []);
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

function scheduleChange(container: DesiredContainer): Change {
  const subject = {
    kind: 'schedule',
    application: container.application,
    container: container.name,
  } as const;
  const zone = container.timezone === null ? '' : ` ${container.timezone}`;
  const lines = container.schedule.map((line) => `${line}${zone}`);
  return plainChange(
    container.key,
    subject,
    'schedule',
    [],
    [...lines, `run it with \`stack run ${container.name}\``],
  );
}
