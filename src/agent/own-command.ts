import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { RunOwnCommand } from '../runtime/own-command.ts';
import { systemError } from './system-error.ts';

/** For whom commands are run. */
interface Caller {
  readonly stack: string;
  /** The engine's, as this container has it. */
  readonly socket: string;
  readonly stop: AbortSignal;
  readonly fail: (why: string) => void;
}

/** At the end it may finish what is under way for so long, and then it leaves that: a gate takes minutes. */
const FINISH_MS = 2_000;

/**
 * Runs `stack heal` or `stack scale` of the program that lies beside this one, each time as a process of its own: who watches
 * stays small (ADR 0023, ADR 0024). What it has to say goes to the log of this one. One that could not be run counts as one that
 * failed. At the end of this one it is asked to end as well, so that the journal tells how far it came.
 */
export function ownCommand(command: 'heal' | 'scale', { stack, socket, stop, fail }: Caller): RunOwnCommand {
  const beside = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  // Nobody is there to be asked.
  const global = command === 'scale' ? ['--yes'] : [];
  return async (words) => {
    const program = ['-r', beside('./older-node.cjs'), beside('./stack.cjs')];
    const child = spawn(process.execPath, [...program, '--name', stack, ...global, command, ...words], {
      env: { ...process.env, DOCKER_HOST: `unix://${socket}`, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const end = (): void => {
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGTERM'), FINISH_MS).unref();
    };
    stop.addEventListener('abort', end, { once: true });
    try {
      await once(child, 'close');
    } catch (error) {
      fail(`\`stack ${command}\` cannot be run: ${systemError(error)}`);
      return { code: 1, stdout: '' };
    } finally {
      stop.removeEventListener('abort', end);
    }
    return { code: child.exitCode ?? 1, stdout };
  };
}
