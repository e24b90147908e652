import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import type { DrainRequest, DrainResult } from '../runtime/agent/agent-session.ts';
import { readTable } from './read-table.ts';
import { codeOf } from './system-error.ts';
import { countSockets } from './unix-table.ts';

/**
 * How often is looked. A connection that comes late (it looked up the path before it moved) lasts longer than that or
 * is answered; what counts is that none is left.
 */
const LOOK_EVERY_MS = 10;

/**
 * Waits until a socket that nothing leads to any more has had no connection, queued or open, for `quietMs` on end. It
 * looks in the network namespaces of `pids`, of all who may connect: there the kernel lists them. Where it cannot look,
 * it knocks instead: a connection that is accepted and closed shows that all before it were accepted too.
 */
export async function drain(request: DrainRequest, proc = '/proc'): Promise<DrainResult> {
  const startedAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - startedAt);
  let most = 0;
  let quietSince: number | null = null;
  let seen = false;
  for (;;) {
    const look = lookAll(proc, request);
    if ('blind' in look) return knock(request, look.blind, elapsedMs);
    seen ||= look.listening || look.queued + look.open > 0;
    if (!seen) return knock(request, 'its listener is in no table that could be read', elapsedMs);
    const left = look.queued + look.open;
    most = Math.max(most, left);
    const now = performance.now();
    if (left > 0) quietSince = null;
    else quietSince ??= now;
    if (quietSince !== null && now - quietSince >= request.quietMs) {
      return { kind: 'drained', ms: elapsedMs(), most };
    }
    if (elapsedMs() >= request.timeoutMs) {
      return { kind: 'busy', ms: elapsedMs(), queued: look.queued, open: look.open };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

type Look =
  | { readonly listening: boolean; readonly queued: number; readonly open: number }
  | { readonly blind: string };

function lookAll(proc: string, { pids, name }: DrainRequest): Look {
  const tables = pids.map((pid) => readTable(`${proc}/${pid}/net/unix`));
  let listening = false;
  let queued = 0;
  // Two processes may share a namespace: each connection counts once.
  const open = new Set<string>();
  for (const table of tables) {
    // Its connections went with it.
    if (table === null) continue;
    if (typeof table !== 'string') return table;
    const count = countSockets(table, name);
    listening ||= count.listening;
    queued += count.queued;
    for (const inode of count.open) open.add(inode);
  }
  return { listening, queued, open: open.size };
}

/** Twice, with the quiet time between: one connection may have been on its way. */
async function knock(
  { path, quietMs, timeoutMs }: DrainRequest,
  why: string,
  elapsedMs: () => number,
): Promise<DrainResult> {
  for (let round = 0; round < 2; round++) {
    if (round > 0) await sleep(quietMs);
    const left = timeoutMs - elapsedMs();
    const answer = left > 0 ? await knockOnce(path, left) : 'silence';
    if (answer === 'nobody') break;
    if (answer === 'silence') return { kind: 'silent', ms: elapsedMs(), why };
  }
  return { kind: 'knocked', ms: elapsedMs(), why };
}

/** `nobody`: nothing listens, so nothing can wait there. */
function knockOnce(path: string, timeoutMs: number): Promise<'accepted' | 'nobody' | 'silence'> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (answer: 'accepted' | 'nobody' | 'silence'): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle('silence'), timeoutMs);
    let isConnected = false;
    socket.once('connect', () => {
      isConnected = true;
      socket.end();
    });
    socket.resume();
    socket.once('end', () => settle('accepted'));
    socket.on('error', (error) => {
      const code = codeOf(error);
      if (isConnected) settle('accepted');
      else settle(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'nobody' : 'silence');
    });
  });
}
