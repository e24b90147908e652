import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { PROGRAM, StackFolder, until, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-lock';
const folder = new StackFolder();
const children: ChildProcess[] = [];
let version = 0;

/** Two that take four seconds each to stop. */
function change(): void {
  version += 1;
  const worker = {
    deploy: 'auto',
    image: 'stackc-example/app:1',
    containers: 2,
    entrypoint: ['sh', '-c', "trap 'sleep 4; exit 0' TERM; while :; do sleep 0.1; done"],
    startup_time: 0.2,
    strategy: { order: 'stop-first' },
    env: { VERSION: String(version) },
  };
  folder.write({ name: NAME, deploy: { [NAME]: { containers: [{ worker }] } } });
}

/** An apply that has begun to stop the first one. */
async function applying() {
  change();
  const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], { cwd: folder.folder });
  children.push(child);
  let text = '';
  child.stderr.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const code = once(child, 'exit').then(([exit]: (number | null)[]) => exit);
  await until(
    async () => text,
    (so) => /… worker0 {2}stop/.test(so),
    60_000,
  );
  return { child, code, text: () => text };
}

const apply = (...more: readonly string[]) => folder.run(['apply', '--yes', ...more]);

beforeAll(async () => {
  await wipe(NAME);
  change();
  const first = await apply();
  expect(first.code, first.stderr).toBe(0);
}, 60_000);
afterEach(() => {
  for (const child of children.splice(0)) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
});
afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

test('a second command is told who holds the lock, and may wait; nobody is cut short', async () => {
  const first = await applying();
  const second = await apply();
  expect(second.code, second.stderr).toBe(75);
  expect(second.stderr).toMatch(
    /the stack is locked: \S+@\S+ has held it since .*Z, for `stack apply`, now at e2e-lock\/worker0/,
  );
  expect(second.stderr).toContain('`--lock-timeout SECONDS`');
  expect((await folder.run(['destroy', '--yes'])).code).toBe(75);
  expect((await folder.run(['status'])).stderr).toMatch(/^apply 2 goes on: /);
  const third = await apply('--lock-timeout', '60');
  expect(third.code, third.stderr).toBe(0);
  expect(third.stderr).toContain('waiting for the lock');
  expect(third.stdout).toContain('Nothing to do');
  expect(await first.code, first.text()).toBe(0);
}, 120_000);

test('killed, it gives the lock back at once', async () => {
  const first = await applying();
  first.child.kill('SIGKILL');
  const second = await apply();
  expect(second.code, second.stderr).toBe(0);
}, 120_000);

test('silent, it loses the lock within 15 s, and begins nothing more when it comes back', async () => {
  const first = await applying();
  first.child.kill('SIGSTOP');
  const since = Date.now();
  const second = await apply('--lock-timeout', '30');
  expect(second.code, second.stderr).toBe(0);
  const waited = /waiting for the lock/.test(second.stderr) ? Date.now() - since : 0;
  expect(waited).toBeGreaterThan(0);
  first.child.kill('SIGCONT');
  expect(await first.code, first.text()).toBe(75);
  expect(first.text()).toContain('the lock is lost');
  expect((await apply()).stdout).toContain('Nothing to do');
}, 120_000);

test('unlock takes it away: who held it begins nothing more', async () => {
  const idle = await folder.run(['unlock']);
  expect(idle.stderr).toContain('nobody holds the lock of stack `e2e-lock`');
  const first = await applying();
  const asked = await folder.run(['unlock']);
  expect(asked.code).toBe(1);
  const unlocked = await folder.run(['unlock', '--yes']);
  expect(unlocked.stderr).toContain('it is free now');
  expect(await first.code, first.text()).toBe(75);
  expect(first.text()).toContain('the lock is lost');
  const last = await apply();
  expect(last.code, last.stderr).toBe(0);
}, 120_000);
