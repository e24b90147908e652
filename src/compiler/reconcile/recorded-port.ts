import type { RecordedSpec } from '../desired/instance-spec.ts';

/**
 * The TCP port on which a generation serves, as it was made: the file may name another one by now. Labels of earlier
 * versions have it in their question or among what they publish; undefined where nothing tells.
 */
export function recordedPort(spec: RecordedSpec | null): number | null | undefined {
  if (spec === null) return undefined;
  if (spec.port !== undefined) return spec.port;
  if (spec.gate && spec.gate.over !== 'socket') return spec.gate.over.port;
  const published = new Set(
    spec.ports.filter(({ protocol }) => protocol === 'tcp').map(({ containerPort }) => containerPort),
  );
  return published.size === 1 ? [...published][0] : undefined;
}
