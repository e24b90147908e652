import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { execAgentConnector } from '../../src/runtime/agent/agent-connector.ts';
import type { AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, execEngine, type AgentPlace } from '../support/agent-process.ts';
import { listen, says, type TestServer } from '../support/servers.ts';

let place: AgentPlace;
let session: AgentSession;
let end: () => void;
let directory: string;
let servers: TestServer[] = [];

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
afterAll(() => end());
beforeEach(() => {
  directory = mkdtempSync(join(place.volume, 'd'));
});
afterEach(async () => {
  await session.unlink(directory, 'app0.sock');
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
  rmSync(directory, { recursive: true, force: true });
});

const AS = { as: '.hold.app0', back: '.app0.1', kept: false, limitMs: 5000 };

async function serveAt(name: string): Promise<TestServer> {
  const server = await listen(join(directory, name), says(name));
  servers.push(server);
  return server;
}

/** Says a word at the published path; gives what came back. */
function said(word: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ path: join(directory, 'app0.sock') });
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', ({ message }) => resolve(message));
    socket.write(word);
  });
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('what comes meanwhile waits, and is handed over in order; the listener goes', async () => {
  await session.hold(directory, 'app0.sock', AS);
  const answers = [];
  for (const word of ['a', 'b', 'c']) {
    answers.push(said(word));
    await pause(20);
  }
  const next = await serveAt('.app0.2');
  const handed = await session.publish(directory, 'app0.sock', '.app0.2', 1000);
  expect(await Promise.all(answers)).toEqual(['.app0.2', '.app0.2', '.app0.2']);
  expect(next.heard).toEqual(['a', 'b', 'c']);
  expect(handed).toEqual({ held: 3, longestMs: expect.any(Number) });
  expect(await said('d')).toBe('.app0.2');
  expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.2');
  await expect.poll(() => readdirSync(directory).sort()).toEqual(['.app0.2', 'app0.sock']);
});

test('a large body is kept back by the client until somebody reads it', async () => {
  await session.hold(directory, 'app0.sock', AS);
  const body = 'x'.repeat(5_000_000);
  const answer = said(body);
  await pause(50);
  let length = 0;
  const server = await listen(join(directory, '.app0.2'), (socket) => {
    length = 65_536;
    socket.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length >= body.length) socket.end('all');
    });
  });
  servers.push(server);
  await session.publish(directory, 'app0.sock', '.app0.2', 1000);
  expect(await answer).toBe('all');
});

test('waits with the link until the one that comes back accepts', async () => {
  await session.hold(directory, 'app0.sock', AS);
  const answer = said('a');
  const publishing = session.publish(directory, 'app0.sock', '.app0.1', 3000);
  await pause(100);
  expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.hold.app0');
  await serveAt('.app0.1');
  await expect(publishing).resolves.toMatchObject({ held: 1 });
  expect(await answer).toBe('.app0.1');
});

test('outlives the session that asked for it, and is handed over by the next', async () => {
  const another = await execAgentConnector(execEngine(place.start)).open('agent');
  await another.hold(directory, 'app0.sock', AS);
  another.close();
  const answer = said('a');
  await pause(50);
  await serveAt('.app0.2');
  await session.publish(directory, 'app0.sock', '.app0.2');
  expect(await answer).toBe('.app0.2');
});

test('nobody ends it: at the limit it goes back to who served before, or is dropped', async () => {
  await serveAt('.app0.1');
  await session.hold(directory, 'app0.sock', { ...AS, limitMs: 150 });
  expect(await said('a')).toBe('.app0.1');
  expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.1');
  await session.hold(directory, 'app0.sock', { ...AS, back: '.none', limitMs: 150 });
  expect(await said('a')).toBe('read ECONNRESET');
});

test('held again before it has closed', async () => {
  await serveAt('.app0.1');
  await session.hold(directory, 'app0.sock', AS);
  await session.publish(directory, 'app0.sock', '.app0.1');
  await session.hold(directory, 'app0.sock', AS);
  const answer = said('a');
  await pause(700);
  await session.publish(directory, 'app0.sock', '.app0.1');
  expect(await answer).toBe('.app0.1');
});

test('nobody ends it, and nothing can be published: what comes is answered, until the link can go back', async () => {
  const { place: locked, session: there, close } = await agentAtWork({ nobody: true });
  const whole = directory;
  directory = locked.volume;
  try {
    await serveAt('.app0.1');
    chmodSync(join(directory, '.app0.1'), 0o777);
    await there.hold(directory, 'app0.sock', { ...AS, limitMs: 150 });
    chmodSync(directory, 0o555);
    expect(await said('a')).toBe('.app0.1');
    expect(await said('b')).toBe('.app0.1');
    expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.hold.app0');
    chmodSync(directory, 0o777);
    await expect.poll(() => readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.1');
    await expect.poll(() => readdirSync(directory).sort()).toEqual(['.app0.1', 'app0.sock']);
    expect(await said('c')).toBe('.app0.1');
  } finally {
    directory = whole;
    close();
  }
});

describe('a server that binds the published name itself', () => {
  const KEPT = { ...AS, kept: true };
  const published = (): string => join(directory, 'app0.sock');
  const isOurs = (): boolean => existsSync(published()) && lstatSync(published()).isSymbolicLink();

  async function held(): Promise<TestServer> {
    const old = await serveAt('app0.sock');
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.hold(directory, 'app0.sock', KEPT);
    return old;
  }

  test('finds its path free, and gets what was held before', async () => {
    const old = await held();
    const answer = said('a');
    await pause(50);
    // It takes the path along as it ends: what comes then is held all the same.
    await old.close();
    await expect.poll(isOurs).toBe(true);
    const later = said('b');
    await pause(50);
    await session.unlink(directory, 'app0.sock');
    const next = await serveAt('app0.sock');
    await expect(session.publish(directory, 'app0.sock', 'app0.sock', 1000)).resolves.toMatchObject({
      held: 2,
    });
    await Promise.all([answer, later]);
    expect(next.heard).toEqual(['a', 'b']);
    expect(lstatSync(published()).isSocket()).toBe(true);
    await expect.poll(() => readdirSync(directory)).toEqual(['app0.sock']);
  });

  test('gets its path back while it serves, with what was held', async () => {
    const old = await held();
    const answer = said('a');
    await pause(50);
    await expect(session.publish(directory, 'app0.sock', 'app0.sock', 1000)).resolves.toMatchObject({
      held: 1,
    });
    await answer;
    expect(old.heard).toEqual(['a']);
    expect(lstatSync(published()).isSocket()).toBe(true);
    expect(readdirSync(directory)).not.toContain('.app0.1');
  });

  test('is put back by whoever comes after an apply that was cut off, and nothing is dropped', async () => {
    const old = await held();
    const answer = said('a');
    await pause(50);
    await session.restore(directory, 'app0.sock', '.app0.1');
    await answer;
    expect(old.heard).toEqual(['a']);
  });

  test('has gone: what is held stays, whoever asks for it to be put back, until somebody binds the name', async () => {
    const old = await held();
    const answer = said('a');
    await pause(50);
    await old.close();
    await session.restore(directory, 'app0.sock', '.app0.1');
    await expect.poll(isOurs).toBe(true);
    await expect(session.publish(directory, 'app0.sock', 'app0.sock', 20)).resolves.toBeNull();
    await session.unlink(directory, 'app0.sock');
    const next = await serveAt('app0.sock');
    await session.publish(directory, 'app0.sock', 'app0.sock', 1000);
    await answer;
    expect(next.heard).toEqual(['a']);
  });

  test('gets it back at the limit; one that has taken its place by then gets what was held', async () => {
    const old = await serveAt('app0.sock');
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.hold(directory, 'app0.sock', { ...KEPT, limitMs: 150 });
    expect(await said('a')).toBe('app0.sock');
    expect(lstatSync(published()).isSocket()).toBe(true);
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.hold(directory, 'app0.sock', { ...KEPT, limitMs: 500 });
    const answer = said('b');
    await pause(50);
    await old.close();
    await session.unlink(directory, 'app0.sock');
    const next = await serveAt('app0.sock');
    await answer;
    expect(next.heard).toEqual(['b']);
  });

  test('nobody binds it: a name that was removed stays removed at the limit', async () => {
    const old = await serveAt('app0.sock');
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.hold(directory, 'app0.sock', { ...KEPT, limitMs: 300 });
    const answer = said('a');
    await pause(50);
    await old.close();
    await session.unlink(directory, 'app0.sock');
    expect(await answer).toMatch(/ECONNRESET|^$/);
    expect(existsSync(published())).toBe(false);
  });
});
