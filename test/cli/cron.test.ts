import { describe, expect, it } from 'vitest';

import { jitterDelayMs } from '../../src/compiler/cron/jitter.ts';
import { cronLine } from '../../src/compiler/cron/lines.ts';
import { CRON_FILE, runLogFile } from '../../src/compiler/cron/places.ts';
import type { CronRecord } from '../../src/compiler/cron/record.ts';
import { labels } from '../../src/compiler/labels.ts';
import { one, ShopScene, type Version } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, write } = shop;

const withJob: Version = {
  ...one,
  more: { backup: { deploy: 'cron', image: 'app:1', cron: { minute: 59, timezone: 'Europe/Rome' } } },
};

const DUE = Date.parse('2026-03-01T02:59:00Z');
const begun = { type: 'begun', job: 'shop/backup', dueMs: DUE, by: null, image: 'sha256:1' } as const;
const ended = { type: 'ended', job: 'shop/backup', tookMs: 34_000, why: null } as const;

/** Puts files where the agent has its journal. */
async function putInJournal(files: Readonly<Record<string, string>>): Promise<void> {
  const all = Object.entries(files).map(([path, text]) => ({
    path,
    content: new TextEncoder().encode(text),
    mode: 0o600,
    uid: 0,
    gid: 0,
  }));
  await shop.memory.putFiles('shop-agent-engine', all, 0);
}

function record(...records: readonly CronRecord[]): Promise<void> {
  return putInJournal({ [CRON_FILE]: records.map((each) => `${cronLine(each)}\n`).join('') });
}

/** The container of a run, as an agent makes it. */
function liveRun(run: number): Promise<string> {
  return shop.memory.cloneContainer('shop-backup.template', {
    name: `shop-backup.run.${run}`,
    labels: {
      [labels.stack]: 'shop',
      [labels.application]: 'shop',
      [labels.container]: 'backup',
      [labels.role]: 'job',
      [labels.jobRun]: String(run),
    },
  });
}

const twoRuns: readonly CronRecord[] = [
  { ...begun, run: 1, atMs: DUE },
  { ...ended, run: 1, atMs: DUE + 34_000, result: 'succeeded', exitCode: 0 },
  { ...begun, run: 2, atMs: DUE + 3_600_500, dueMs: DUE + 3_600_000 },
  { ...ended, run: 2, atMs: DUE + 3_634_500, result: 'failed', exitCode: 3 },
];

/** When a job runs next depends on the day of the test. */
function steady(text: string): string {
  return text.replace(/20(?!26-03-01)\d\d-\d\d-\d\d \d\d:59/g, 'NEXT').replace(/ {2,}/g, '  ');
}

describe('a job in a plan', () => {
  it('is listed where it changes, and its lost template is drift', async () => {
    await applied(one);
    await applied(withJob);
    expect((await cli('plan')).stdout).not.toContain('backup');
    await shop.memory.removeContainer('shop-backup.template');
    const { stdout } = await cli('plan');
    expect(stdout).toContain('drift: template  removed by hand → there');
    expect(stdout).toContain('Drift: backup has changed on the engine.');
    await applied(withJob);
    await applied(one);
    await write(withJob);
    const again = (await cli('plan')).stdout;
    expect(again).toContain('@ cron     backup');
    expect(again).not.toContain('drift');
  });

  it('is made anew by `--force`', async () => {
    await applied(withJob);
    const { code, stdout } = await cli('plan', '--force', 'backup');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/@ cron +backup +generation 1 → 2\n/)]);
  });
});

describe('cron', () => {
  it('lists jobs with their last run and their next one', async () => {
    await applied(withJob);
    expect(steady((await cli('cron')).stdout)).toBe(
      [
        'JOB  SCHEDULE  LAST RUN (UTC)  NEXT RUN (UTC)',
        'backup  59 * * * * Europe/Rome  never  NEXT',
        '',
      ].join('\n'),
    );
    await record(...twoRuns, {
      type: 'missed',
      job: 'shop/backup',
      atMs: DUE + 9_000_000,
      count: 2,
      firstMs: DUE + 7_200_000,
      lastMs: DUE + 10_800_000,
      caughtUp: false,
    });
    const { stdout, stderr } = await cli('cron');
    expect(steady(stdout)).toContain(
      'backup  59 * * * * Europe/Rome  2026-03-01 03:59 failed (3)  NEXT  2 runs missed\n',
    );
    expect(stderr).toBe('');
    const document = JSON.parse((await cli('cron', '--json')).stdout);
    expect(document).toMatchObject({
      stack: 'shop',
      agent: { name: 'shop-agent-engine', state: 'running' },
      jobs: [
        {
          container: 'backup',
          timezone: 'Europe/Rome',
          missed: { count: 2 },
          last: { run: 2, result: 'failed', exit_code: 3 },
        },
      ],
    });
  });

  it('tells the runs of a job, newest first, and what they have written', async () => {
    await applied(withJob);
    expect((await cli('cron', 'history', 'backup')).stdout).toBe('`backup` has not run so far.\n');
    await record(...twoRuns);
    expect(steady((await cli('cron', 'history', 'backup')).stdout)).toBe(
      [
        'RUN  DUE (UTC)  BEGAN  TOOK  RESULT',
        '2  2026-03-01 03:59  2026-03-01 03:59:00  34 s  failed (3)',
        '1  2026-03-01 02:59  2026-03-01 02:59:00  34 s  done',
        '',
      ].join('\n'),
    );
    const { runs } = JSON.parse((await cli('cron', 'history', 'backup', '--json')).stdout);
    expect(runs).toMatchObject([
      { run: 2, result: 'failed' },
      { run: 1, due: '2026-03-01T02:59:00.000Z' },
    ]);
    await putInJournal({ [runLogFile('shop/backup', 2)]: 'no room\n' });
    expect((await cli('cron', 'logs', 'backup')).stdout).toBe('no room\n');
    expect((await cli('cron', 'logs', 'shop/backup', '2')).stdout).toBe('no room\n');
    expect((await cli('cron', 'logs', 'backup', '1')).stderr).toContain(
      'the output of run 1 of `backup` is not kept any more',
    );
    expect((await cli('cron', 'logs', 'backup', '9')).stderr).toContain('`backup` has no run 9');
    expect((await cli('cron', 'logs', 'backup', 'last')).code).toBe(64);
  });

  it('tells what was left out, and why', async () => {
    await applied(withJob);
    const of = { job: 'shop/backup', atMs: DUE } as const;
    const [first, ...later] = twoRuns;
    if (first === undefined) throw new Error('no run');
    await record(
      first,
      {
        type: 'skipped',
        ...of,
        dueMs: DUE + 60_000,
        why: 'run 1 is not over',
        count: 1,
        firstMs: DUE + 60_000,
      },
      {
        type: 'skipped',
        ...of,
        dueMs: DUE + 120_000,
        why: 'run 1 is not over',
        count: 2,
        firstMs: DUE + 60_000,
      },
      ...later,
      {
        type: 'missed',
        ...of,
        count: 1,
        firstMs: DUE + 7_200_000,
        lastMs: DUE + 7_200_000,
        caughtUp: true,
      },
    );
    expect(steady((await cli('cron', 'history', 'backup')).stdout)).toBe(
      [
        'RUN  DUE (UTC)  BEGAN  TOOK  RESULT  WHY',
        '  2026-03-01 04:59  missed  nobody was there to start it; one run followed',
        '2  2026-03-01 03:59  2026-03-01 03:59:00  34 s  failed (3)',
        '  2026-03-01 03:01  skipped  2 runs, the first due 2026-03-01 03:00: run 1 is not over',
        '1  2026-03-01 02:59  2026-03-01 02:59:00  34 s  done',
        '',
      ].join('\n'),
    );
    const { left_out: leftOut } = JSON.parse((await cli('cron', 'history', 'backup', '--json')).stdout);
    expect(leftOut).toEqual([
      {
        kind: 'missed',
        count: 1,
        first: '2026-03-01T04:59:00.000Z',
        last: '2026-03-01T04:59:00.000Z',
        why: null,
        caught_up: true,
      },
      {
        kind: 'skipped',
        count: 2,
        first: '2026-03-01T03:00:00.000Z',
        last: '2026-03-01T03:01:00.000Z',
        why: 'run 1 is not over',
        caught_up: null,
      },
    ]);
  });

  it('says where a run stands by its container, also while nobody writes that down', async () => {
    await applied(withJob);
    const isAgentUp = async (words: string) =>
      expect((await cli('cron')).stdout).toMatch(new RegExp(` run 3 ${words}$`, 'm'));
    await record(...twoRuns, { ...begun, run: 3, atMs: DUE + 7_200_000 });
    await isAgentUp('is about to start');
    const container = await liveRun(3);
    await shop.memory.startContainer(container);
    await isAgentUp('goes on for .*');
    await shop.memory.stopContainer('shop-agent-engine', null);
    await shop.memory.stopContainer(container, 0);
    const code = (await shop.memory.inspectContainer(container))?.exitCode;
    const { stdout, stderr } = await cli('cron');
    expect(stdout).toContain(`run 3 is over (exit code ${code}), and not written down yet\n`);
    expect(stdout).not.toContain('goes on');
    expect(stderr).toContain('no job runs');
    const history = await cli('cron', 'history', 'backup');
    expect(history.stdout).toMatch(
      new RegExp(`^3 .* over \\(${code}\\) +written down when its agent runs again$`, 'm'),
    );
    expect(history.stderr).toContain('no job runs');
    const [run] = JSON.parse((await cli('cron', 'history', 'backup', '--json')).stdout).runs;
    expect(run).toMatchObject({ run: 3, state: 'over', exit_code: code, result: null });
    await shop.memory.removeContainer(container);
    await isAgentUp('is unknown since 2026-03-01 04:59:00');
    expect((await cli('cron', 'history', 'backup')).stdout).toMatch(
      /^3 .* unknown +it has no container, and its agent does not run$/m,
    );
  });

  it('says when a run starts that its jitter holds back', async () => {
    const cron = { minute: 59, jitter: '24h' };
    await applied({ ...one, more: { backup: { deploy: 'cron', image: 'app:1', cron } } });
    // Surely not over yet, whatever the delay.
    const dueMs = (Math.floor(Date.now() / 60_000) + 60) * 60_000;
    await record({ ...begun, run: 1, atMs: dueMs, dueMs });
    const startsMs = dueMs + jitterDelayMs('shop/backup', dueMs, 86_400_000);
    const starts = new Date(startsMs).toISOString();
    const at = starts.slice(0, 19).replace('T', ' ');
    expect((await cli('cron')).stdout).toContain(`run 1 starts at ${at}\n`);
    expect((await cli('cron', 'history', 'backup')).stdout).toMatch(
      new RegExp(`^1 .* waits +starts at ${at}$`, 'm'),
    );
    const [job] = JSON.parse((await cli('cron', '--json')).stdout).jobs;
    expect(job.running).toMatchObject([{ run: 1, state: 'waiting', starts }]);
  });

  it('has nothing to show of a run that is made and not started', async () => {
    await applied(withJob);
    await record(...twoRuns, { ...begun, run: 3, atMs: DUE + 7_200_000 });
    await liveRun(3);
    const shown = await cli('cron', 'logs', '-f', 'backup');
    expect(shown.code).toBe(1);
    expect(shown.stderr).toContain('run 3 of `backup` has not been started yet');
  });

  it('knows its jobs from everything else', async () => {
    await write(withJob);
    expect((await cli('cron')).stderr).toContain('not on this engine yet: `backup`');
    expect((await cli('cron', 'history', 'backup')).stderr).toContain(
      'nothing of `backup` is on this engine yet',
    );
    await applied(withJob);
    const unknown = await cli('cron', 'run', 'bakcup');
    expect(unknown.code).toBe(64);
    expect(unknown.stderr).toContain('did you mean `backup`?');
    const daemon = await cli('cron', 'run', 'app');
    expect(daemon.code).toBe(64);
    expect(daemon.stderr).toContain('`app` is `deploy: auto`, and no job');
  });

  it('says when nobody starts what is due', async () => {
    await applied(withJob);
    await shop.memory.stopContainer('shop-agent-engine', null);
    expect((await cli('cron')).stderr).toContain(
      'no job runs: the agent that starts them, `shop-agent-engine`, is exited; `stack apply` brings it back',
    );
    for (const words of [['run'], ['pause']]) {
      const { code, stderr } = await cli('cron', ...words, 'backup');
      expect(code).toBe(1);
      expect(stderr).toContain('the agent `shop-agent-engine`, which starts jobs, does not run');
    }
  });
});
