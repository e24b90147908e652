import { COMPOSE, isComposeRun } from '../compose-labels.ts';
import { labels } from '../labels.ts';
import { nearest } from '../nearest.ts';
import { unreachable } from '../unreachable.ts';
import type { RunningContainer } from './running.ts';

/** Which containers become part of the file. */
export interface Chosen {
  /** Sorted by name. */
  readonly services: readonly RunningContainer[];
  /** Those that only hold volumes for others; sorted by name. */
  readonly dataOnly: readonly RunningContainer[];
  readonly leftOut: readonly LeftOut[];
  /** Asked for, and not there, each with names that resemble it. */
  readonly unknown: readonly { readonly name: string; readonly near: readonly string[] }[];
}

/** A container that is not in the file, and why. */
export interface LeftOut {
  readonly name: string;
  readonly why: string;
}

/**
 * Takes the containers of these names, or of a Compose project of that name; without names, all that run. One that has
 * ended is taken only by its name, or as what others take `--volumes-from`.
 */
export function choose(containers: readonly RunningContainer[], names: readonly string[]): Chosen {
  const sorted = [...containers].sort((a, b) => (a.name < b.name ? -1 : 1));
  const wanted = new Set(names);
  const isAsked = ({ name, labels: its }: RunningContainer) =>
    wanted.has(name) || wanted.has(its[COMPOSE.project] ?? '');
  const asked = names.length === 0 ? sorted : sorted.filter(isAsked);
  const dataOnly = new Map<string, RunningContainer>();
  const services: RunningContainer[] = [];
  const leftOut: LeftOut[] = [];
  for (const container of asked) {
    const why = whyNot(container, wanted.has(container.name));
    if (why === null) services.push(container);
    else if (wanted.has(container.name) || !isOurs(container)) leftOut.push({ name: container.name, why });
  }
  for (const container of services) {
    for (const holder of heldBy(container, sorted)) {
      if (!isOver(holder) || labels.stack in holder.labels) continue;
      dataOnly.set(holder.name, holder);
    }
  }
  return {
    services: services.filter(({ name }) => !dataOnly.has(name)),
    dataOnly: [...dataOnly.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    leftOut: leftOut.filter(({ name }) => !dataOnly.has(name)),
    unknown: names
      .filter((name) => !sorted.some((c) => c.name === name || c.labels[COMPOSE.project] === name))
      .map((name) => ({
        name,
        near: nearest(
          name,
          sorted.flatMap((container) => [container.name, container.labels[COMPOSE.project] ?? '']),
        ),
      })),
  };
}

/** An agent, or what is kept of applies: nobody looks for that in a file. */
function isOurs({ labels: its }: RunningContainer): boolean {
  const role = its[labels.role];
  return role !== undefined && role !== 'instance';
}

function whyNot({ labels: its, state }: RunningContainer, isNamed: boolean): string | null {
  const stack = its[labels.stack];
  if (stack !== undefined) return `it is of the stack \`${stack}\` already`;
  if (Object.keys(its).some((label) => label.startsWith('com.docker.swarm.')))
    return 'it is a task of a Swarm service, which Swarm itself replaces';
  if (isComposeRun(its)) return 'it is a run of `docker compose run`';
  switch (state) {
    case 'created':
      return 'it was never started';
    case 'dead':
    case 'removing':
      return 'the engine is removing it';
    case 'exited':
      return isNamed ? null : 'it does not run; name it to have it all the same';
    case 'running':
    case 'paused':
    case 'restarting':
      return null;
    default:
      return unreachable(state);
  }
}

/** Whether nothing of it runs. */
function isOver({ state }: RunningContainer): boolean {
  return state === 'exited' || state === 'created';
}

/** The containers whose mounts one shares, and those whose mounts these share. */
export function heldBy(
  container: RunningContainer,
  all: readonly RunningContainer[],
): readonly RunningContainer[] {
  const found = new Set<RunningContainer>();
  const walk = ({ volumesFrom }: RunningContainer) => {
    for (const { container: wanted } of volumesFrom) {
      const holder = findContainer(wanted, all);
      if (holder === null || found.has(holder)) continue;
      found.add(holder);
      walk(holder);
    }
  };
  walk(container);
  return [...found].filter((holder) => holder !== container);
}

/** By name, or by the beginning of its id. */
export function findContainer(nameOrId: string, all: readonly RunningContainer[]): RunningContainer | null {
  const name = nameOrId.replace(/^\//, '');
  const byName = all.find((container) => container.name === name);
  if (byName !== undefined) return byName;
  return (/^[0-9a-f]{12,}$/.test(name) ? all.find(({ id }) => id.startsWith(name)) : undefined) ?? null;
}
