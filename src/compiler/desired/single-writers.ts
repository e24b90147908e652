import type { ContainerSpec } from '../spec/container-spec.ts';
import type { MountSpec } from './instance-spec.ts';
import type { Mounts } from './mounts.ts';

/** Counts who mounts what, to find volumes that one instance has for itself. */
export class SingleWriters {
  readonly #mounters = new Map<string, number>();
  readonly #mounts: Mounts;

  constructor(containers: readonly ContainerSpec[], mounts: Mounts) {
    this.#mounts = mounts;
    for (const container of containers) {
      const shared = !mounts.vary(container);
      for (let index = 0; index < (shared ? Math.min(container.count, 1) : container.count); index++) {
        for (const mount of mounts.of(container, index)) {
          const key = keyOf(mount);
          this.#mounters.set(key, (this.#mounters.get(key) ?? 0) + (shared ? container.count : 1));
        }
      }
    }
  }

  /**
   * A writable volume that only one instance of the stack mounts: two generations would be two writers where there
   * has only ever been one. Several instances that share it write side by side anyway. The volume of the container's own
   * socket does not count. For a database host folders count too, and whoever else mounts its files (a backup) makes
   * two servers on them no better.
   */
  of(container: ContainerSpec, socketVolume: string | null, isDatabase: boolean): MountSpec | null {
    if (container.count === 0) return null;
    const writable = this.#mounts
      .of(container, 0)
      .filter(
        ({ readOnly, type, source }) =>
          !readOnly && source !== socketVolume && (type === 'volume' || isDatabase),
      );
    const alone = writable.find((mount) => this.#mounters.get(keyOf(mount)) === 1);
    return alone ?? (isDatabase ? (writable[0] ?? null) : null);
  }
}

function keyOf({ type, source }: MountSpec): string {
  return `${type}:${source}`;
}
