import type { DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import { mountedVolumes, socketPlace } from '../reconcile/sockets.ts';
import type { Whereabouts } from './instance-balancers.ts';

/** Where it is to be found now; a new one, where it will be. */
export function whereabouts(
  engineName: string,
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
): Whereabouts {
  const spec = old === null ? (instance?.spec ?? null) : old.spec;
  return {
    engineName,
    place: socketPlace(spec, mountedVolumes(spec)),
    hostPorts: (spec?.ports ?? []).flatMap(({ hostPort }) => hostPort ?? []),
    aliases: old === null ? [] : [...new Set(Object.values(old.networks).flat())],
  };
}
