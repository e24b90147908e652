import type { ContainerKey, DesiredContainer, DesiredMigration } from '../desired/desired-state.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import { instanceEngineName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId } from '../plan/plan.ts';
import { shortId } from '../short-id.ts';
import { migrationDependencies, migrationUsers } from './dependencies.ts';

/** A migration that has to run, and whom it holds back. */
export interface PendingMigration {
  readonly owner: DesiredContainer;
  readonly migration: DesiredMigration;
  readonly users: ReadonlySet<ContainerKey>;
  readonly waitsFor: readonly ContainerKey[];
  /** Earlier records, removed once this one has succeeded. */
  readonly earlier: readonly ObservedContainer[];
}

/**
 * Which migrations must run: those with a new generation to hold back and no record of success for this image and
 * command. An image that is only known after its pull has no record yet.
 */
export function pendingMigrations(
  containers: readonly DesiredContainer[],
  observed: ObservedState,
  starting: ReadonlySet<ContainerKey>,
): readonly PendingMigration[] {
  const byKey = new Map(containers.map((c) => [c.key, c]));
  const pending: Omit<PendingMigration, 'waitsFor'>[] = [];
  for (const owner of containers) {
    const { migration } = owner;
    if (migration === null) continue;
    const users = migrationUsers(owner, containers);
    if (![...users].some((key) => starting.has(key))) continue;
    const records = observed.containers.filter(
      (c) => c.role === 'migration' && c.application === owner.application && c.container === owner.name,
    );
    if (records.some((record) => isRecord(record, owner, migration))) continue;
    pending.push({
      owner,
      migration,
      users,
      earlier: [...records].sort((a, b) => a.generation - b.generation),
    });
  }
  const waits = migrationDependencies(pending, byKey);
  return pending.map((one) => ({ ...one, waitsFor: waits.get(one.owner.key) ?? [] }));
}

function isRecord(record: ObservedContainer, owner: DesiredContainer, migration: DesiredMigration): boolean {
  return (
    record.state === 'exited' &&
    record.exitCode === 0 &&
    owner.image.pull === null &&
    owner.image.id !== null &&
    record.migration?.imageId === owner.image.id &&
    canonicalJson(record.migration.command) === canonicalJson(migration.shown)
  );
}

/** Adds the run to the plan. */
export function addMigration(
  builder: PlanBuilder,
  stack: string,
  pending: PendingMigration,
  after: readonly NodeId[],
  waitsFor: readonly string[],
): { readonly node: NodeId; readonly change: Change } {
  const { owner, migration, earlier } = pending;
  const id = migrationChangeId(owner.key);
  const number = Math.max(0, ...earlier.map((record) => record.generation)) + 1;
  const node = builder.add(
    id,
    'run',
    {
      kind: 'migration.run',
      container: owner.key,
      generation: number,
      name: `${instanceEngineName(stack, owner.application, owner.name)}.${number}.migration`,
      replaces: earlier.map((record) => record.id),
    },
    after,
    'not run for this image and command yet',
  );
  const failed = earlier.at(-1);
  const change: Change = {
    id,
    subject: { kind: 'migration', application: owner.application, container: owner.name },
    action: 'run',
    reasons: [
      {
        kind: 'missing',
        field: 'record',
        from: null,
        to: owner.image.id === null ? null : shortId(owner.image.id),
      },
    ],
    from: null,
    to: null,
    strategy: null,
    gate: null,
    waitsFor,
    notes: [
      migration.shown.join(' '),
      ...(migration.reversible ? [] : ['not marked reversible']),
      ...(failed !== undefined && failed.exitCode !== 0
        ? [`the last run exited with code ${failed.exitCode}`]
        : []),
    ],
  };
  return { node, change };
}

/** The id of a container's migration as a change. */
export function migrationChangeId(key: ContainerKey): string {
  return `migration ${key}`;
}
