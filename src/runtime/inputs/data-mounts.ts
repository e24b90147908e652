import type { DataMount, Requirements, ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import { labels } from '../../compiler/labels.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import type { Engine } from '../engine.ts';

type DataVolume = Requirements['dataVolumes'][number];
type Mounts = Readonly<Record<string, DataMount>>;

/**
 * Where each data volume lives already. What the stack's own containers mount decides first, so that an adopted
 * volume stays the one it is; then a data-only container of an earlier tool. Asks the engine only for
 * data volumes that the stack does not know yet.
 */
export async function dataMounts(
  wanted: readonly DataVolume[],
  observed: ObservedState,
  engine: Engine,
): Promise<ResolvedInputs['dataMounts']> {
  const found = await Promise.all(
    wanted.map(async (volume): Promise<readonly (readonly [string, Mounts])[]> => {
      const application = volume.key.slice(0, volume.key.length - volume.name.length - 1);
      const mounts =
        ownMounts(application, volume.name, observed) ??
        (isMade(application, volume.name, observed) ? null : await adoptableMounts(volume.name, engine));
      return mounts === null ? [] : [[volume.key, mounts]];
    }),
  );
  return Object.fromEntries(found.flat());
}

function ownMounts(application: string, name: string, observed: ObservedState): Mounts | null {
  const mounts = new Map<string, DataMount>();
  // Ascending by generation, so that the newest one's word is the last.
  const containers = observed.containers
    .filter((container) => container.application === application)
    .sort((a, b) => phaseRank(a.phase) - phaseRank(b.phase) || a.generation - b.generation);
  for (const container of containers) {
    for (const mount of container.spec?.mounts ?? []) {
      if (mount.dataVolume === name) {
        mounts.set(mount.target, { type: mount.type, source: mount.source });
      }
    }
  }
  return mounts.size === 0 ? null : Object.fromEntries(mounts);
}

function phaseRank(phase: ObservedState['containers'][number]['phase']): number {
  return phase === 'current' ? 1 : 0;
}

function isMade(application: string, name: string, observed: ObservedState): boolean {
  return observed.volumes.some((volume) => volume.application === application && volume.dataVolume === name);
}

/** A container that has this very name, is not of any stack, does not run and mounts something. */
async function adoptableMounts(name: string, engine: Engine): Promise<Mounts | null> {
  const container = await engine.findContainer(name);
  if (container === null || labels.stack in container.labels) return null;
  if (container.state !== 'exited' && container.state !== 'created') return null;
  const mounts = container.mounts.flatMap((mount): readonly (readonly [string, DataMount])[] => {
    if (mount.type === 'volume') return [[mount.target, { type: 'volume', source: mount.name }]];
    if (mount.type === 'bind') return [[mount.target, { type: 'bind', source: mount.source }]];
    return [];
  });
  return mounts.length === 0 ? null : Object.fromEntries(mounts);
}
