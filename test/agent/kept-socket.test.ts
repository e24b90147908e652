import { spawnSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { AgentSession } from '../../src/runtime/agent/agent-session.ts';
import { agentAtWork, type AgentPlace } from '../support/agent-process.ts';
import { listen, says, type TestServer } from '../support/servers.ts';

let place: AgentPlace;
let session: AgentSession;
let end: () => void;
let directory: string;
let count = 0;
const servers: TestServer[] = [];

beforeAll(async () => {
  ({ place, session, close: end } = await agentAtWork());
});
beforeEach(() => {
  count += 1;
  directory = join(place.volume, String(count));
  mkdirSync(directory);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => end());

async function serveAt(name: string, answer: string): Promise<void> {
  servers.push(await listen(join(directory, name), says(answer)));
}

function answerOf(name: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(join(directory, name));
    let text = '';
    socket.write('?');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('end', () => resolve(text));
    socket.on('error', ({ message }) => resolve(message.split(' ')[1] ?? ''));
  });
}

describe('a socket that is published over', () => {
  test('stays within reach under the name it was kept by, and has its own back', async () => {
    await serveAt('app0.sock', 'one');
    await serveAt('.app0.2', 'two');
    await session.keep(directory, 'app0.sock', '.app0.1');
    await session.publish(directory, 'app0.sock', '.app0.2');
    expect([await answerOf('app0.sock'), await answerOf('.app0.1')]).toEqual(['two', 'one']);
    await session.restore(directory, 'app0.sock', '.app0.1');
    expect(await answerOf('app0.sock')).toBe('one');
    expect(lstatSync(join(directory, 'app0.sock')).isSocket()).toBe(true);
    expect(readdirSync(directory).sort()).toEqual(['.app0.2', 'app0.sock']);
  });

  test('is kept and put back twice as well as once, with or without a publish between', async () => {
    await serveAt('app0.sock', 'one');
    for (let time = 0; time < 2; time++) await session.keep(directory, 'app0.sock', '.app0.1');
    for (let time = 0; time < 2; time++) await session.restore(directory, 'app0.sock', '.app0.1');
    expect(readdirSync(directory)).toEqual(['app0.sock']);
    expect(await answerOf('app0.sock')).toBe('one');
  });

  test('takes the place of a leftover of its second name', async () => {
    await serveAt('.app0.1', 'leftover');
    await serveAt('app0.sock', 'one');
    await session.keep(directory, 'app0.sock', '.app0.1');
    expect(await answerOf('.app0.1')).toBe('one');
  });
});

describe('where nothing was kept', () => {
  test('a link goes, since who is behind it goes', async () => {
    symlinkSync('.app0.2', join(directory, 'app0.sock'));
    await session.keep(directory, 'app0.sock', '.app0.1');
    expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.2');
    await session.restore(directory, 'app0.sock', '.app0.1');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a plain socket, a file and nothing stay as they are', async () => {
    await serveAt('app0.sock', 'one');
    writeFileSync(join(directory, 'file'), 'x');
    for (const name of ['app0.sock', 'file', 'none']) await session.restore(directory, name, '.app0.1');
    expect(readdirSync(directory).sort()).toEqual(['app0.sock', 'file']);
    expect(await answerOf('app0.sock')).toBe('one');
  });
});

test('what was kept of a server that has ended is not put back', async () => {
  await serveAt('app0.sock', 'one');
  const script = `require('net').createServer().listen(${JSON.stringify(join(directory, 'dead'))}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  renameSync(join(directory, 'dead'), join(directory, '.app0.1'));
  await session.restore(directory, 'app0.sock', '.app0.1');
  expect(await answerOf('app0.sock')).toBe('one');
  expect(readdirSync(directory)).toEqual(['app0.sock']);
});

describe('refuses', () => {
  test('to put a socket back over a file', async () => {
    await serveAt('.app0.1', 'one');
    writeFileSync(join(directory, 'app0.sock'), 'x');
    await expect(session.restore(directory, 'app0.sock', '.app0.1')).rejects.toThrow(
      'nothing is put back over it',
    );
  });

  test('names that lead elsewhere', async () => {
    await expect(session.keep(directory, '../a', 'b')).rejects.toThrow('not a plain file name');
    await expect(session.restore(directory, 'a', '../b')).rejects.toThrow('not a plain file name');
    await expect(session.keep('/tmp', 'a', 'b')).rejects.toThrow('does not lie below');
    await expect(session.keep(directory, 'a', 'a')).rejects.toThrow('as itself');
    await expect(session.restore(directory, 'a', 'a')).rejects.toThrow('as itself');
  });

  test('nothing where there is no such folder to put something back in', async () => {
    await session.restore(join(directory, 'none'), 'a', 'b');
    await expect(session.keep(join(directory, 'none'), 'a', 'b')).rejects.toThrow('ENOENT');
  });
});
