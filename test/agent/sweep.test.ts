import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { lutimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { sweep } from '../../src/agent/sweep.ts';
import { agentPlace, type AgentPlace } from '../support/agent-process.ts';

let place: AgentPlace;
const children: ChildProcess[] = [];

beforeAll(async () => {
  place = agentPlace();
  await once(place.start([]).stdout, 'data');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => place.remove());

/** Another process with a socket there, which it listens on or has only bound. */
async function bound(
  name: string,
  listens: boolean,
  at = place,
): Promise<{ path: string; child: ChildProcess }> {
  const path = join(at.volume, name);
  const script = `import os, socket, sys, time
if os.path.exists(sys.argv[1]): os.unlink(sys.argv[1])
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
if sys.argv[2] == 'true': s.listen(8)
print('up', flush=True)
time.sleep(60)`;
  const child = spawn('python3', ['-c', script, path, String(listens)]);
  children.push(child);
  await once(child.stdout, 'data');
  return { path, child };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

test('a socket that a dead server has left at a path of its own goes', async () => {
  const { path, child } = await bound('.shop-app0.1', true);
  await pause(700);
  expect(existsSync(path)).toBe(true);
  await killed(child);
  await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(false);
});

test('one that a restarted server has bound and does not listen on yet stays', async () => {
  const first = await bound('.shop-app0.2', true);
  await pause(700);
  await killed(first.child);
  const { path } = await bound('.shop-app0.2', false);
  await pause(1200);
  expect(existsSync(path)).toBe(true);
});

test('what is left of a server that ended beside the agent goes once it has refused everybody for a while', async () => {
  const other = agentPlace();
  try {
    const [dead, bare, served] = await Promise.all([
      bound('.shop-app0.8', true, other),
      bound('.shop-app1.8', false, other),
      bound('other', true, other),
    ]);
    await killed(dead.child);
    // Under a name of its own making, which no table has.
    const renamed = join(other.volume, '.shop-app2.8');
    renameSync(served.path, renamed);
    await once(other.start([]).stdout, 'data');
    const left = () => readdirSync(other.volume).filter((name) => name.endsWith('.8'));
    await pause(1_500);
    expect(left()).toHaveLength(3);
    await expect.poll(left, { timeout: 20_000 }).toEqual(['.shop-app1.8', '.shop-app2.8']);
    await pause(1_500);
    expect(left()).toEqual(['.shop-app1.8', '.shop-app2.8']);
    await killed(bare.child);
  } finally {
    other.remove();
  }
});

test('one whose server it cannot see stays when the connections of others to it end', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  const table = join(proc, '7/net/unix');
  const other = agentPlace();
  mkdirSync(dirname(table), { recursive: true });
  const { path } = await bound('.shop-app0.5', true, other);
  writeFileSync(table, `0000000027b8d5b7: 00000003 00000000 00000000 0001 03 2304768 ${path}\n`);
  const end = sweep(other.volume, proc);
  try {
    await pause(700);
    writeFileSync(table, '');
    await pause(700);
    expect(existsSync(path)).toBe(true);
  } finally {
    end();
    other.remove();
    rmSync(proc, { recursive: true });
  }
});

test('what is listened on in a network is found through any process of it', async () => {
  const proc = mkdtempSync(join(tmpdir(), 'stackc-proc-'));
  const other = agentPlace();
  const tableOf = (pid: number) => join(proc, `${pid}/net/unix`);
  for (const pid of [7, 8, 9]) mkdirSync(dirname(tableOf(pid)), { recursive: true });
  const { path } = await bound('.shop-app0.7', true, other);
  const listening = `0000000027b8d5b7: 00000002 00000000 00010000 0001 01 2304768 ${path}\n`;
  // 7 and 8 share a table, as processes of one network do.
  writeFileSync(tableOf(9), listening);
  writeFileSync(tableOf(7), '');
  linkSync(tableOf(7), tableOf(8));
  const end = sweep(other.volume, proc);
  try {
    await pause(700);
    // Seen in 9, which ends; by then it is found through the others.
    writeFileSync(tableOf(7), listening);
    rmSync(tableOf(9));
    await pause(700);
    expect(existsSync(path)).toBe(true);
    writeFileSync(tableOf(7), 'head\n');
    await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(false);
  } finally {
    end();
    other.remove();
    rmSync(proc, { recursive: true });
  }
});

test('the link of a publish that an agent was killed in goes, and nothing of a live one', async () => {
  const other = agentPlace();
  const named = (name: string) => join(other.volume, `.stackc-publishing-${name}`);
  const minuteAgo = Date.now() / 1000 - 60;
  try {
    symlinkSync('.shop-app0.6', named('old'));
    await lutimes(named('old'), minuteAgo, minuteAgo);
    writeFileSync(named('file'), '');
    utimesSync(named('file'), minuteAgo, minuteAgo);
    await once(other.start([]).stdout, 'data');
    symlinkSync('.shop-app0.6', named('new'));
    const left = () => readdirSync(other.volume).toSorted();
    await expect.poll(left, { timeout: 5000 }).toEqual(['.stackc-publishing-file', '.stackc-publishing-new']);
  } finally {
    other.remove();
  }
});

test('a published name is not its business', async () => {
  const { path, child } = await bound('app0.sock', true);
  await pause(700);
  await killed(child);
  await pause(700);
  expect(existsSync(path)).toBe(true);
});

test('one that may not be removed is told of once, and goes when it may; the agent lives on', async () => {
  const locked = agentPlace({ nobody: true });
  try {
    const agent = locked.start([]);
    await once(agent.stdout, 'data');
    let complaints = '';
    agent.stderr.on('data', (chunk) => (complaints += String(chunk)));
    const { path, child } = await bound('.shop-app0.3', true, locked);
    await pause(700);
    chmodSync(locked.volume, 0o555);
    await killed(child);
    await expect.poll(() => complaints, { timeout: 5000 }).not.toBe('');
    await pause(700);
    expect(complaints).toBe(`\`${path}\` is left over: EACCES\n`);
    expect(agent.exitCode).toBeNull();
    chmodSync(locked.volume, 0o777);
    await expect.poll(() => existsSync(path), { timeout: 5000 }).toBe(false);
  } finally {
    locked.remove();
  }
});

test('what an agent held on goes with the next one, whether anything leads there or not', async () => {
  const other = agentPlace();
  try {
    const { path, child } = await bound('.hold.shop-app0', true, other);
    const own = await bound('.shop-app0.4', true, other);
    await killed(child);
    expect(existsSync(path)).toBe(true);
    await once(other.start([]).stdout, 'data');
    expect(existsSync(path)).toBe(false);
    expect(existsSync(own.path)).toBe(true);
  } finally {
    other.remove();
  }
});
