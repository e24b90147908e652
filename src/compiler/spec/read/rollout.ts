import type { RolloutSpec } from '../container-spec.ts';
import type { Fields, Reader } from './reader.ts';

/** What a container gets that says nothing of it. */
export type RolloutDefaults = Pick<RolloutSpec, 'onFailure' | 'monitorMs'>;

const NOTHING_WRITTEN: RolloutDefaults = { onFailure: 'rollback', monitorMs: 10_000 };

/** Reads `on_failure` and `monitor` of the stack, or of a container, whose stack's are its defaults. */
export function readRolloutDefaults(
  fields: Fields,
  reader: Reader,
  defaults: RolloutDefaults = NOTHING_WRITTEN,
): RolloutDefaults {
  const onFailure = fields.get('on_failure')?.value;
  return {
    onFailure: reader.choice(onFailure, ['rollback', 'pause', 'continue'], defaults.onFailure),
    monitorMs: reader.durationMs(fields.get('monitor')?.value) ?? defaults.monitorMs,
  };
}

/** Reads what a container says of how its instances are replaced one after the other. */
export function readRollout(fields: Fields, reader: Reader, outer: RolloutDefaults): RolloutSpec {
  const own = readRolloutDefaults(fields, reader, outer);
  const written = fields.get('canary')?.value;
  if (written === undefined) return { ...own, canary: null };
  const canary = reader.fields(written);
  return {
    ...own,
    canary: {
      instances: reader.integer(canary.get('instances')?.value, 1, 1000) ?? 1,
      bakeMs: reader.durationMs(canary.get('bake')?.value) ?? own.monitorMs,
    },
  };
}
