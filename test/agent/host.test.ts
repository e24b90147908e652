import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { lookAtHost } from '../../src/agent/host.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const row = (local: string, state: string) =>
  `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 111 2 0000 100 0 0 10 0`;

const proc = mkdtempSync(join(tmpdir(), 'stackc-host-'));
afterAll(() => rmSync(proc, { recursive: true }));

test('who listens on ports of the host, by address, and how much room there is', () => {
  mkdirSync(join(proc, '1/net'), { recursive: true });
  const four = [row('00000000:0050', '0A'), row('0100007F:0051', '0A'), row('0100007F:0052', '01')];
  const six = [
    row('00000000000000000000000000000000:0050', '0A'),
    row('0000000000000000FFFF00000100007F:0053', '0A'),
    row('B80D0120000000000000000001000000:0054', '0A'),
  ];
  writeFileSync(join(proc, '1/net/tcp'), [HEAD, ...four, ''].join('\n'));
  writeFileSync(join(proc, '1/net/tcp6'), [HEAD, ...six, ''].join('\n'));
  // A socket that talks to one address alone keeps nobody from its port.
  writeFileSync(
    join(proc, '1/net/udp'),
    [HEAD, row('0100007F:0051', '07'), row('0100007F:0052', '01'), ''].join('\n'),
  );
  writeFileSync(
    join(proc, '1/net/udp6'),
    [HEAD, row('00000000000000000000000000000000:0053', '07'), ''].join('\n'),
  );
  const { listening, freeBytes } = lookAtHost([80, 81, 82, 83, 84], proc, proc);
  expect(listening.map(({ hostIp, hostPort, protocol }) => `${hostIp} ${hostPort}/${protocol}`)).toEqual([
    '0.0.0.0 80/tcp',
    '127.0.0.1 81/tcp',
    ':: 80/tcp',
    '127.0.0.1 83/tcp',
    '2001:db8::1 84/tcp',
    '127.0.0.1 81/udp',
    ':: 83/udp',
  ]);
  expect(freeBytes).toBeGreaterThan(0);
});

test('what cannot be seen is nobody, and a place that is not there has no room to tell of', () => {
  expect(lookAtHost([80], join(proc, 'nowhere'), join(proc, 'nowhere'))).toEqual({
    listening: [],
    freeBytes: null,
  });
});
