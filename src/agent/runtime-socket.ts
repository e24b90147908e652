import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { Refusal } from './refusal.ts';
import { codeOf, systemError } from './system-error.ts';

/** haproxy answers within milliseconds; one that is starved of its processor, later. */
const ANSWER_MS = 10_000;
/**
 * One that has just been started again has not bound its socket yet: that of the one before is still there. One that could
 * not look its servers up ends, and the engine starts it again later each time.
 */
const START_MS = 10_000;
const TRY_EVERY_MS = 100;

/**
 * Asks a haproxy one thing over its runtime socket (`stats socket`): it answers and closes, and a command without words
 * of its own gets an empty answer (its management guide, 9.3). Where nobody listens on the socket, tries
 * for `startMs`, by default 10 s. Rejects with `Refusal`, which begins with `who`.
 */
export async function askHaproxy(
  path: string,
  command: string,
  startMs = START_MS,
  who = `haproxy at \`${path}\``,
): Promise<string> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await askOnce(path, command);
    } catch (error) {
      const isStarting = codeOf(error) === 'ECONNREFUSED' && performance.now() - startedAt < startMs;
      if (!isStarting) throw new Refusal(`${who}: ${systemError(error)}`);
      await sleep(TRY_EVERY_MS);
    }
  }
}

/** What a haproxy tells of its servers, asked once: one that has just been started may not listen yet. Rejects with `Refusal`, for people. */
export function haproxyStats(path: string): Promise<string> {
  // Where its socket lies in here is nobody's business: they know it from its configuration.
  return askHaproxy(path, 'show stat', 0, 'haproxy does not answer at its `stats socket`');
}

function askOnce(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    let answer = '';
    const timer = setTimeout(
      () => socket.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)),
      ANSWER_MS,
    );
    socket.setEncoding('utf8');
    socket.once('connect', () => socket.write(`${command}\n`));
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(answer.trim());
    });
  });
}

/** What haproxy knows of one of its servers. */
export interface ServerState {
  readonly backend: string;
  readonly name: string;
  /** `-` until it is known. */
  readonly address: string;
  readonly port: number;
  /** It would get requests, were it not for `admin`. */
  readonly up: boolean;
  /** Bits of SRV_ADMF: 0 is `ready`. */
  readonly admin: number;
  readonly weight: number;
}

/** Its servers, as `show servers state` tells them (version 1 of the format; its management guide, 9.3). */
export async function serverStates(path: string): Promise<readonly ServerState[]> {
  const answer = await askHaproxy(path, 'show servers state');
  const [version, header = '', ...rows] = answer.split('\n');
  const columns = header.replace(/^# /, '').split(' ');
  if (version !== '1' || !columns.includes('srv_admin_state')) {
    const words = JSON.stringify(answer.slice(0, 200));
    throw new Refusal(`haproxy at \`${path}\` does not tell the state of its servers: ${words}`);
  }
  return rows.map((row) => {
    const values = row.split(' ');
    const value = (column: string): string => values[columns.indexOf(column)] ?? '';
    return {
      backend: value('be_name'),
      name: value('srv_name'),
      address: value('srv_addr'),
      port: Number(value('srv_port')),
      up: value('srv_op_state') === '2' || value('srv_op_state') === '1',
      admin: Number(value('srv_admin_state')),
      weight: Number(value('srv_uweight')),
    };
  });
}
