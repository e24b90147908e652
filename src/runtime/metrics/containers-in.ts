import type { Scene } from './metric.ts';

/** A container that has instances, or should have. */
export interface NamedContainer {
  readonly application: string;
  readonly container: string;
  /** `application/container`. */
  readonly key: string;
}

/** The containers that the stack should have, and those that it still has, in the order of their names. */
export function containersIn({ wanted, view }: Pick<Scene, 'wanted' | 'view'>): readonly NamedContainer[] {
  const all = [...(wanted ?? []), ...(view?.containers.values() ?? [])];
  const named = new Map(
    all.map(({ application, container }) => {
      const key = `${application}/${container}`;
      return [key, { application, container, key }];
    }),
  );
  return [...named.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}
