import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
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

const SWAPS = 200;

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

async function serveAt(name: string, answer = ''): Promise<void> {
  servers.push(await listen(join(directory, name), says(answer)));
}

describe('publish', () => {
  test('makes a relative link and leaves nothing else behind', async () => {
    await session.publish(directory, 'app0.sock', '.app0.1');
    expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.1');
    expect(readdirSync(directory)).toEqual(['app0.sock']);
  });

  test('replaces a link and an earlier tool’s plain socket', async () => {
    await serveAt('app0.sock');
    await session.publish(directory, 'app0.sock', '.app0.1');
    expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.1');
    await session.publish(directory, 'app0.sock', '.app0.2');
    expect(readlinkSync(join(directory, 'app0.sock'))).toBe('.app0.2');
  });

  test('does not replace a directory, a file or itself', async () => {
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'file'), 'kept');
    await expect(session.publish(directory, 'folder', '.app0.1')).rejects.toThrow('is a directory');
    await expect(session.publish(directory, 'file', '.app0.1')).rejects.toThrow('is a file');
    // Whoever binds a name itself needs no link: only what is held would go there.
    await expect(session.publish(directory, '.app0.1', '.app0.1')).resolves.toBeNull();
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('kept');
    expect(readdirSync(directory).toSorted()).toEqual(['file', 'folder']);
  });

  test.each([
    ['../app0.sock', '.app0.1'],
    ['app0.sock', '../.app0.1'],
    ['app0.sock', '/etc/passwd'],
    ['..', '.app0.1'],
    ['a\0b', '.app0.1'],
  ])('takes plain names only: %j → %j', async (link, to) => {
    await expect(session.publish(directory, link, to)).rejects.toThrow('is not a plain file name');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('stays below the volumes, whatever links an application has put there', async () => {
    symlinkSync('/tmp', join(directory, 'out'));
    await expect(session.publish(join(directory, 'out'), 'a', 'b')).rejects.toThrow('leads out of');
    await expect(session.publish('/tmp', 'a', 'b')).rejects.toThrow('does not lie below');
    await expect(session.publish(`${place.root}/../v2`, 'a', 'b')).rejects.toThrow('does not lie below');
  });

  test('says which directory is missing', async () => {
    const missing = join(directory, 'missing');
    await expect(session.publish(missing, 'a', 'b')).rejects.toThrow(new RegExp(`^ENOENT .*${missing}`));
  });

  test(`never leaves a client without a server, over ${SWAPS} swaps`, { timeout: 30_000 }, async () => {
    await Promise.all([serveAt('.app0.1', 'one'), serveAt('.app0.2', 'two')]);
    await session.publish(directory, 'app0.sock', '.app0.1');
    const seen = { swapping: true, answers: new Map<string, number>() };
    const clients = Array.from({ length: 4 }, () => askOnAndOn(join(directory, 'app0.sock'), seen));
    for (let swap = 1; swap <= SWAPS; swap += 1) {
      await session.publish(directory, 'app0.sock', swap % 2 === 0 ? '.app0.1' : '.app0.2');
    }
    seen.swapping = false;
    await Promise.all(clients);
    expect([...seen.answers.keys()].toSorted()).toEqual(['one', 'two']);
    expect([...seen.answers.values()].reduce((sum, each) => sum + each, 0)).toBeGreaterThan(SWAPS);
  });
});

describe('unlink', () => {
  test('removes a socket and a link', async () => {
    await serveAt('.app0.1');
    symlinkSync('.app0.1', join(directory, 'app0.sock'));
    await session.unlink(directory, 'app0.sock');
    expect(lstatSync(join(directory, '.app0.1')).isSocket()).toBe(true);
    await session.unlink(directory, '.app0.1');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('succeeds when there is nothing, not even the directory', async () => {
    await session.unlink(directory, 'app0.sock');
    await session.unlink(join(directory, 'missing'), 'app0.sock');
  });

  test('leaves files and directories alone', async () => {
    mkdirSync(join(directory, 'folder'));
    writeFileSync(join(directory, 'file'), '');
    await expect(session.unlink(directory, 'folder')).rejects.toThrow('is a directory: it stays');
    await expect(session.unlink(directory, 'file')).rejects.toThrow('is a file: it stays');
    expect(existsSync(join(directory, 'file'))).toBe(true);
  });

  test('stays below the volumes', async () => {
    await expect(session.unlink('/tmp', 'x.sock')).rejects.toThrow('does not lie below');
    await expect(session.unlink(directory, '../x.sock')).rejects.toThrow('is not a plain file name');
  });
});

interface Seen {
  swapping: boolean;
  readonly answers: Map<string, number>;
}

/** One client that never tries again: a single refused or missing path fails the test. */
async function askOnAndOn(path: string, seen: Seen): Promise<void> {
  while (seen.swapping) {
    const socket = connect(path);
    socket.write('?');
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    await once(socket, 'close');
    seen.answers.set(said, (seen.answers.get(said) ?? 0) + 1);
  }
}
