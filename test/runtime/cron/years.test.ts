import { describe, expect, test } from 'vitest';

import { nextOccurrence, occurrences } from '../../../src/compiler/cron/calendar.ts';
import type { JobSpec } from '../../../src/compiler/cron/job.ts';
import { DAY_MS, everyMinute, HOUR_MS, JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';

const rome: Partial<JobSpec> = { timezone: 'Europe/Rome' };

/** Lets years pass; the agent looks at the clock only in the minutes in which a job is due, which finds the same. */
async function passYears(scene: JobScene, specs: readonly JobSpec[], until: string): Promise<void> {
  const endMs = Date.parse(until);
  for (;;) {
    const now = scene.clock.wallMs();
    const next = Math.min(...specs.map((spec) => nextOccurrence(spec, now) ?? Infinity), endMs);
    await scene.pass(next - now, DAY_MS * 1000);
    if (next >= endMs) return;
    await scene.look();
  }
}

describe('over years', () => {
  test.each<[string, Partial<JobSpec>]>([
    ['a nightly job, over every change of the clocks', { ...rome, schedule: ['30 2 * * *'] }],
    ['a leap day', { schedule: ['0 12 29 2 *'] }],
    ['the first of a month or a Monday', { ...rome, schedule: ['0 4 1 * *', '0 4 * * 1'] }],
    ['a job on the other side of the world', { schedule: ['15 2 * * 0'], timezone: 'Australia/Lord_Howe' }],
  ])('%s runs whenever it is due, and at no other time', async (_what, given) => {
    const spec = { ...everyMinute, overlap: 'skip' as const, ...given };
    const scene = new JobScene('2023-12-31T23:59:30Z');
    await scene.addJob('job', spec, { does: { exitAfterMs: 1000 } });
    await scene.startAgent();
    // A night's changes of the clocks are the same each year; a leap day takes four.
    const end = given.schedule?.[0]?.includes('29 2') ? '2029-01-01T00:00:00Z' : '2027-01-01T00:00:00Z';
    await passYears(scene, [spec], end);
    const dues = scene.store.records.flatMap((record) => (record.type === 'begun' ? [record.dueMs] : []));
    expect(dues).toEqual(occurrences(spec, Date.parse('2023-12-31T23:59:30Z'), Date.parse(end)));
    expect(dues.length).toBeGreaterThan(0);
    expect(scene.told('skipped', 'missed')).toEqual([]);
  });
});

describe('an agent that was away', () => {
  async function away(spec: Partial<JobSpec>, ms: number): Promise<JobScene> {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    await scene.addJob('job', { schedule: ['*/10 * * * *'], overlap: 'skip', ...spec });
    await scene.startAgent();
    await scene.pass(15 * MINUTE_MS);
    scene.kill();
    await scene.pass(ms);
    await scene.startAgent();
    await scene.pass(MINUTE_MS);
    return scene;
  }

  test('says how many were missed, and leaves them', async () => {
    const scene = await away({}, 2 * HOUR_MS + 2 * MINUTE_MS);
    expect(scene.told('begun', 'missed')).toEqual([
      '12:10:00 begun job 1 12:10',
      '14:17:00 missed job 12 left',
    ]);
    expect(scene.lines).toContain('shop/job has missed 12 (2026-01-01T12:20:00Z to 2026-01-01T14:10:00Z)');
  });

  test('runs once for all of them where it is to catch up', async () => {
    const scene = await away({ catchUp: true }, 2 * HOUR_MS + 2 * MINUTE_MS);
    expect(scene.told('begun', 'missed')).toEqual([
      '12:10:00 begun job 1 12:10',
      '14:17:00 begun job 2 14:10',
      '14:17:00 missed job 12 caught up',
    ]);
  });

  test('catches up by what is due just then', async () => {
    const scene = await away({ catchUp: true }, 2 * HOUR_MS + 5 * MINUTE_MS);
    expect(scene.told('begun', 'missed')).toEqual([
      '12:10:00 begun job 1 12:10',
      '14:20:00 begun job 2 14:20',
      '14:20:00 missed job 12 caught up',
    ]);
  });

  test('for less than a minute has missed nothing', async () => {
    const scene = await away({}, 5 * MINUTE_MS + 30_000);
    expect(scene.told('begun', 'missed')).toEqual([
      '12:10:00 begun job 1 12:10',
      '12:20:30 begun job 2 12:20',
    ]);
  });

  test('finds a run that went on, and one whose template is gone', async () => {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    await scene.addJob('job', { schedule: ['1 12 * * *'], timeoutMs: 30 * MINUTE_MS }, { does: {} });
    await scene.startAgent();
    await scene.pass(2 * MINUTE_MS);
    scene.kill();
    await scene.engine.removeContainer('shop-job.template');
    await scene.pass(10 * MINUTE_MS);
    await scene.startAgent();
    await scene.pass(HOUR_MS);
    expect(scene.told('ended', 'dropped')).toEqual([
      '12:12:00 dropped job',
      '12:31:00 ended job 1 timed-out',
    ]);
    expect(scene.runs()).toEqual([]);
  });
});

describe('a clock that somebody sets', () => {
  async function set(spec: Partial<JobSpec>, byMs: number): Promise<readonly string[]> {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    await scene.addJob('job', spec);
    await scene.startAgent();
    await scene.pass(5 * MINUTE_MS);
    scene.setClock(byMs);
    await scene.pass(2 * HOUR_MS);
    return scene.told('begun', 'missed');
  }

  test.each<[string, string, number, readonly string[]]>([
    ['forward: a fixed time is made up for', '30 12 * * *', HOUR_MS, ['13:06:00 begun job 1 12:30']],
    ['back: a fixed time does not come twice', '3 12 * * *', -10 * MINUTE_MS, ['12:03:00 begun job 1 12:03']],
    ['far forward: it goes by the new time', '30 12 * * *', 5 * HOUR_MS, []],
    [
      'far back: it goes by the new time',
      '3 12 * * *',
      -4 * HOUR_MS - 2 * MINUTE_MS,
      ['12:03:00 begun job 1 12:03'],
    ],
    [
      'back: every other one goes on at once',
      '*/30 * * * *',
      -HOUR_MS,
      [
        '11:30:00 begun job 1 11:30',
        '12:00:00 begun job 2 12:00',
        '12:30:00 begun job 3 12:30',
        '13:00:00 begun job 4 13:00',
      ],
    ],
  ])('%s', async (_what, line, byMs, told) => {
    expect(await set({ schedule: [line] }, byMs)).toEqual(told);
  });
});

test('a thousand jobs of the same minute all run, those that have waited longest first', async () => {
  const scene = new JobScene('2026-01-01T11:58:30Z');
  const names = Array.from({ length: 1000 }, (_, n) => `job${String(n).padStart(3, '0')}`);
  for (const name of names)
    await scene.addJob(name, { schedule: [Number(name.slice(3)) % 2 ? '59 11 * * *' : '0 12 * * *'] });
  await scene.startAgent();
  scene.kill();
  await scene.pass(90_000);
  await scene.startAgent();
  await scene.pass(3 * MINUTE_MS);
  const started = [...scene.starts().keys()];
  expect(started).toHaveLength(1000);
  expect(new Set(scene.starts().values())).toEqual(new Set([1]));
  const late = started.slice(0, 500).filter((name) => Number(/job(\d+)/.exec(name)?.[1]) % 2 === 1);
  expect(late).toHaveLength(500);
  expect(scene.told('ended').filter((line) => line.endsWith('succeeded'))).toHaveLength(1000);
  expect(scene.runs()).toEqual([]);
});
