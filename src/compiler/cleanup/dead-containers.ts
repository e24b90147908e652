import { generationSocketName } from '../desired/desired-state.ts';
import { containerKey } from '../desired/keys.ts';
import { instanceEngineName } from '../names.ts';
import type { ContainerState, ObservedContainer, ObservedRun } from '../observed/observed-state.ts';
import { agentVolumePath } from '../plan/agent-spec.ts';
import { fileName, socketPlace } from '../reconcile/sockets.ts';
import { unreachable } from '../unreachable.ts';
import type { CleanupScene } from './cleanup-scene.ts';

/** A container that goes. */
export interface ContainerItem {
  readonly kind: 'container';
  readonly id: string;
  readonly name: string;
  readonly why:
    | 'failed generation'
    | 'half-made generation'
    | 'old generation'
    | 'unstarted migration'
    | 'migration of a gone image'
    | 'abandoned run'
    | 'abandoned errand'
    | 'run of a dropped job'
    | 'apply that is over'
    | 'image of no revision';
  /** Whether its anonymous volumes go with it: of what never ran, and of `stack run`, as after every run. */
  readonly volumes: boolean;
  /** What it has left in a volume that the agent reaches: a socket that nobody serves. */
  readonly socket: { readonly volume: string; readonly directory: string; readonly name: string } | null;
}

/** A dead generation that stays: no other of its instance runs. */
export interface StayingContainer {
  readonly kind: 'container';
  readonly name: string;
  readonly instance: string;
}

/** Containers of the stack that do not run and that nothing needs any more. */
export function deadContainers(scene: CleanupScene): {
  readonly items: readonly ContainerItem[];
  readonly staying: readonly StayingContainer[];
} {
  const { containers, runs } = scene.observed;
  const instances = containers.filter(({ role, phase }) => role === 'instance' && phase !== 'current');
  const dead = instances.filter(({ state }) => isOver(state));
  const current = new Map(
    containers
      .filter(({ role, phase, state }) => role === 'instance' && phase === 'current' && state === 'running')
      .map((container) => [container.key, container]),
  );
  const leaving = dead.filter(({ key, phase }) => current.has(key) && (scene.isOver || phase !== 'old'));
  const abandoned = runs.filter((run) => run.abandoned && isOver(run.state));
  const ended = [
    ...leaving.map((container) => generation(scene, container, current.get(container.key)?.generation)),
    ...abandoned.map((run) => abandonedRun(scene, run)),
    ...spentKeepers(scene),
    ...orphanedRuns(scene),
  ];
  return {
    items: [...ended, ...spentMigrations(scene, new Set(ended.map(({ id }) => id)))],
    staying: dead
      .filter(({ key }) => !current.has(key))
      .map(({ engineName, instance }) => ({ kind: 'container', name: engineName, instance })),
  };
}

function isOver(state: ContainerState): boolean {
  return state === 'created' || state === 'exited' || state === 'dead';
}

function generation(
  { stack, reach }: CleanupScene,
  { id, engineName, application, instance, phase, spec, generation: number }: ObservedContainer,
  current: number | undefined,
): ContainerItem {
  const place = socketPlace(spec, reach);
  const name = generationSocketName(instanceEngineName(stack, application, instance), number);
  return {
    kind: 'container',
    id,
    name: engineName,
    why: whyOf(phase),
    volumes: false,
    // A copy that somebody made has the number of the one that serves.
    socket: place === null || number === current ? null : { ...inAgent(place), name },
  };
}

function whyOf(phase: ObservedContainer['phase']): ContainerItem['why'] {
  switch (phase) {
    case 'failed':
      return 'failed generation';
    case 'next':
      return 'half-made generation';
    case 'old':
    case 'current':
      return 'old generation';
    default:
      return unreachable(phase);
  }
}

function abandonedRun(
  { reach }: CleanupScene,
  { id, engineName, container, spec }: ObservedRun,
): ContainerItem {
  const place = socketPlace(spec, reach);
  const socket = place === null ? null : { ...inAgent(place), name: fileName(place) };
  const why = container === '' ? 'abandoned errand' : 'abandoned run';
  return { kind: 'container', id, name: engineName, why, volumes: true, socket };
}

function inAgent({ volume, volumePath }: { readonly volume: string; readonly volumePath: string }) {
  return { volume, directory: agentVolumePath(volume, volumePath) };
}

/**
 * A migration that has run is the record of it, and stays as long as anybody may come back to its image: then it must not run
 * again. One that was never started is the record of nothing.
 */
function spentMigrations(
  { observed, containers, wanted }: CleanupScene,
  leaving: ReadonlySet<string>,
): readonly ContainerItem[] {
  const migrations = observed.containers.filter(({ role, state }) => role === 'migration' && isOver(state));
  const records = new Set(migrations.map(({ id }) => id));
  const used = containers.filter(({ id }) => !records.has(id) && !leaving.has(id));
  const needed = new Set([...wanted.named, ...wanted.kept, ...used.map(({ imageId }) => imageId)]);
  return migrations.flatMap(
    ({ id, engineName: name, state, imageId, migration }): readonly ContainerItem[] => {
      const item = { kind: 'container', id, name, socket: null } as const;
      if (state === 'created') return [{ ...item, why: 'unstarted migration', volumes: true }];
      const isNeeded = [imageId, migration?.imageId ?? imageId].some((one) => needed.has(one));
      if (isNeeded || wanted.unreadable.length > 0) return [];
      return [{ ...item, why: 'migration of a gone image', volumes: false }];
    },
  );
}

/** Runs of jobs that no template is left of are over for good: no agent comes back to them. */
function orphanedRuns({ observed: { jobRuns, templates } }: CleanupScene): readonly ContainerItem[] {
  const jobs = new Set(templates.map(({ application, container }) => containerKey(application, container)));
  return jobRuns
    .filter((run) => isOver(run.state) && !jobs.has(containerKey(run.application, run.container)))
    .map(({ id, engineName: name }) => ({
      kind: 'container',
      id,
      name,
      why: 'run of a dropped job',
      volumes: true,
      socket: null,
    }));
}

/** What never runs and keeps an image that no kept revision has, and an apply that went on by itself and is over. */
function spentKeepers({ observed, containers, wanted }: CleanupScene): readonly ContainerItem[] {
  const states = new Map(containers.map(({ id, state }) => [id, state]));
  return observed.kept.flatMap(({ role, id, engineName: name, imageId }): readonly ContainerItem[] => {
    const item = { kind: 'container', id, name, volumes: true, socket: null } as const;
    const state = states.get(id);
    if (role === 'apply' && (state === 'exited' || state === 'dead'))
      return [{ ...item, why: 'apply that is over' }];
    if (role !== 'image' || wanted.unreadable.length > 0 || wanted.kept.has(imageId)) return [];
    return state === 'created' ? [{ ...item, why: 'image of no revision' }] : [];
  });
}
