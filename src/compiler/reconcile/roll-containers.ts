import type { ContainerKey, DesiredContainer, DesiredState, Rollout } from '../desired/desired-state.ts';
import { groupBy } from '../group-by.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import { isPending } from '../plan/plan.ts';
import type { Change, NodeId, Roll } from '../plan/plan.ts';
import { runs } from './cover.ts';
import type { Decided } from './decide.ts';
import { addMigration, migrationChangeId, pendingMigrations } from './migrations.ts';
import type { MigrationScope } from './migrations.ts';
import { predecessorsOf } from './predecessors.ts';
import { rollInstance, waitName } from './roll.ts';
import type { Awaited, RollScope } from './replace.ts';
import type { Rolled } from './roll.ts';
import { awaitCounted, replacedInTurn, settledFirst } from './turns.ts';
import type { AwaitedByJob } from './roll-templates.ts';

/** What was decided, and what every instance must know. */
export interface Work extends MigrationScope {
  readonly decided: readonly Decided[];
  readonly scope: RollScope;
}

/** What came of planning all containers. */
export interface RolledContainers {
  readonly ready: ReadonlyMap<ContainerKey, readonly NodeId[]>;
  readonly changes: readonly Change[];
  readonly rolls: readonly Roll[];
  /** New generations are watched no longer. */
  readonly monitored: readonly NodeId[];
  readonly cleanups: readonly Rolled['cleanup'][];
  /** What the template of a job waits for: all else of its application, and the migrations that hold it back. */
  readonly ofJob: (job: DesiredContainer) => AwaitedByJob;
}

interface RolledContainer {
  readonly rolled: readonly Rolled[];
  /** Null where nothing is replaced. */
  readonly roll: Roll | null;
}

/** Plans every container of the file, dependencies and migrations before whoever waits for them. */
export function rollContainers(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  work: Work,
  prepared: readonly NodeId[],
): RolledContainers {
  const { decided, starting, scope } = work;
  const byContainer = groupBy(decided, (d) => d.container.key);
  const migrations = pendingMigrations(desired.containers, observed, work);
  const migrationNodes = new Map<ContainerKey, NodeId>();
  const ready = new Map<ContainerKey, readonly NodeId[]>();
  const pending = new Map<ContainerKey, readonly Change[]>();
  const changes: Change[] = [];
  const rolls: Roll[] = [];
  const monitored: NodeId[] = [];
  const cleanups: Rolled['cleanup'][] = [];
  const readyOf = (keys: readonly ContainerKey[]) => keys.flatMap((key) => ready.get(key) ?? []);
  const waitsOf = (keys: readonly ContainerKey[]) =>
    keys.flatMap((key) => {
      const waiting = pending.get(key) ?? [];
      return waiting.length === 0 ? [] : [waitName(key, waiting)];
    });

  const jobs = new Map<ContainerKey, AwaitedByJob>();
  for (const container of migrationOrder(desired.containers, migrations)) {
    const own = byContainer.get(container.key) ?? [];
    const before: NodeId[] = [...prepared, ...readyOf(container.after)];
    const waitsFor = waitsOf(container.after);
    const isStarting = starting.has(container.key);
    for (const migration of migrations) {
      const isChanged = migration.changedFrom !== null && migration.owner.key === container.key;
      if ((isStarting && migration.users.has(container.key)) || isChanged) {
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
      jobs.set(container.key, { nodes: before, waitsFor });
      continue;
    }
    const begin = builder.join(container.key, 'begin', before);
    const { rolled, roll } = rollOne(builder, container, own, begin, waitsFor, scope);
    if (roll !== null) rolls.push(roll);
    monitored.push(...rolled.flatMap((r) => r.monitored));
    changes.push(...rolled.map((r) => r.change));
    cleanups.push(...rolled.map((r) => r.cleanup));
    const working = rolled.filter((r) => r.ready.length > 0);
    pending.set(container.key, working.map((r) => r.change).filter(isPending));
    // Without work of its own it passes on what it would have waited for.
    const nodes = working.length > 0 ? working.flatMap((r) => r.ready) : readyOf(container.after);
    ready.set(container.key, builder.join(container.key, 'ready', [...new Set(nodes)]));
  }
  const ofJob = (job: DesiredContainer): AwaitedByJob => {
    const own = jobs.get(job.key) ?? { nodes: [], waitsFor: [] };
    const beside = desired.containers.filter(({ application }) => application === job.application);
    // It takes up the new version when that is sure to stay.
    const serving = readyOf(beside.map(({ key }) => key));
    const nodes = [...new Set([...own.nodes, ...serving, ...monitored])];
    return { nodes: builder.join(job.key, 'begin', nodes), waitsFor: own.waitsFor };
  };
  return { ready, changes, rolls, monitored, cleanups, ofJob };
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

/**
 * Replacements one batch after the other: the next begins when the new generations serve, while the old ones are
 * still leaving, as far as `surge` lets them be beside each other. Once the first batch has shown that the new version
 * works, the next ones start while the one before is getting ready; behind a canary only when that is over. New instances join
 * after the first batch, or the canary, too. With `on_failure: continue` the next one waits for the one before, but not for its
 * success.
 */
function rollOne(
  builder: PlanBuilder,
  container: DesiredContainer,
  own: readonly Decided[],
  begin: readonly NodeId[],
  waitsFor: readonly string[],
  scope: RollScope,
): RolledContainer {
  const done = new Map<Decided, Rolled>();
  const replacing = replacedInTurn(container, own);
  const { batch, surge } = container.strategy;
  const { onFailure, monitorMs } = container.rollout;
  const isFirm = onFailure !== 'continue';
  const leaving = Math.max(1, Math.floor(surge / batch));
  const batches: (readonly Rolled[])[] = [];
  const predecessors = predecessorsOf(own, scope);
  const settled = new Map(
    [...new Set([...predecessors.keys(), ...settledFirst(container, own)])].map((d) => {
      const predecessor = predecessors.get(d) ?? null;
      const others = predecessor === null ? [] : own.filter((one) => one !== d && runs(one));
      return [d, rollInstance(builder, d, { begin, serve: [], predecessor }, waitsFor, scope, others)];
    }),
  );
  const settling = [...settled.values()];
  const canary = canaryOf(container, own, predecessors.size);
  const ahead = [...predecessors.keys()].flatMap((d) => settled.get(d) ?? []);
  const start = [
    ...begin,
    ...[...settled].flatMap(([d, { ready }]) =>
      predecessors.has(d) || replacing.length === 0 ? ready : awaitCounted(builder, d, ready, scope, own),
    ),
  ];
  let baked: readonly NodeId[] =
    canary !== null && ahead.length >= canary.instances ? bake(builder, ahead, canary.bakeMs, begin) : [];
  const behind = Math.max(0, (canary?.instances ?? 0) - ahead.length);
  for (const together of batchesOf(replacing, batch, behind)) {
    const before = batches.at(-1) ?? [];
    const gone = (batches.at(-leaving) ?? []).flatMap((rolled) => rolled.ready);
    const serving = before.flatMap((rolled) => rolled.serving);
    const running = before.flatMap((rolled) => rolled.running);
    const awaited = before.length === 0 ? settling : before;
    const waits = [...waitsFor, ...awaited.map((rolled) => rolled.change.id)];
    // One that does not run now does once its turn is over.
    const others = own.filter((d) => !together.includes(d) && (done.has(d) || settled.has(d) || runs(d)));
    const isBehindCanary =
      baked.length > 0 && (before.length === 0 || canary?.instances === ahead.length + done.size);
    const isAhead =
      isFirm &&
      !isBehindCanary &&
      done.size >= behind &&
      batches.length > 1 &&
      leaving > 1 &&
      together.every((d) => beginsAlone(d, scope));
    const turns = [...(isAhead ? running : serving), ...gone, ...(isBehindCanary ? baked : [])];
    const opening = before.length === 0 ? start : [];
    const rolls = together.map((d) => {
      const after: Awaited = {
        begin: isFirm || turns.length === 0 ? [...opening, ...turns] : [followed(builder, d, start, turns)],
        serve: isAhead ? serving : [],
        hasForerunners: isFirm && before.length > 0,
      };
      const rolled = rollInstance(builder, d, after, waits, scope, others);
      done.set(d, rolled);
      return rolled;
    });
    batches.push(rolls);
    if (canary?.instances === ahead.length + done.size)
      baked = bake(builder, [...ahead, ...done.values()], canary.bakeMs, begin);
  }
  const [first] = [...ahead, ...done.values()];
  const forerunners =
    first === undefined || baked.length === 0 ? (first?.serving ?? []) : [...first.serving, ...baked];
  let reloaded: Rolled | null = null;
  for (const d of own) {
    if (done.has(d) || settled.has(d)) continue;
    if (d.decision === 'reload') {
      // One after the other: what is wrong with the first leaves the others as they are.
      const after: readonly NodeId[] = reloaded?.ready ?? begin;
      const waits = reloaded === null ? waitsFor : [...waitsFor, reloaded.change.id];
      reloaded = rollInstance(builder, d, { begin: after, serve: [] }, waits, scope, []);
      done.set(d, reloaded);
      continue;
    }
    const waits = d.decision === 'create' && first !== undefined;
    const awaited = forerunners.length > 0 ? forerunners : begin;
    const after = waits ? (isFirm ? awaited : [followed(builder, d, begin, forerunners)]) : begin;
    const named = waits ? [...waitsFor, first.change.id] : waitsFor;
    done.set(d, rollInstance(builder, d, { begin: after, serve: [] }, named, scope, []));
  }
  const rolled = own.flatMap((d) => done.get(d) ?? settled.get(d) ?? []);
  if (first === undefined) return { rolled, roll: null };
  const changes = rolled.map(({ change }) => change.id);
  return {
    rolled,
    roll: {
      container: container.key,
      onFailure,
      monitorMs,
      canary:
        canary === null
          ? null
          : {
              changes: [...predecessors.keys(), ...replacing]
                .slice(0, canary.instances)
                .map(({ instance }) => instance.key),
              bakeMs: canary.bakeMs,
            },
      changes,
      // In the order of their turns: the last one goes back first.
      back: [...settling, ...done.values()].flatMap(({ back }) => back ?? []),
    },
  };
}

/** What comes first, where others come after it; `ahead` have been replaced already. */
function canaryOf(
  { rollout: { canary } }: DesiredContainer,
  own: readonly Decided[],
  ahead: number,
): Rollout['canary'] {
  const replacing = own.filter(({ decision }) => decision === 'replace').length;
  const left = own.filter(({ decision }) => decision === 'create').length + replacing;
  if (canary === null || left === 0) return null;
  const { instances } = canary;
  return instances > ahead + replacing || instances >= ahead + left ? null : canary;
}

/** A batch does not reach over the end of the canary. */
function batchesOf(
  replacing: readonly Decided[],
  batch: number,
  canary: number,
): readonly (readonly Decided[])[] {
  const batches: (readonly Decided[])[] = [];
  for (let at = 0; at < replacing.length; ) {
    const end = at < canary ? Math.min(canary, at + batch) : at + batch;
    batches.push(replacing.slice(at, end));
    at = end;
  }
  return batches;
}

/** The others begin only when all that came first have run for a while. */
function bake(
  builder: PlanBuilder,
  rolled: readonly Rolled[],
  ms: number,
  begin: readonly NodeId[],
): readonly NodeId[] {
  const ready = rolled.flatMap((one) => one.ready);
  const after = ready.length > 0 ? ready : begin;
  const group = rolled.at(-1)?.change.id ?? '';
  if (ms === 0) return builder.join(group, 'canary', after);
  const targets = rolled.flatMap(({ made }) => made ?? []);
  return [builder.add(group, 'bake', { kind: 'canary.bake', targets, ms }, after, 'before the others')];
}

/** Waits for others of the container, whatever becomes of them. */
function followed(
  builder: PlanBuilder,
  { instance }: Decided,
  after: readonly NodeId[],
  follows: readonly NodeId[],
): NodeId {
  const op = { kind: 'checkpoint', name: `${instance.key} turn` } as const;
  return builder.add(instance.key, 'turn', op, after, 'whatever becomes of those before it', { follows });
}

/**
 * Whether a new generation can run before its turn: it does nothing until it is asked, nobody is led to it yet, and nobody must
 * leave for it.
 */
function beginsAlone({ container, instance }: Decided, { handover }: RollScope): boolean {
  const { spec, index, socket, port } = instance;
  if (container.strategy.order !== 'start-first' || spec.network === 'host') return false;
  const isAsked = socket === null ? port !== null : socket.movable;
  return isAsked && handover(container.key, index).length === 0;
}
