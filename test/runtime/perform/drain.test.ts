import { describe, expect, test } from 'vitest';

import type { Told } from '../../../src/compiler/journal/record.ts';
import type { Operation } from '../../../src/compiler/plan/operation.ts';
import type { AgentSession, DrainRequest, DrainResult } from '../../../src/runtime/agent/agent-session.ts';
import { drainSocket } from '../../../src/runtime/perform/drain.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';

const op = {
  kind: 'socket.drain',
  volume: 'shop-socks',
  path: 'run',
  name: '.shop-app0.1',
  bound: '.shop-app0.1',
  target: { kind: 'existing', id: 'c1', generation: 1 },
  limitS: 30,
} as const satisfies Operation;

async function drained(
  result: DrainResult,
  { running = true } = {},
): Promise<{
  readonly note: string;
  readonly asked: readonly DrainRequest[];
  readonly told: readonly Told[];
}> {
  const engine = memoryEngine({ images: { 'app:1': {} } });
  const containerId = await engine.createContainer(plainConfig({ name: 'shop-app0', image: 'app:1' }));
  if (running) await engine.startContainer(containerId);
  const asked: DrainRequest[] = [];
  const session: AgentSession = {
    probe: () => Promise.reject(new Error('not asked')),
    publish: () => Promise.reject(new Error('not asked')),
    keep: () => Promise.reject(new Error('not asked')),
    restore: () => Promise.reject(new Error('not asked')),
    unlink: () => Promise.reject(new Error('not asked')),
    hold: () => Promise.reject(new Error('not asked')),
    journal: () => Promise.reject(new Error('not asked')),
    arrivals: () => Promise.reject(new Error('not asked')),
    drain: async (request) => {
      asked.push(request);
      return result;
    },
    close: () => undefined,
  };
  const told: Told[] = [];
  const onTold = (what: Told) => void told.push(what);
  const note = await drainSocket(op, { engine, ask: (ask) => ask(session), containerId, onTold });
  return { note, asked, told };
}

describe('a drain', () => {
  test('looks where somebody may connect, the host included, and not longer than it may', async () => {
    const { note, asked, told } = await drained({ kind: 'drained', ms: 250, most: 0 });
    expect(told).toEqual([{ kind: 'drain', ms: 250, open: 0 }]);
    expect(note).toBe('no connection for 250 ms');
    expect(asked).toEqual([
      {
        name: '.shop-app0.1',
        path: '/stackc/v/shop-socks/run/.shop-app0.1',
        pids: [1],
        quietMs: 250,
        timeoutMs: 30_250,
      },
    ]);
  });

  test.each([
    [{ kind: 'drained', ms: 2200, most: 4 }, 'no connection for 250 ms after 2.2 s, 4 at first'],
    [
      { kind: 'busy', ms: 30_000, queued: 0, open: 3 },
      'warning: 3 connections are open after 30 s, and end with the stop',
    ],
    [
      { kind: 'knocked', ms: 260, why: 'EACCES' },
      'what was queued has been accepted (connections cannot be counted: EACCES)',
    ],
  ] as const)('%j', async (result, words) => {
    expect((await drained(result)).note).toBe(words);
  });

  test.each([
    [
      { kind: 'busy', ms: 30_000, queued: 1, open: 5 },
      '1 connection is waiting after 30 s, not accepted: to stop now would drop it',
    ],
    [
      { kind: 'silent', ms: 30_000, why: 'EACCES' },
      'it accepted no connection within 30 s, and what waits there cannot be counted (EACCES)',
    ],
  ] as const)('fails on %j', async (result, words) => {
    await expect(drained(result)).rejects.toThrow(words);
  });

  test('of a container that has ended asks nobody', async () => {
    const { note, asked } = await drained({ kind: 'silent', ms: 1, why: '' }, { running: false });
    expect(note).toBe('it does not run: nobody is connected');
    expect(asked).toEqual([]);
  });
});
