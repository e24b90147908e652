import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { lookAtListeners } from '../../src/agent/listeners.ts';
import { countConnections, listenersIn } from '../../src/agent/tcp-table.ts';
import { listen } from '../support/servers.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000002 00:00000000 00000000     0        0 111 2 0000 100 0 0 10 0
   1: 0100007F:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 0000 100 0 0 10 0
   2: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 113 1 0000 100 0 0 10 0
   3: 0100007F:0050 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0000 20 4 30 10 -1
   4: 0100007F:0050 0100007F:D432 01 00000000:00000000 00:00000000 00000000     0        0 114 1 0000 20 4 30 10 -1
`;

test('the sockets that listen on a port, each by its inode', () => {
  expect(listenersIn(TABLE, [80])).toEqual([
    { port: 80, inode: 111 },
    { port: 80, inode: 112 },
  ]);
  expect(listenersIn(TABLE, [80, 8080]).map(({ port }) => port)).toEqual([80, 80, 8080]);
  expect(listenersIn('', [80])).toEqual([]);
  expect(countConnections(TABLE, [80])).toEqual({ queued: 1, open: 1 });
});

describe('a look', () => {
  const root = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  afterAll(() => rmSync(root, { recursive: true }));

  function proc(name: string, files: Readonly<Record<string, string>>): string {
    const folder = join(root, name);
    for (const [path, text] of Object.entries({ 'self/net/tcp': TABLE, ...files })) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  test.each([
    ['migrates', { 'sys/net/ipv4/tcp_migrate_req': '1\n' }, true],
    ['does not', { 'sys/net/ipv4/tcp_migrate_req': '0\n' }, false],
    ['knows no such setting', {}, false],
  ])('at a kernel that %s', (name, files, migrates) => {
    expect(lookAtListeners([8080], proc(name, files))).toEqual({
      listening: [{ port: 8080, inode: 113 }],
      migrates,
    });
  });

  test('at both families', () => {
    const folder = proc('six', { 'self/net/tcp6': TABLE.replaceAll(' 113 ', ' 213 ') });
    const { listening } = lookAtListeners([8080], folder);
    expect(listening.map(({ inode }) => inode)).toEqual([113, 213]);
  });

  test('that is refused is told', () => {
    const folder = proc('refused', {});
    mkdirSync(join(folder, 'self/net/tcp6'));
    expect(() => lookAtListeners([80], folder)).toThrow(
      /^what listens there cannot be seen \(.*tcp6: EISDIR/,
    );
  });

  test('at this machine', async () => {
    const server = await listen(0, () => undefined);
    const during = lookAtListeners([server.port]);
    await server.close();
    const after = lookAtListeners([server.port]);
    expect(during.listening).toEqual([{ port: server.port, inode: expect.any(Number) }]);
    expect(after.listening).toEqual([]);
  });
});
