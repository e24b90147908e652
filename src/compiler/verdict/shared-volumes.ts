import type { DesiredInstance } from '../desired/desired-state.ts';
import type { MountSpec } from '../desired/instance-spec.ts';
import type { PlanScene } from './plan-scene.ts';
import type { VerdictFacts } from './facts.ts';

/** The writable volume that no other instance of the file mounts, in words; its socket's does not count. */
export function singleWriterOf(
  { mounters }: Pick<PlanScene, 'mounters'>,
  instance: DesiredInstance,
): string | null {
  const alone = writable(instance).find(
    ({ source }) => mounters.get(source) === 1 && source !== instance.socket?.volume,
  );
  if (alone === undefined) return null;
  return alone.dataVolume === null
    ? `the volume \`${alone.source}\``
    : `the data volume \`${alone.dataVolume}\``;
}

/** Pid files that its words or variables name inside a volume: two generations would have one between them. */
export function sharedPidFiles(instance: DesiredInstance): VerdictFacts['sharedFiles'] {
  const texts = [
    ...(instance.entrypoint ?? []),
    ...(instance.command ?? []),
    ...instance.env.filter(({ masked }) => !masked).map(({ value }) => value),
  ];
  const paths = texts.flatMap((text) => text.match(/\/[^\s:;,'"=]*\.pid(?![\w.])/g) ?? []);
  const volumes = writable(instance);
  return [...new Set(paths)]
    .filter((path) => volumes.some(({ target }) => path.startsWith(`${target}/`)))
    .map((path) => ({ path, kind: 'pid' }));
}

function writable({ spec }: DesiredInstance): readonly MountSpec[] {
  return spec.mounts.filter(({ type, readOnly }) => type === 'volume' && !readOnly);
}
