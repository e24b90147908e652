import type { InstanceKey } from '../desired/desired-state.ts';
import { instanceKey } from '../desired/keys.ts';
import type { Revision } from '../journal/revisions.ts';
import { instanceEngineName } from '../names.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import { healedAt } from './settled.ts';

/** What the agent watches over: the instances of the revision that is to run (ADR 0023). */
export interface HealRoster {
  readonly version: 1;
  readonly stack: string;
  /** The kept revision that says so. */
  readonly revision: number;
  readonly instances: readonly RosterInstance[];
}

/** One of them. Those of `heal: false` are none. */
export interface RosterInstance {
  readonly key: InstanceKey;
  /** As the command names it. */
  readonly name: string;
  /** Of its container, while it is the current one. */
  readonly engineName: string;
  /** Whether one that runs and serves nobody may be replaced: `manual` ones are not. */
  readonly replaceable: boolean;
  /** When it was healed since the last apply, in milliseconds since the epoch, oldest first. */
  readonly healedMs: readonly number[];
}

/** The instances of a revision that are healed. `healings`: those since the last apply. */
export function rosterOf(
  { name: stack, applications }: Pick<StackSpec, 'name' | 'applications'>,
  revision: number,
  healings: readonly Pick<Revision, 'atMs' | 'changes'>[],
): HealRoster {
  const times = healedAt(healings);
  const instances = applications.flatMap(({ name: application, containers }) =>
    containers.flatMap(({ name: container, mode, count, heal }) => {
      if (mode === 'cron' || heal === false) return [];
      return Array.from({ length: count }, (_, index): RosterInstance => {
        const name = `${container}${index}`;
        const key = instanceKey(application, name);
        const engineName = instanceEngineName(stack, application, name);
        return { key, name, engineName, replaceable: mode === 'auto', healedMs: times.get(key) ?? [] };
      });
    }),
  );
  return { version: 1, stack, revision, instances };
}

/** The roster of a text; null for one of another version, or none. */
export function rosterFrom(text: string): HealRoster | null {
  try {
    // The same version has written it.
    const found: HealRoster = JSON.parse(text);
    return found.version === 1 && Array.isArray(found.instances) ? found : null;
  } catch {
    return null;
  }
}
