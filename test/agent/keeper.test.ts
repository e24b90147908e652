import { once } from 'node:events';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { execAgentConnector } from '../../src/runtime/agent/agent-connector.ts';
import type { AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, execEngine, type AgentPlace } from '../support/agent-process.ts';

let place: AgentPlace;
let session: AgentSession;
let end: () => void;
let directory: string;
let servers: Server[] = [];

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
afterAll(() => end());
beforeEach(() => {
  directory = mkdtempSync(join(place.volume, 'd'));
});
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
  rmSync(directory, { recursive: true, force: true });
});

async function bindAt(name: string): Promise<void> {
  const server = createServer().listen(join(directory, name));
  await once(server, 'listening');
  servers.push(server);
}

const link = (): string => join(directory, 'app0.sock');

/** Of what comes back: how long it was away, in milliseconds. */
async function awayAfterUnlink(): Promise<number> {
  const startedAt = performance.now();
  unlinkSync(link());
  for (;;) {
    if (readdirSync(directory).includes('app0.sock')) return performance.now() - startedAt;
    if (performance.now() - startedAt > 2000) throw new Error('it stays away');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('a link that is published over a plain socket', () => {
  test('comes back at once when the server takes it along, however often, after the session as well', async () => {
    await bindAt('app0.sock');
    const another = await execAgentConnector(execEngine(place.start)).open('agent');
    await another.publish(directory, 'app0.sock', '.app0.2');
    another.close();
    const away: number[] = [];
    for (let time = 0; time < 20; time += 1) away.push(await awayAfterUnlink());
    expect(readlinkSync(link())).toBe('.app0.2');
    expect(Math.min(...away)).toBeLessThan(25);
    await session.unlink(directory, 'app0.sock');
  });

  test('stays away when it is removed, and is no longer put back when another one is published', async () => {
    await bindAt('app0.sock');
    await session.publish(directory, 'app0.sock', '.app0.2');
    await session.unlink(directory, 'app0.sock');
    await session.publish(directory, 'app0.sock', '.app0.3');
    unlinkSync(link());
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(readdirSync(directory)).toEqual([]);
  });

  test('lets be what somebody else puts there', async () => {
    await bindAt('app0.sock');
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.publish(directory, 'app0.sock', '.app0.2');
    await session.restore(directory, 'app0.sock', '.app0.1');
    unlinkSync(link());
    await bindAt('app0.sock');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(() => readlinkSync(link())).toThrow('EINVAL');
  });
});

test('a link over nothing, or over another link, is not watched', async () => {
  await session.publish(directory, 'app0.sock', '.app0.1');
  await session.publish(directory, 'app0.sock', '.app0.2');
  unlinkSync(link());
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(readdirSync(directory)).toEqual([]);
});
