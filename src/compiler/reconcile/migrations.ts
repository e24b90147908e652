import type { ContainerKey, DesiredContainer, DesiredMigration } from '../desired/desired-state.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import { diagnostic } from '../diagnostic.ts';
import type { Diagnostic } from '../diagnostic.ts';
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
  /** The run of an apply that was cut off, of this image and command and still under way: waited for, not repeated. */
  readonly adopt: ObservedContainer | null;
  /** The words under which the current generation was made, where these words alone call for the run; else null. */
  readonly changedFrom: readonly string[] | 'none' | null;
  /** Earlier records, removed once this one has succeeded. None of them runs. */
  readonly earlier: readonly ObservedContainer[];
}

/** What a plan works on: the containers of which an instance is created, replaced or started, and those it is limited to. */
export interface MigrationScope {
  readonly starting: ReadonlySet<ContainerKey>;
  readonly selected: ReadonlySet<ContainerKey>;
  /** Whether any is to run. */
  readonly migrations: boolean;
}

/**
 * Which migrations must run: those without a record of success for this image and command that have a new generation to
 * hold back, or whose words differ from those under which the current one was made. An image that is only known after
 * its pull has no record yet.
 */
export function pendingMigrations(
  containers: readonly DesiredContainer[],
  observed: ObservedState,
  scope: MigrationScope,
): readonly PendingMigration[] {
  const byKey = new Map(containers.map((c) => [c.key, c]));
  const pending: Omit<PendingMigration, 'waitsFor'>[] = [];
  for (const called of calledFor(containers, observed, scope)) {
    const { owner, migration, users, records, changedFrom } = called;
    if (records.some((record) => isSuccess(record) && isOf(record, owner, migration))) continue;
    pending.push({
      owner,
      migration,
      users,
      changedFrom,
      adopt: records.find((record) => isAdoptable(record, owner, migration)) ?? null,
      earlier: records.filter((record) => !isUnderWay(record)),
    });
  }
  const waits = migrationDependencies(pending, byKey);
  return pending.map((one) => ({ ...one, waitsFor: waits.get(one.owner.key) ?? [] }));
}

/** What is told of the migrations that would run, and are left out since the operator said so. Code: STK422. */
export function skippedMigrations(
  containers: readonly DesiredContainer[],
  observed: ObservedState,
  scope: Omit<MigrationScope, 'migrations'>,
): readonly Diagnostic[] {
  return pendingMigrations(containers, observed, { ...scope, migrations: true }).map(({ owner }) =>
    diagnostic('STK422', `the migration of \`${owner.name}\` is skipped`, owner.span, {
      severity: 'warning',
      help: `the new version starts on the data as it is; run it by hand, or apply without \`--skip-migration\``,
    }),
  );
}

/**
 * Migrations under way that cannot be waited for in the place of the file's own: of another image or command, paused, or
 * a second one. Two at once on the same database are what a plan must never bring about. Code: STK415.
 */
export function strayMigrations(
  containers: readonly DesiredContainer[],
  observed: ObservedState,
  scope: MigrationScope,
): readonly Diagnostic[] {
  return calledFor(containers, observed, scope).flatMap(({ owner, migration, records }) => {
    const adopted = records.find((record) => isAdoptable(record, owner, migration));
    return records
      .filter((record) => isUnderWay(record) && record !== adopted)
      .map(({ engineName, state }) =>
        state === 'paused'
          ? diagnostic('STK415', `the migration \`${engineName}\` is paused`, owner.span, {
              help: `\`docker unpause ${engineName}\` and wait for its end, or \`docker stop ${engineName}\`; then plan again`,
            })
          : diagnostic(
              'STK415',
              `a migration of \`${owner.name}\` still runs: \`${engineName}\``,
              owner.span,
              {
                help: `wait for its end (\`docker wait ${engineName}\`), or \`docker stop ${engineName}\`; then plan again`,
              },
            ),
      );
  });
}

interface CalledFor {
  readonly owner: DesiredContainer;
  readonly migration: DesiredMigration;
  readonly users: ReadonlySet<ContainerKey>;
  readonly changedFrom: PendingMigration['changedFrom'];
  /** Oldest first. */
  readonly records: readonly ObservedContainer[];
}

/** The migrations with a new generation to hold back, or with other words than before, whether or not they have run. */
function calledFor(
  containers: readonly DesiredContainer[],
  observed: ObservedState,
  { starting, selected, migrations }: MigrationScope,
): readonly CalledFor[] {
  if (!migrations) return [];
  return containers.flatMap((owner) => {
    const { migration } = owner;
    if (migration === null || isHeld(owner, observed)) return [];
    const users = migrationUsers(owner, containers);
    const changedFrom = selected.has(owner.key) ? madeUnder(owner, migration, observed) : null;
    if (changedFrom === null && ![...users].some((key) => starting.has(key))) return [];
    const records = observed.containers
      .filter((c) => c.role === 'migration' && isOfContainer(c, owner))
      .sort((a, b) => a.generation - b.generation);
    return [{ owner, migration, users, changedFrom, records }];
  });
}

/**
 * Other words than the file's under which all current generations of this image were made; null when there is none, when
 * one was made under the file's (which had run then), and where no label tells.
 */
function madeUnder(
  owner: DesiredContainer,
  migration: DesiredMigration,
  observed: ObservedState,
): PendingMigration['changedFrom'] {
  const staying = new Set(owner.instances.map(({ key }) => key));
  const made = observed.containers
    .filter((c) => c.role === 'instance' && c.phase === 'current' && staying.has(c.key))
    .filter(({ imageId }) => imageId === owner.image.id)
    .map(({ spec }) => spec?.migration);
  const own = canonicalJson(migration.shown);
  if (made.some((words) => words === undefined || canonicalJson(words) === own)) return null;
  const [first] = made;
  return first === undefined ? null : (first ?? 'none');
}

/**
 * A container that stands and whose image was not looked up is one that stays as it is: what the file says of its
 * migration belongs to a version that is not deployed.
 */
function isHeld(owner: DesiredContainer, observed: ObservedState): boolean {
  const { id, pull, build } = owner.image;
  if (id !== null || pull !== null || build?.builds === true) return false;
  return observed.containers.some((c) => c.role === 'instance' && isOfContainer(c, owner));
}

function isOfContainer(observed: ObservedContainer, owner: DesiredContainer): boolean {
  return observed.application === owner.application && observed.container === owner.name;
}

function isUnderWay({ state }: ObservedContainer): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
}

function isSuccess({ state, exitCode }: ObservedContainer): boolean {
  return state === 'exited' && exitCode === 0;
}

/** A paused one would be waited for in vain. */
function isAdoptable(
  record: ObservedContainer,
  owner: DesiredContainer,
  migration: DesiredMigration,
): boolean {
  return isUnderWay(record) && record.state !== 'paused' && isOf(record, owner, migration);
}

/** Whether it ran, or runs, this image and command. */
function isOf(record: ObservedContainer, owner: DesiredContainer, migration: DesiredMigration): boolean {
  return (
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
  const { owner, migration, adopt, changedFrom, earlier } = pending;
  const id = migrationChangeId(owner.key);
  const number = adopt?.generation ?? Math.max(0, ...earlier.map((record) => record.generation)) + 1;
  const node = builder.add(
    id,
    'run',
    {
      kind: 'migration.run',
      container: owner.key,
      generation: number,
      name: `${instanceEngineName(stack, owner.application, owner.name)}.${number}.migration`,
      reversible: migration.reversible,
      adopt: adopt?.id ?? null,
      // A success stays: whoever goes back to that image must not run it again.
      replaces: earlier.filter((record) => !isSuccess(record)).map((record) => record.id),
    },
    after,
    adopt === null ? 'not run for this image and command yet' : 'started by an earlier apply, not over yet',
  );
  const failed = earlier.at(-1);
  const change: Change = {
    id,
    subject: { kind: 'migration', application: owner.application, container: owner.name },
    action: 'run',
    reasons: [
      changedFrom === null
        ? {
            kind: 'missing',
            field: 'record',
            from: null,
            to: owner.image.id === null ? null : `${owner.image.reference} (${shortId(owner.image.id)})`,
          }
        : {
            kind: 'field',
            field: 'migration',
            from: changedFrom === 'none' ? null : quoted(changedFrom),
            to: quoted(migration.shown),
          },
    ],
    from: null,
    to: null,
    strategy: null,
    gate: null,
    makes: null,
    waitsFor,
    judgement: null,
    notes: [
      migration.shown.join(' '),
      ...(migration.reversible ? [] : ['not marked reversible']),
      ...(adopt === null ? [] : [`it runs already, as \`${adopt.engineName}\`: waits for its end`]),
      ...(failed !== undefined && failed.exitCode !== null && failed.exitCode !== 0
        ? [`the last run exited with code ${failed.exitCode}`]
        : []),
    ],
  };
  return { node, change };
}

function quoted(words: readonly string[]): string {
  return JSON.stringify(words.join(' '));
}

/** The id of a container's migration as a change. */
export function migrationChangeId(key: ContainerKey): string {
  return `migration ${key}`;
}
