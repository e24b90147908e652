import { describe, expect, test } from 'vitest';

import type { Told } from '../../../src/compiler/journal/record.ts';
import type { Operation } from '../../../src/compiler/plan/operation.ts';
import type {
  DrainPortsRequest,
  DrainRequest,
  DrainResult,
} from '../../../src/runtime/agent/agent-session.ts';
import { drainPorts, drainSocket } from '../../../src/runtime/perform/drain.ts';
import { agentSession } from '../../support/agent-session.ts';
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
  { running = true, isHung = false } = {},
): Promise<{
  readonly note: string;
  readonly asked: readonly DrainRequest[];
  readonly told: readonly Told[];
}> {
  const engine = memoryEngine({ images: { 'app:1': {} } });
  const containerId = await engine.createContainer(plainConfig({ name: 'shop-app0', image: 'app:1' }));
  if (running) await engine.startContainer(containerId);
  const asked: DrainRequest[] = [];
  const session = agentSession({
    drain: async (request) => {
      asked.push(request);
      return result;
    },
  });
  const told: Told[] = [];
  const onTold = (what: Told) => void told.push(what);
  const note = await drainSocket(
    { ...op, isHung },
    { engine, ask: (ask) => ask(session), containerId, onTold },
  );
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

  test.each([
    [
      { kind: 'busy', ms: 10_000, queued: 54, open: 1 },
      'warning: 54 connections are waiting after 10 s, not accepted, and end with the stop',
    ],
    [
      { kind: 'silent', ms: 10_000, why: 'EACCES' },
      'warning: it accepted no connection within 10 s, and is stopped',
    ],
  ] as const)('of one that hangs goes on behind %j', async (result, words) => {
    expect((await drained(result, { isHung: true })).note).toBe(words);
  });

  test('of a container that has ended asks nobody', async () => {
    const { note, asked } = await drained({ kind: 'silent', ms: 1, why: '' }, { running: false });
    expect(note).toBe('it does not run: nobody is connected');
    expect(asked).toEqual([]);
  });
});

describe('a drain of ports', () => {
  const ports = { kind: 'ports.drain', target: op.target, ports: [3000], limitS: 5 } as const;

  async function drainedPorts(result: DrainResult, running = true) {
    const engine = memoryEngine({ images: { 'app:1': {} } });
    const containerId = await engine.createContainer(plainConfig({ name: 'shop-app0', image: 'app:1' }));
    if (running) await engine.startContainer(containerId);
    const asked: DrainPortsRequest[] = [];
    const session = agentSession({
      drainPorts: async (request) => {
        asked.push(request);
        return result;
      },
    });
    const told: Told[] = [];
    const onTold = (what: Told) => void told.push(what);
    const note = await drainPorts(ports, { engine, ask: (ask) => ask(session), containerId, onTold });
    return { note, asked, told };
  }

  test('looks where its first process is', async () => {
    const { note, asked, told } = await drainedPorts({ kind: 'drained', ms: 1300, most: 2 });
    expect(told).toEqual([{ kind: 'drain', ms: 1300, open: 0 }]);
    expect(note).toBe('no connection for 250 ms after 1.3 s, 2 at first');
    expect(asked).toEqual([{ pid: 1000, ports: [3000], quietMs: 250, timeoutMs: 5250 }]);
  });

  test('fails with what is not accepted, and goes on with what is open', async () => {
    await expect(drainedPorts({ kind: 'busy', ms: 5250, queued: 1, open: 0 })).rejects.toThrow(
      '1 connection is waiting after 5.3 s, not accepted',
    );
    const { note } = await drainedPorts({ kind: 'busy', ms: 5250, queued: 0, open: 2 });
    expect(note).toBe('warning: 2 connections are open after 5.3 s, and end with the stop');
  });

  test('says so where nothing can be counted', async () => {
    const { note } = await drainedPorts({ kind: 'blind', ms: 1, why: '/proc/9/net/tcp: EACCES' });
    expect(note).toBe(
      'warning: its connections cannot be counted (/proc/9/net/tcp: EACCES), and end with the stop',
    );
  });

  test('has nothing to do for one that does not run', async () => {
    const { note, asked } = await drainedPorts({ kind: 'drained', ms: 0, most: 0 }, false);
    expect([note, asked]).toEqual(['it does not run: nobody is connected', []]);
  });
});
