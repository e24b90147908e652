import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';

/** A container's configuration with nothing set but what is given. */
export function plainConfig(
  given: Partial<ContainerConfig> & Pick<ContainerConfig, 'name' | 'image'>,
): ContainerConfig {
  return {
    platform: null,
    labels: {},
    env: [],
    entrypoint: null,
    command: null,
    user: null,
    workingDir: null,
    hostname: null,
    network: 'bridge',
    links: [],
    mounts: [],
    ports: [],
    restart: { name: 'no', maxRetries: 0 },
    stopSignal: null,
    stopTimeoutS: null,
    log: null,
    memory: null,
    cpus: null,
    readOnly: false,
    tmpfs: {},
    capAdd: [],
    capDrop: [],
    init: null,
    ulimits: [],
    shmSize: null,
    sysctls: {},
    devices: [],
    securityOpt: [],
    extraHosts: [],
    tty: false,
    openStdin: false,
    ...given,
  };
}
