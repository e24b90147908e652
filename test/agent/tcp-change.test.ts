import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

import { isUnchanged, tcpCounts } from '../../src/agent/tcp-change.ts';
import { listen, says } from '../support/servers.ts';

const net = mkdtempSync(join(tmpdir(), 'stackc-net-'));
afterEach(() => rmSync(net, { recursive: true, force: true }));

function counters(files: Readonly<Record<string, string>>): void {
  mkdirSync(net, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(net, name), text);
}

const SNMP = `Ip: Forwarding DefaultTTL
Ip: 1 64
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails
Tcp: 1 200 120000 -1 592 298 43
`;

test('reads what the kernel counts', () => {
  counters({
    sockstat: 'sockets: used 79\nTCP: inuse 3 orphan 0 tw 9 alloc 12 mem 0\nUDP: inuse 1 mem 256\n',
    sockstat6: 'TCP6: inuse 2\nUDP6: inuse 0\n',
    snmp: SNMP,
  });
  expect(tcpCounts(net)).toEqual({ sockets: 3, sockets6: 2, accepted: 298 });
});

test('tells nothing where one of them is not there', () => {
  counters({ sockstat: 'TCP: inuse 3 orphan 0 tw 9 alloc 12 mem 0\n', snmp: SNMP });
  expect(tcpCounts(net)).toBeNull();
  expect(isUnchanged(null, null)).toBe(false);
});

test('a connection changes them by coming, however short it is', async () => {
  const server = await listen(0, says('.'));
  try {
    const before = tcpCounts('/proc/self/net');
    const socket = connect(server.port, '127.0.0.1', () => socket.write('?')).resume();
    await once(socket, 'close');
    const after = tcpCounts('/proc/self/net');
    expect(before).not.toBeNull();
    expect(isUnchanged(before, after)).toBe(false);
    expect(after?.accepted).toBeGreaterThan(before?.accepted ?? Number.NaN);
  } finally {
    await server.close();
  }
});
