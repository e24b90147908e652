import { instanceKey } from '../../compiler/desired/keys.ts';
import type { HealRoster, RosterInstance } from '../../compiler/heal/roster.ts';
import { labels } from '../../compiler/labels.ts';
import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import type { ContainerDetails, ContainerSummary, Engine } from '../engine.ts';
import { phaseOf } from '../observe.ts';
import { adoptedIn } from '../parse-spec.ts';

/** The container of an instance: a row of the list, or one that was adopted, which no list of the stack has. */
export type CurrentRow =
  | { readonly kind: 'own'; readonly row: ContainerSummary }
  | { readonly kind: 'adopted'; readonly details: ContainerDetails };

/**
 * The current container of each instance, as the planner knows them: by its labels, under whatever name somebody gave it, and by
 * the records of adoptions (ADR 0018). Those of which there is none are left out.
 */
export async function currentRows(
  engine: Pick<Engine, 'inspectContainer'>,
  rows: readonly ContainerSummary[],
  { instances }: HealRoster,
): Promise<ReadonlyMap<InstanceKey, CurrentRow>> {
  const found = new Map<InstanceKey, CurrentRow>();
  for (const instance of instances) {
    const row = ownRow(rows, instance);
    if (row !== undefined) found.set(instance.key, { kind: 'own', row });
  }
  const adopted = rows.flatMap(({ labels: own }) => adoptedIn(own));
  await Promise.all(
    adopted.map(async ({ id, application, instance, spec }) => {
      const key = instanceKey(application, instance);
      if (found.has(key)) return;
      const details = await engine.inspectContainer(id);
      // Its own name is its name as the current one; once it is parked, it is called otherwise.
      if (details === null || (details.name !== spec.adopted && phaseOf(details.name) !== 'current')) return;
      found.set(key, { kind: 'adopted', details });
    }),
  );
  return found;
}

function ownRow(rows: readonly ContainerSummary[], { key, engineName }: RosterInstance) {
  const own = rows.filter(
    ({ labels: of }) =>
      of[labels.role] === 'instance' &&
      instanceKey(of[labels.application] ?? '', of[labels.instance] ?? '') === key,
  );
  return own.find(({ name }) => name === engineName) ?? own.find(({ name }) => phaseOf(name) === 'current');
}
