import { canonicalJson } from '../desired/canonical-json.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import { shortHash } from '../spec/values/slug.ts';

/** Tells apart what a container is stopped by: its words and its signal, of which no secret is part. */
export function stopPrint(spec: Pick<InstanceSpec, 'entrypoint' | 'command' | 'stopSignal'>): string {
  const { entrypoint, command, stopSignal } = spec;
  return shortHash(canonicalJson({ entrypoint, command, stopSignal }));
}
