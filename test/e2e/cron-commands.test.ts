import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, rows, StackFolder, until, wipe } from '../support/stack-cli.ts';

// Jobs as an operator sees them: run, followed, paused, and replaced by a deploy while they go on.

const NAME = 'e2e-cron-cli';
const folder = new StackFolder();

beforeAll(async () => {
  await wipe(NAME);
  await apply('one');
});

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** `short` ends by itself, `long` waits for a file in its container. None is due while the test lasts. */
async function apply(version: string): Promise<void> {
  const job = { deploy: 'cron', image: 'debian:bookworm-slim', env: { VERSION: version } };
  const cron = { month: 2, day: 29 };
  const wait =
    'trap "exit 1" TERM; echo "$VERSION begins"; until [ -e /tmp/end ]; do sleep 0.1; done; echo "$VERSION ends"';
  folder.write({
    name: NAME,
    deploy: {
      [NAME]: {
        containers: {
          short: { ...job, cron, command: ['sh', '-c', 'echo "$VERSION says"; echo oh >&2; exit 3'] },
          long: { ...job, cron, command: ['sh', '-c', wait] },
        },
      },
    },
  });
  const { code, stdout, stderr } = await folder.run(['apply', '--yes']);
  expect(code, stdout + stderr).toBe(0);
}

const cron = (...words: readonly string[]) => folder.run(['cron', ...words]);

async function jobs(): Promise<
  readonly { readonly container: string; readonly running: readonly unknown[] }[]
> {
  const { stdout } = await cron('--json');
  const document: { readonly jobs: Awaited<ReturnType<typeof jobs>> } = JSON.parse(stdout);
  return document.jobs;
}

const end = (run: number) => docker('exec', `${NAME}-long.run.${run}`, 'touch', '/tmp/end');

test('a job runs when it is told to: its output, and its failure', async () => {
  const ran = await cron('run', 'short');
  // One that is over before it could be followed is shown from what is kept, which is one stream.
  expect([ran.code, ran.stdout]).toEqual([1, expect.stringContaining('one says\n')]);
  expect(ran.stdout + ran.stderr).toContain('oh\n');
  expect(ran.stderr).toMatch(/run 1: failed \(3\) after/);
  const kept = await cron('logs', 'short');
  expect([kept.code, [...rows(kept.stdout)].sort()]).toEqual([0, ['oh', 'one says']]);
  expect((await cron('history', 'short')).stdout).toMatch(/^1 +by \S+ .* failed \(3\)$/m);
  const status = await folder.run(['status', '--detailed-exitcode']);
  expect(status.code).toBe(2);
  expect(status.stdout).toMatch(/^short +cron .*last run .* failed \(3\)/m);
});

test('one that goes on is seen and followed, and a deploy leaves it alone', async () => {
  expect((await cron('run', '--detach', 'long')).code).toBe(0);
  await until(
    () => docker('ps', '--filter', `name=${NAME}-long.run.1`, '--format', '{{.Names}}'),
    (names) => names !== '',
  );
  const follower = cron('logs', '-f', 'long');
  await apply('two');
  expect((await cron()).stdout).toMatch(/^long .* run 1 goes on for/m);
  const beside = await cron('run', 'long');
  expect(beside.code).toBe(1);
  expect(beside.stderr).toContain('run 1 of');
  await end(1);
  expect((await follower).stdout).toBe('one begins\none ends\n');
  await until(jobs, (all) => all.every(({ running }) => running.length === 0));
  const next = cron('run', 'long');
  await until(
    () =>
      end(2).then(
        () => true,
        () => false,
      ),
    (isThere) => isThere,
  );
  expect(await next).toMatchObject({ code: 0, stdout: 'two begins\ntwo ends\n' });
});

test('one that is paused says so until it is resumed', async () => {
  expect((await cron('pause', 'long')).stderr).toContain('`long` is paused');
  expect((await cron()).stdout).toMatch(/^long .* paused .*paused by \S+/m);
  expect((await cron('pause', 'long')).stderr).toContain('`long` is paused already');
  expect((await cron('resume', 'long')).stderr).toContain('`long` runs by its schedule again');
  expect((await cron()).stdout).not.toContain('paused');
});

test('a destroy ends what runs, and leaves nothing', async () => {
  expect((await cron('run', '--detach', 'long')).code).toBe(0);
  const { code, stdout } = await folder.run(['destroy', '--yes']);
  expect([code, await docker('ps', '-aq', '--filter', `label=io.stackc.stack=${NAME}`)], stdout).toEqual([
    0,
    '',
  ]);
});
