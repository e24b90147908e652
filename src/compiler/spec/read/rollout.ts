import type { RolloutSpec } from '../container-spec.ts';
import type { Fields, Reader } from './reader.ts';

/** What a container gets that says nothing of it. */
export interface RolloutDefaults extends Pick<RolloutSpec, 'onFailure' | 'monitorMs'> {
  /** Null bakes as long as the container is watched; 0 instances are none. */
  readonly canary: { readonly instances: number; readonly bakeMs: number | null };
}

export const NOTHING_WRITTEN: RolloutDefaults = {
  onFailure: 'rollback',
  monitorMs: 10_000,
  canary: { instances: 0, bakeMs: null },
};

/** Reads `on_failure`, `monitor` and `canary` of the stack, of an application or of a container; `outer` is said around it. */
export function readRolloutDefaults(fields: Fields, reader: Reader, outer: RolloutDefaults): RolloutDefaults {
  const onFailure = fields.get('on_failure')?.value;
  const canary = fields.get('canary')?.value;
  return {
    onFailure: reader.choice(onFailure, ['rollback', 'pause', 'continue'], outer.onFailure),
    monitorMs: reader.durationMs(fields.get('monitor')?.value) ?? outer.monitorMs,
    canary: canary === undefined ? outer.canary : readCanary(reader.fields(canary), reader),
  };
}

/** Reads how the instances of a container are replaced one after the other. */
export function readRollout(fields: Fields, reader: Reader, outer: RolloutDefaults): RolloutSpec {
  const { onFailure, monitorMs, canary } = readRolloutDefaults(fields, reader, outer);
  const { instances, bakeMs } = canary;
  return {
    onFailure,
    monitorMs,
    canary: instances === 0 ? null : { instances, bakeMs: bakeMs ?? monitorMs },
  };
}

function readCanary(fields: Fields, reader: Reader): RolloutDefaults['canary'] {
  return {
    instances: reader.integer(fields.get('instances')?.value, 0, 1000) ?? 1,
    bakeMs: reader.durationMs(fields.get('bake')?.value) ?? null,
  };
}
