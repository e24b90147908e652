import { nearest } from '../../nearest.ts';
import type { Reference, WrittenContainer } from '../container-spec.ts';
import type { Problems } from '../problems.ts';
import type { WrittenApplication } from '../read/application.ts';

/** What a reference names: a container, or one instance of it. */
export interface Named {
  readonly container: WrittenContainer;
  /** Null: the container as a whole. */
  readonly index: number | null;
}

/** Instances that are always there: of what is scaled, the least. */
function lasting({ count, scale }: WrittenContainer): number {
  return scale === null ? count : Math.min(count, scale.min);
}

/** Finds containers and instances of one application by name. */
export class Names {
  readonly containers: ReadonlyMap<string, WrittenContainer>;
  readonly #application: WrittenApplication;
  readonly #problems: Problems;

  constructor(application: WrittenApplication, problems: Problems) {
    this.containers = new Map(application.containers.map((container) => [container.name, container]));
    this.#application = application;
    this.#problems = problems;
  }

  /** The container or instance of that name; undefined when there is none, and nothing is reported. */
  lookup(name: string): Named | undefined {
    const container = this.containers.get(name);
    if (container !== undefined) return { container, index: null };
    // A container's name may end in digits itself (`app1` has `app10`), so every split is tried.
    const digits = /\d+$/.exec(name)?.[0] ?? '';
    for (let length = 1; length <= Math.min(digits.length, 4); length++) {
      const index = name.slice(-length);
      const owner = this.containers.get(name.slice(0, -length));
      if (owner !== undefined && Number(index) < lasting(owner) && String(Number(index)) === index) {
        return { container: owner, index: Number(index) };
      }
    }
    return undefined;
  }

  /** The same, and a problem with suggestions when there is none. `what` is the key (`links`). */
  find({ name, place }: Reference, what: string, more: Iterable<string> = []): Named | null {
    const found = this.lookup(name);
    if (found !== undefined) return found;
    // What could not be read has its own problem already.
    if (this.#application.unread.has(name)) return null;
    const near = nearest(name, [...this.#written(), ...more]);
    this.#problems.error('STK305', `\`${what}\` names \`${name}\`, which is not there`, place.range, {
      help:
        near.length > 0
          ? `did you mean ${near.map((n) => `\`${n}\``).join(' or ')}?`
          : `the application \`${this.#application.name}\` has ${this.#known()}`,
    });
    return null;
  }

  /** Every container of the file: one that cannot be read has the name that was meant all the same. */
  #written(): readonly string[] {
    return [...this.containers.keys(), ...this.#application.unread];
  }

  #known(): string {
    const names = [...this.#written()].sort();
    const shown = names.slice(0, 8).map((name) => `\`${name}\``);
    return names.length > shown.length
      ? `${shown.join(', ')} and ${names.length - shown.length} more`
      : shown.join(', ');
  }
}
