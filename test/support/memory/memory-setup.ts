import type { EngineImage } from '../../../src/compiler/cleanup/used-images.ts';
import type { ImageDefaults, RunningContainer } from '../../../src/compiler/import/running.ts';
import type { ImageDetails } from '../../../src/runtime/engine.ts';
import type { MemoryContainer } from './memory-container.ts';

/** What an engine tells of how a container was made. */
export function memorySetup(container: MemoryContainer): RunningContainer {
  const { config } = container;
  const details = container.details();
  return {
    id: details.id,
    name: details.name,
    image: config.image,
    imageId: details.imageId,
    state: details.state,
    labels: details.labels,
    env: details.env,
    command: details.command ?? [],
    entrypoint: details.entrypoint ?? [],
    user: config.user ?? '',
    workingDir: config.workingDir ?? '',
    hostname: config.hostname ?? details.id.slice(0, 12),
    stopSignal: details.stopSignal,
    stopTimeoutS: config.stopTimeoutS,
    health: null,
    restart: container.restart,
    networkMode: config.network,
    networks: Object.entries(details.networks).map(([name, aliases]) => ({ name, aliases })),
    links: [],
    mounts: config.mounts
      .map(({ type, source, target, readOnly, noCopy, relabel }) => ({
        type,
        source,
        target,
        readOnly,
        noCopy: type === 'volume' && noCopy,
        relabel,
        anonymous: false,
        driver: type === 'volume' ? 'local' : '',
      }))
      .sort((a, b) => (a.target < b.target ? -1 : 1)),
    volumesFrom: [],
    ports: config.ports,
    log: { driver: config.log?.driver || 'json-file', options: config.log?.options ?? {} },
    memory: config.memory,
    cpus: config.cpus,
    readOnly: config.readOnly,
    tmpfs: config.tmpfs,
    capAdd: config.capAdd,
    capDrop: config.capDrop,
    init: config.init,
    ulimits: config.ulimits,
    shmSize: config.shmSize,
    sysctls: config.sysctls,
    devices: config.devices,
    securityOpt: config.securityOpt,
    extraHosts: config.extraHosts,
    foreignOptions: [...(config.hostProcesses ? ['--pid=host'] : []), ...(config.tty ? ['--tty'] : [])],
  };
}

/** What containers of an image have that say nothing themselves. */
export function memoryDefaults(image: ImageDetails, all: readonly EngineImage[]): ImageDefaults {
  const { entrypoint, command, env, stopSignal, exposedPorts } = image.config;
  return {
    id: image.id,
    tags: all.find(({ id }) => id === image.id)?.tags ?? [],
    digests: image.repoDigests,
    entrypoint,
    command,
    env,
    stopSignal,
    exposedPorts,
    user: '',
    workingDir: '',
    labels: {},
    health: null,
  };
}
