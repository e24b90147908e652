import type { ContainerKey, InstanceKey } from '../desired/desired-state.ts';
import { containerKey, instanceKey } from '../desired/keys.ts';
import { firstVersion } from '../first-version.ts';
import type { Revision } from '../journal/revisions.ts';
import { instanceEngineName } from '../names.ts';
import type { ContainerSpec } from '../spec/container-spec.ts';
import { follows } from '../scale/spec-counts.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import { cutOffAmong, healedAt } from './settled.ts';

/** What the agent watches over: the instances of the revision that is to run (ADR 0023). */
export interface HealRoster {
  readonly version: 1;
  readonly stack: string;
  /** The kept revision that says so. */
  readonly revision: number;
  readonly instances: readonly RosterInstance[];
  /** How many instances should run, whether or not they are healed. */
  readonly wanted: readonly WantedContainer[];
}

/** A container that has instances. */
export interface WantedContainer {
  readonly application: string;
  readonly container: string;
  readonly count: number;
}

/** One of them. Those of `heal: false` are none. */
export interface RosterInstance {
  readonly key: InstanceKey;
  readonly container: ContainerKey;
  /** Containers that it is started behind, or has links to: while they are down, it is not mended by being replaced. */
  readonly needs: readonly ContainerKey[];
  /** As the command names it. */
  readonly name: string;
  /** Of its container, while it is the current one. */
  readonly engineName: string;
  /** Whether one that runs and serves nobody may be replaced: `manual` ones are not. */
  readonly replaceable: boolean;
  /** Whether it may go by itself, with what its number follows: then it is nothing to heal; absent: it does not. */
  readonly scaled?: true;
  /** When it was healed since the last apply, in milliseconds since the epoch, oldest first. */
  readonly healedMs: readonly number[];
  /** Whether its last healing was cut off: somebody has to go on with that. */
  readonly cutOff: boolean;
}

/**
 * The instances of a revision that are healed: none where its agent is there only to serve metrics (ADR 0025). `healings`: those
 * since the last apply.
 */
export function rosterOf(
  {
    name: stack,
    applications,
    heals,
    metrics,
  }: Pick<StackSpec, 'name' | 'applications' | 'heals' | 'metrics'>,
  revision: number,
  healings: readonly Pick<Revision, 'atMs' | 'changes' | 'end'>[],
): HealRoster {
  const times = healedAt(healings);
  const cutOff = cutOffAmong(healings);
  const all = applications.flatMap(({ containers }) => containers);
  const isHealed =
    metrics === null || heals || all.some(({ mode, scale }) => mode === 'cron' || follows(scale));
  const wanted = applications.flatMap(({ name: application, containers }) =>
    containers.flatMap(({ name: container, mode, count }) =>
      mode === 'cron' ? [] : [{ application, container, count }],
    ),
  );
  const instances = applications.flatMap(({ name: application, containers }) =>
    containers.flatMap((spec) => {
      const { name: container, mode, count, heal, scale } = spec;
      if (!isHealed || mode === 'cron' || heal === false) return [];
      const needs = needed(spec, containers).map((name) => containerKey(application, name));
      return Array.from({ length: count }, (_, index): RosterInstance => {
        const name = `${container}${index}`;
        const key = instanceKey(application, name);
        return {
          key,
          container: containerKey(application, container),
          needs,
          name,
          engineName: instanceEngineName(stack, application, name),
          replaceable: mode === 'auto',
          healedMs: times.get(key) ?? [],
          cutOff: cutOff.has(key),
          ...(scale === null ? {} : { scaled: true }),
        };
      });
    }),
  );
  return { version: 1, stack, revision, instances, wanted };
}

/** The names of the others of its application that a container refers to, by theirs or by an instance's. */
function needed({ name: own, dependsOn, links }: ContainerSpec, all: readonly ContainerSpec[]): string[] {
  const named = new Set([...dependsOn, ...links].map(({ name }) => name));
  return all.flatMap(({ name, count }) => {
    const instances = Array.from({ length: count }, (_, index) => `${name}${index}`);
    return name !== own && [name, ...instances].some((each) => named.has(each)) ? [name] : [];
  });
}

/** The roster of a text; null for one of another version, or none. */
export function rosterFrom(text: string): HealRoster | null {
  return firstVersion(text, 'instances');
}
