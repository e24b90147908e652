import { normalizePath, parseVolume } from '../spec/values/volume.ts';
import { heldBy } from './choose.ts';
import type { RunningContainer, RunningMount } from './running.ts';
import { hint, loss, type Remark } from './value.ts';

/** What a container mounts, as a file says it. */
export interface DescribedMounts {
  readonly volumes: readonly string[];
  readonly volumesFrom: readonly string[];
  /** Volumes without a name that nobody else of the file mounts. */
  readonly anonymous: readonly RunningMount[];
  /** The paths of all of them. */
  readonly targets: readonly string[];
  readonly remarks: readonly Remark[];
}

/** What others of the file mount, to tell whose a volume is. */
export interface MountScene {
  readonly containers: readonly RunningContainer[];
  /** Containers that become data volumes. */
  readonly dataOnly: readonly RunningContainer[];
}

/** Splits a container's mounts into those of data volumes, its own, and those that nobody has named. */
export function describeMounts(container: RunningContainer, scene: MountScene): DescribedMounts {
  const remarks: Remark[] = [];
  const holders = dataVolumesOf(container, scene, remarks);
  const isFrom = (mount: RunningMount) =>
    holders.some(({ mounts }) => mounts.some((its) => isSame(its, mount)));
  const own = container.mounts.filter((mount) => !isFrom(mount));
  const anonymous = own.filter((mount) => mount.anonymous && !isShared(mount, container, scene));
  const volumes: string[] = [];
  for (const mount of own) {
    if (anonymous.includes(mount)) continue;
    const text = volumeText(mount);
    if (text === null)
      remarks.push(loss('volumes', `the mount at \`${mount.target}\` cannot be said in a stack file`));
    else volumes.push(text);
    if (mount.type === 'volume' && mount.driver !== 'local' && mount.driver !== '')
      remarks.push(
        loss(
          'volumes',
          `the volume \`${mount.source}\` is of the driver \`${mount.driver}\`: stackc mounts it, and cannot make it anew`,
        ),
      );
  }
  const volumesFrom = holders.map(({ name, mounts }) => {
    const its = container.mounts.filter((mount) => mounts.some((other) => isSame(other, mount)));
    return its.length > 0 && its.every(({ readOnly }) => readOnly) ? `${name}:ro` : name;
  });
  const targets = [...own, ...holders.flatMap(({ mounts }) => mounts)].map(({ target }) => target);
  return { volumes: volumes.sort(), volumesFrom: volumesFrom.sort(), anonymous, targets, remarks };
}

/** `source:target` with its options; null where a stack file cannot say it. */
export function volumeText({ type, source, target, readOnly, noCopy, relabel }: RunningMount): string | null {
  const options = [
    ...(readOnly ? ['ro'] : []),
    ...(type === 'bind' && relabel !== null ? [relabel === 'shared' ? 'z' : 'Z'] : []),
    ...(type === 'volume' && noCopy ? ['nocopy'] : []),
  ];
  const text = [source, target, ...(options.length === 0 ? [] : [options.join(',')])].join(':');
  const read = parseVolume(text);
  return read.ok && read.value.type === type ? text : null;
}

/** Whether a data-only container can become a data volume: its name and its paths are such that the file can have them. */
export function isDataVolume({ name, mounts }: RunningContainer): boolean {
  const isPath = ({ target }: RunningMount) =>
    normalizePath(target) === target && target !== '/' && !/[:\0]/.test(target);
  return mounts.length > 0 && !name.startsWith('x-') && mounts.every(isPath);
}

/** Those whose mounts it shares and that can be data volumes; none where two of them want one path. */
function dataVolumesOf(
  container: RunningContainer,
  { containers, dataOnly }: MountScene,
  remarks: Remark[],
): readonly RunningContainer[] {
  const holders = heldBy(container, [...containers, ...dataOnly]).filter(
    (holder) => dataOnly.includes(holder) && isDataVolume(holder),
  );
  const targets = new Map<string, string>();
  for (const { mounts } of holders) {
    for (const { target, source } of mounts) {
      if ((targets.get(target) ?? source) !== source) {
        remarks.push(
          hint(
            'volumes',
            `two data-only containers mount something at \`${target}\`, so their volumes stand here by name`,
          ),
        );
        return [];
      }
      targets.set(target, source);
    }
  }
  return holders;
}

function isShared(
  mount: RunningMount,
  container: RunningContainer,
  { containers, dataOnly }: MountScene,
): boolean {
  return [...containers, ...dataOnly].some(
    (other) =>
      other !== container &&
      other.mounts.some(({ source, type }) => type === mount.type && source === mount.source),
  );
}

function isSame(a: RunningMount, b: RunningMount): boolean {
  return a.type === b.type && a.source === b.source && a.target === b.target;
}
