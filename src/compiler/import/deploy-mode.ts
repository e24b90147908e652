import { programOf } from '../desired/program.ts';
import { databaseOf } from '../desired/strategy.ts';
import { parseImageReference } from '../spec/values/image-reference.ts';
import type { Group } from './groups.ts';
import type { RunningContainer, RunningMount } from './running.ts';

/** The rule of {@link deployMode}, for the head of the file. */
export const DEPLOY_RULE = [
  '`deploy` is a guess: `manual` (held until it is named with `--include`) for databases and for what writes a',
  'volume that no other container of this file mounts; `auto` (kept as the file says) for everything else.',
] as const;

/** `manual` for what would lose something, or write beside itself, when it is replaced. */
export function deployMode({ members }: Group, groups: readonly Group[]): 'auto' | 'manual' {
  const [container] = members;
  if (container === undefined) return 'auto';
  const writable = container.mounts.filter(({ type, readOnly }) => type === 'volume' && !readOnly);
  const others = groups.flatMap((group) => group.members).filter((other) => other !== container);
  const isAlone = (mount: RunningMount) =>
    !others.some(({ mounts }) =>
      mounts.some(({ type, source }) => type === mount.type && source === mount.source),
    );
  return databaseKind(container) !== null || writable.some(isAlone) ? 'manual' : 'auto';
}

/** The database that a container is, where it is one that is known. */
export function databaseKind({ image, entrypoint, command }: RunningContainer): string | null {
  const reference = parseImageReference(image);
  const programs = [entrypoint, command].flatMap((words) => programOf(words) ?? []);
  return databaseOf(reference.ok ? reference.value.name : '', programs);
}
