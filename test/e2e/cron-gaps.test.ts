import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, rows, StackFolder, unfolded, until, wipe } from '../support/stack-cli.ts';

// What an operator meets beside the plain way: runs that wait, are taken away, outlive their agent or their job.

const NAME = 'e2e-crongaps';
const AGENT = `${NAME}-agent-engine`;
const folder = new StackFolder();

beforeAll(async () => {
  await wipe(NAME);
  await apply(true);
}, 180_000);

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
}, 60_000);

/** A job that waits for a file in its container, beside a daemon that stays. None is due while the test lasts. */
async function apply(hasJob: boolean): Promise<string> {
  const image = 'debian:bookworm-slim';
  const stay = 'trap exit TERM; sleep 600 & wait';
  const wait = 'echo begins; until [ -e /tmp/end ]; do sleep 0.1; done; echo ends; exit "$(cat /tmp/end)"';
  const cron = { day: 29, month: 2, minute: 0, hour: 0, overlap: 'queue' };
  const job = { deploy: 'cron', image, cron, command: ['sh', '-c', wait] };
  const web = { deploy: 'auto', image, command: ['sh', '-c', stay], startup_time: 0 };
  folder.write({
    name: NAME,
    deploy: { [NAME]: { containers: { web, ...(hasJob ? { job } : {}) } } },
  });
  const { code, stdout, stderr } = await folder.run(['apply', '--yes']);
  expect(code, stdout + stderr).toBe(0);
  return unfolded(stdout + stderr);
}

const cron = (...words: readonly string[]) => folder.run(['cron', ...words]);

const state = (run: number) =>
  docker('inspect', '--format', '{{.State.Status}}', `${NAME}-job.run.${run}`).catch(() => 'none');

const started = (run: number) =>
  until(
    () => state(run),
    (found) => found === 'running',
    60_000,
  );

const end = (run: number, code: number) =>
  docker('exec', `${NAME}-job.run.${run}`, 'sh', '-c', `echo ${code} > /tmp/end`);

const history = (pattern: RegExp) =>
  until(
    async () => (await cron('history', 'job')).stdout,
    (text) => pattern.test(text),
    60_000,
  );

test('a run that is asked for waits its turn, and is followed to its end', async () => {
  expect((await cron('run', '--detach', 'job')).code).toBe(0);
  await started(1);
  const second = cron('run', 'job');
  await until(
    async () => (await cron()).stdout,
    (text) => text.includes('1 waiting'),
    60_000,
  );
  await end(1, 0);
  await started(2);
  await end(2, 3);
  const { code, stdout, stderr } = await second;
  expect([code, stdout]).toEqual([1, 'begins\nends\n']);
  expect(stderr).toMatch(
    /^a run of `job` waits until 1 run before it is over; Ctrl-C leaves it waiting\nrun 2 of `job` has begun; .*\nrun 2: failed \(3\) after /,
  );
});

test('a run whose container somebody removes says so', async () => {
  await cron('run', '--detach', 'job');
  await started(3);
  await docker('rm', '--force', `${NAME}-job.run.3`);
  await history(/^3 .* lost +somebody has removed its container$/m);
});

test('a run that ends while no agent is there is over, and is written down when it is back', async () => {
  await cron('run', '--detach', 'job');
  await started(4);
  await docker('stop', AGENT);
  await end(4, 7);
  await until(
    () => state(4),
    (found) => found === 'exited',
    60_000,
  );
  const { stdout, stderr } = await cron();
  expect(stdout).toContain('run 4 is over (exit code 7), and not written down yet');
  expect(stderr).toContain(`no job runs: the agent that starts them, \`${AGENT}\`, is exited`);
  expect((await cron('history', 'job')).stdout).toMatch(
    /^4 .* over \(7\) +written down when its agent runs again$/m,
  );
  await docker('start', AGENT);
  await history(/^4 .* failed \(7\)$/m);
});

test('a run outlives its job, and so does who writes down its end', async () => {
  await cron('run', '--detach', 'job');
  await started(5);
  const said = await apply(false);
  expect(said).toContain(`\`${AGENT}\` stays to write that down, and goes with the next apply after it`);
  expect(await state(5)).toBe('running');
  await end(5, 0);
  await until(
    () => state(5),
    (found) => found === 'none',
    60_000,
  );
  expect(await docker('exec', AGENT, 'cat', '/stackc/journal/cron.jsonl')).toMatch(
    /"type":"ended".*"run":5,"result":"succeeded"/,
  );
  await apply(false);
  const left = await docker('ps', '--filter', `label=io.stackc.stack=${NAME}`, '--format', '{{.Names}}');
  expect([...rows(left)].sort()).toEqual([`${NAME}-agent`, `${NAME}-web0`]);
});
