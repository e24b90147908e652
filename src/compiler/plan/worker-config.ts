import { labels } from '../labels.ts';
import { workerName } from '../names.ts';
import type { ContainerConfig } from './container-config.ts';
import { engineMount } from './engine-mount.ts';
import { bareConfig } from './instance-config.ts';

/** Where the program lies in the container of an apply that goes on by itself. */
export const WORKER_FOLDER = '/stackc';

/** An apply that is told to stop finishes what is under way first: a drain, a stop, a gate. */
const STOP_S = 600;

/** How a container is made in which an apply goes on by itself. */
export interface Worker {
  /** The agent's: it has Node. */
  readonly image: string;
  /** The engine's socket, on the engine's host. */
  readonly engineSocket: string;
  /** Whether it sends requests, which only the host's network surely leads to where the operator's leads. */
  readonly asks: boolean;
  readonly command: readonly string[];
}

/** The create call for the container in which an apply goes on by itself. What it applies, it is told on its input. */
export function workerConfig(stack: string, { image, engineSocket, asks, command }: Worker): ContainerConfig {
  return {
    ...bareConfig(workerName(stack), image),
    labels: { [labels.stack]: stack, [labels.role]: 'apply' },
    entrypoint: ['node', '-r', `${WORKER_FOLDER}/older-node.cjs`, `${WORKER_FOLDER}/stack.cjs`],
    command,
    user: '0',
    network: asks ? 'host' : 'none',
    mounts: [engineMount(engineSocket)],
    securityOpt: ['no-new-privileges'],
    // Whoever attaches reads it, whatever the engine's own driver is.
    log: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '1' } },
    openStdin: true,
    stopTimeoutS: STOP_S,
  };
}
