import type { SetCount } from '../journal/record.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import type { StackSpec } from '../spec/stack-spec.ts';

type Applications = Pick<StackSpec, 'applications'>;

/** What scaled containers were last told to have, by `application/container` (ADR 0024). */
export type SetCounts = ReadonlyMap<string, SetCount>;

/** Whether anything of a stack is scaled: only then anybody has to know what was set. */
export function isScaled({ applications }: Applications): boolean {
  return applications.some(({ containers }) => containers.some(({ scale }) => scale !== null));
}

/** Whether a number follows load or time by itself; else it is changed by hand alone. */
export function follows(
  scale: { readonly sources: readonly unknown[]; readonly schedule: readonly unknown[] } | null,
): boolean {
  return scale !== null && scale.sources.length + scale.schedule.length > 0;
}

/** A spec whose scaled containers have as many instances as was set, within `min` and `max`. */
export function withCounts<T extends Applications>(spec: T, counts: SetCounts): T {
  return withEach(spec, (container, { min, max }) => {
    const set = counts.get(container.key);
    if (set === undefined) return container;
    const count = clamp(set.to, min, max);
    // What was set before is no change of its own.
    const { container: key, by, at, why } = set;
    return { ...container, count, set: { container: key, from: count, to: count, by, at, why } };
  });
}

/** The same with as many as there may ever be: what cannot be then is wrong now. */
export function withMost<T extends Applications>(spec: T): T {
  return withEach(spec, (container, { max, maxRange }) => ({
    ...container,
    count: max,
    countRange: maxRange,
  }));
}

/** What an apply writes down of a spec, so that it is not lost with what came before it. */
export function countsOf({ applications }: Applications): readonly SetCount[] {
  return applications.flatMap(({ containers }) => containers.flatMap(({ set }) => set ?? []));
}

/** A number within two others. */
export function clamp(count: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, count));
}

function withEach<T extends Applications>(
  spec: T,
  change: (container: ContainerSpec, scale: NonNullable<ContainerSpec['scale']>) => ContainerSpec,
): T {
  if (!isScaled(spec)) return spec;
  const applications = spec.applications.map((application) => ({
    ...application,
    containers: application.containers.map((container) =>
      container.scale === null ? container : change(container, container.scale),
    ),
  }));
  return { ...spec, applications };
}
