import { NO_OPTIONS } from '../../../src/compiler/desired/runtime-options.ts';
import type {
  ImageDefaults,
  RunningContainer,
  RunningFacts,
  RunningMount,
} from '../../../src/compiler/import/running.ts';

/** An image that says nothing but its program. */
export const IMAGE: ImageDefaults = {
  id: `sha256:${'a'.repeat(64)}`,
  tags: ['shop:1'],
  digests: [],
  env: ['PATH=/bin', 'LANG=C.UTF-8'],
  entrypoint: ['/entrypoint.sh'],
  command: ['serve'],
  user: '',
  workingDir: '/app',
  stopSignal: null,
  labels: { maintainer: 'us' },
  health: null,
  exposedPorts: ['80/tcp'],
};

let made = 0;

/** A container that has everything of its image, and runs. */
export function container(name: string, more: Partial<RunningContainer> = {}): RunningContainer {
  made += 1;
  const id = made.toString(16).padStart(64, '0');
  return {
    id,
    name,
    image: 'shop:1',
    imageId: IMAGE.id,
    state: 'running',
    labels: IMAGE.labels,
    env: IMAGE.env,
    command: IMAGE.command,
    entrypoint: IMAGE.entrypoint,
    user: '',
    workingDir: '/app',
    hostname: id.slice(0, 12),
    stopSignal: null,
    stopTimeoutS: null,
    health: null,
    restart: { name: 'unless-stopped', maxRetries: 0 },
    networkMode: 'default',
    networks: [{ name: 'bridge', aliases: [] }],
    links: [],
    mounts: [],
    volumesFrom: [],
    ports: [],
    log: { driver: 'json-file', options: {} },
    ...NO_OPTIONS,
    foreignOptions: [],
    ...more,
  };
}

/** Variables over those of the image. */
export function env(...pairs: readonly string[]): Pick<RunningContainer, 'env'> {
  return { env: [...pairs, ...IMAGE.env] };
}

/** A volume that has a name, or none. */
export function volume(source: string, target: string, more: Partial<RunningMount> = {}): RunningMount {
  const anonymous = /^[0-9a-f]{64}$/.test(source);
  return {
    type: 'volume',
    source,
    target,
    readOnly: false,
    noCopy: false,
    relabel: null,
    anonymous,
    driver: 'local',
    ...more,
  };
}

/** An engine with these containers. */
export function facts(...containers: readonly RunningContainer[]): RunningFacts {
  return {
    containers,
    images: { 'shop:1': IMAGE, [IMAGE.id]: IMAGE },
    networks: { bridge: 'bridge', host: 'host', none: 'null', lan: 'macvlan', front: 'bridge' },
    host: 'box',
    logDriver: 'json-file',
  };
}
