import { ENGINE_SOCKET } from './agent-spec.ts';
import type { ContainerConfig } from './container-config.ts';

/** The engine's socket, at docker's own place. */
export function engineMount(source: string): ContainerConfig['mounts'][number] {
  return {
    type: 'bind',
    source,
    target: ENGINE_SOCKET,
    readOnly: false,
    noCopy: false,
    relabel: null,
    dataVolume: null,
    mustExist: true,
  };
}
