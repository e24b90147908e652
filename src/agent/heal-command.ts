import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { HealWorld } from '../runtime/heal/watch-over.ts';

/** For whom healings are run. */
interface Healer {
  readonly stack: string;
  /** The engine's, as this container has it. */
  readonly socket: string;
  readonly stop: AbortSignal;
}

/**
 * Runs `stack heal` of the program that lies beside this one, each time as a process of its own: who watches stays small
 * (ADR 0023). What it has to say goes to the log of this one. One that could not be run counts as one that failed.
 */
export function healCommand({ stack, socket, stop }: Healer): HealWorld['run'] {
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  return async (words) => {
    const program = ['-r', beside('./older-node.cjs'), beside('./stack.cjs')];
    const child = spawn(process.execPath, [...program, '--name', stack, 'heal', ...words], {
      env: { ...process.env, DOCKER_HOST: `unix://${socket}`, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
      signal: stop,
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    try {
      await once(child, 'close');
    } catch {
      return { code: 1, stdout: '' };
    }
    return { code: child.exitCode ?? 1, stdout };
  };
}
