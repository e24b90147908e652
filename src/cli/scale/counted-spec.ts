import { revisionsOf } from '../../compiler/journal/revisions.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { setCounts } from '../../compiler/scale/set-counts.ts';
import { withCounts, type SetCounts } from '../../compiler/scale/spec-counts.ts';
import type { StackSpec } from '../../compiler/spec/stack-spec.ts';
import type { Engine } from '../../runtime/engine.ts';
import { fetchJournalIfAny } from '../../runtime/journal/fetch-journal.ts';

/** A spec with as many instances of what is scaled as was last set, by hand or by the scaler (ADR 0024). */
export async function countedSpec(
  engine: Pick<Engine, 'fetchFile'>,
  spec: StackSpec,
  observing: Promise<Pick<ObservedState, 'agents' | 'containers'>>,
): Promise<StackSpec> {
  const { agents, containers } = await observing;
  const records = await fetchJournalIfAny(engine, agents);
  return withCounts(spec, records === null ? running(spec, containers) : setCounts(revisionsOf(records)));
}

/** Where nobody can read what was set, as many as there are: no lost journal takes away what carries the load. */
function running({ applications }: StackSpec, containers: ObservedState['containers']): SetCounts {
  const counts = new Map<string, number>();
  for (const { role, phase, application, container, instance } of containers) {
    const index = Number(instance.slice(container.length));
    if (role !== 'instance' || phase !== 'current' || !Number.isInteger(index)) continue;
    const key = `${application}/${container}`;
    counts.set(key, Math.max(counts.get(key) ?? 0, index + 1));
  }
  return new Map(
    applications.flatMap(({ containers: own }) =>
      own.flatMap(({ key, scale }) => {
        const count = counts.get(key);
        if (scale === null || count === undefined) return [];
        const why = 'the journal cannot be read';
        return [[key, { container: key, from: count, to: count, by: '', at: 0, why }] as const];
      }),
    ),
  );
}
