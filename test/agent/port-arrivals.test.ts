import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, expect, test } from 'vitest';

import { awaitPortArrivals } from '../../src/agent/port-arrivals.ts';

const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
afterEach(() => rmSync(proc, { recursive: true, force: true }));

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
/** Port 3000 is 0BB8; 10.1.0.2 is 0200010A. */
const row = (remote: string, state = '01', local = '0200010A:0BB8') =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 4711`;

/** What the kernel lists for a process. */
function lists(pid: number, ...rows: readonly string[]): void {
  mkdirSync(join(proc, String(pid), 'net'), { recursive: true });
  writeFileSync(join(proc, String(pid), 'net', 'tcp'), [HEAD, ...rows, ''].join('\n'));
}

const ask = { pid: 7, beside: 8, ports: [3000], count: 2, idleMs: 60_000, timeoutMs: 60_000 };
/** The agent's own network is 10.0.0.0. */
const AGENT = (address: string) => address.startsWith('10.0.') || address.startsWith('127.');

test('different connections to the port count, over or not, and nobody’s listener', async () => {
  lists(7, row('00000000:0000', '0A'), row('0300000A:C001'), row('0300000A:C002', '06'));
  lists(8);
  expect(await awaitPortArrivals(ask, proc, AGENT)).toMatchObject({ seen: 2, beside: 0 });
});

test('what comes over networks of the agent does not count, nor what comes to another port', async () => {
  lists(7, row('0900000A:C001', '01', '0200000A:0BB8'), row('0100007F:C002', '01', '0100007F:0BB8'));
  lists(8, row('0300010A:C003', '01', '0200010A:0BB9'));
  const limited = { ...ask, timeoutMs: 30 };
  expect(await awaitPortArrivals(limited, proc, AGENT)).toMatchObject({ seen: 0, beside: 0 });
});

test('by itself it leaves out what a container asks itself', async () => {
  lists(7, row('0100007F:C002', '01', '0100007F:0BB8'));
  const limited = { ...ask, beside: null, timeoutMs: 30 };
  expect(await awaitPortArrivals(limited, proc)).toMatchObject({ seen: 0, beside: 0 });
});

test('who comes to the other one is counted from then on', async () => {
  lists(7);
  lists(8, row('0300000A:C001'));
  const waiting = awaitPortArrivals({ ...ask, count: 1 }, proc, AGENT);
  lists(8, row('0300000A:C001'), row('0300000A:C002'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  lists(7, row('0300000A:C003'));
  expect(await waiting).toMatchObject({ seen: 1, beside: 1 });
});

test('where nobody comes to either, nobody is waited for', async () => {
  const result = await awaitPortArrivals({ ...ask, beside: null, idleMs: 20 }, proc, AGENT);
  expect(result).toMatchObject({ seen: 0, beside: 0 });
});
