import { describe, expect, test } from 'vitest';

import { foldCron } from '../../../src/compiler/cron/fold.ts';
import { HOUR_MS, JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';

const START = '2026-01-01T12:00:00Z';
const by = { user: 'deploy', host: 'laptop' };

/** A job of each minute whose runs take two minutes and a half. */
async function slowJob(overlap: 'skip' | 'queue' | 'allow'): Promise<JobScene> {
  const scene = new JobScene(START);
  await scene.addJob('slow', { overlap }, { does: { exitAfterMs: 150_000 } });
  await scene.startAgent();
  return scene;
}

describe('a run that is due while another one lasts', () => {
  test('is skipped, and that is written down', async () => {
    const scene = await slowJob('skip');
    await scene.pass(5 * MINUTE_MS);
    expect(scene.told()).toEqual([
      '12:00:00 scheduled slow',
      '12:01:00 begun slow 1 12:01',
      '12:02:00 skipped slow 12:02: run 1 is not over',
      '12:03:00 skipped slow 12:03: run 1 is not over',
      '12:03:30 ended slow 1 succeeded',
      '12:04:00 begun slow 2 12:04',
      '12:05:00 skipped slow 12:05: run 2 is not over',
    ]);
  });

  test('waits for it', async () => {
    const scene = await slowJob('queue');
    await scene.pass(5 * MINUTE_MS);
    expect(scene.told('queued', 'begun', 'ended')).toEqual([
      '12:01:00 begun slow 1 12:01',
      '12:02:00 queued slow 12:02',
      '12:03:00 queued slow 12:03',
      '12:03:30 ended slow 1 succeeded',
      '12:03:30 begun slow 2 12:02',
      '12:04:00 queued slow 12:04',
      '12:05:00 queued slow 12:05',
    ]);
    const state = foldCron(scene.store.records).get('shop/slow');
    expect(state?.underWay).toMatchObject([{ run: 2, beganMs: Date.parse('2026-01-01T12:03:30Z') }]);
    expect(state?.queue).toHaveLength(3);
  });

  test('runs beside it', async () => {
    const scene = await slowJob('allow');
    await scene.pass(3 * MINUTE_MS + 100);
    expect(scene.runs()).toEqual([1, 2, 3].map((run) => `shop-slow.run.${run} running`));
  });

  test('is skipped as well once a hundred wait', async () => {
    const scene = new JobScene(START);
    await scene.addJob('stuck', { overlap: 'queue' }, { does: {} });
    await scene.startAgent();
    await scene.pass(2 * HOUR_MS);
    expect(scene.told('queued')).toHaveLength(100);
    expect(scene.told('skipped')).toHaveLength(19);
    expect(scene.told('skipped')[0]).toBe('13:42:00 skipped stuck 13:42: 100 runs wait already');
  });

  test('by hand is refused, unless they may run beside each other', async () => {
    const scene = await slowJob('skip');
    await scene.pass(MINUTE_MS + 100);
    await expect(scene.ask((runner) => runner.run('shop/slow', by))).rejects.toThrow(
      'run 1 of `shop/slow` is not over, and `overlap: skip` lets no other begin beside it',
    );
    const beside = await slowJob('allow');
    await beside.pass(MINUTE_MS + 100);
    expect(await beside.ask((runner) => runner.run('shop/slow', by))).toEqual({ kind: 'begun', run: 2 });
  });

  test('by hand waits its turn where runs wait, and nothing that is due is lost for it', async () => {
    const scene = await slowJob('queue');
    await scene.pass(2 * MINUTE_MS + 100);
    const ask = () => scene.ask((runner) => runner.run('shop/slow', by));
    const askedMs = scene.clock.wallMs();
    // Two at the same time are two.
    expect(await ask()).toEqual({ kind: 'queued', askedMs, before: 2 });
    expect(await ask()).toEqual({ kind: 'queued', askedMs: askedMs + 1, before: 3 });
    scene.kill();
    await scene.startAgent();
    await scene.pass(8 * MINUTE_MS);
    expect(scene.told('queued', 'begun').slice(0, 7)).toEqual([
      '12:01:00 begun slow 1 12:01',
      '12:02:00 queued slow 12:02',
      '12:02:00 queued slow 12:02 by deploy',
      '12:02:00 queued slow 12:02 by deploy',
      '12:03:00 queued slow 12:03',
      '12:03:30 begun slow 2 12:02',
      '12:04:00 queued slow 12:04',
    ]);
    expect(scene.told('begun').slice(1, 5)).toEqual([
      '12:03:30 begun slow 2 12:02',
      '12:06:00 begun slow 3 12:02 by deploy',
      '12:08:30 begun slow 4 12:02 by deploy',
    ]);
  });

  test('by hand waits its turn also while the job is paused', async () => {
    const scene = await slowJob('queue');
    await scene.pass(2 * MINUTE_MS + 100);
    await scene.ask((runner) => runner.pause('shop/slow', by));
    await scene.ask((runner) => runner.run('shop/slow', by));
    await scene.pass(4 * MINUTE_MS);
    expect(scene.told('begun')).toEqual([
      '12:01:00 begun slow 1 12:01',
      '12:03:30 begun slow 2 12:02 by deploy',
    ]);
  });

  test('by hand is refused once a hundred wait', async () => {
    const scene = new JobScene(START);
    await scene.addJob('stuck', { overlap: 'queue' }, { does: {} });
    await scene.startAgent();
    await scene.pass(2 * HOUR_MS);
    await expect(scene.ask((runner) => runner.run('shop/stuck', by))).rejects.toThrow(
      '100 runs of `shop/stuck` wait already',
    );
  });
});

describe('a job that is paused', () => {
  test('passes over what is due, and takes up what waited when it is resumed', async () => {
    const scene = await slowJob('queue');
    await scene.pass(2 * MINUTE_MS);
    await scene.ask((runner) => runner.pause('shop/slow', by));
    await scene.pass(8 * MINUTE_MS);
    await scene.ask((runner) => runner.resume('shop/slow', by));
    await scene.pass(MINUTE_MS);
    expect(scene.told()).toEqual([
      '12:00:00 scheduled slow',
      '12:01:00 begun slow 1 12:01',
      '12:02:00 queued slow 12:02',
      '12:02:00 paused slow',
      '12:03:30 ended slow 1 succeeded',
      '12:10:00 resumed slow',
      '12:10:00 begun slow 2 12:02',
      '12:11:00 queued slow 12:11',
    ]);
  });

  test('stays so over a restart of the agent, and is no miss', async () => {
    const scene = await slowJob('skip');
    await scene.ask((runner) => runner.pause('shop/slow', by));
    scene.kill();
    await scene.pass(HOUR_MS);
    await scene.startAgent();
    await scene.pass(MINUTE_MS);
    await scene.ask((runner) => runner.resume('shop/slow', by));
    await scene.pass(MINUTE_MS);
    expect(scene.told()).toEqual([
      '12:00:00 scheduled slow',
      '12:00:00 paused slow',
      '13:01:00 resumed slow',
      '13:02:00 begun slow 1 13:02',
    ]);
  });

  test.each(['run', 'pause', 'resume'] as const)(
    '%s: an unknown one is refused by its name',
    async (what) => {
      const scene = await slowJob('skip');
      await scene.addJob('backup');
      await expect(scene.ask<unknown>((runner) => runner[what]('shop/nope', by))).rejects.toThrow(
        '`shop/nope` is no job of this stack: it has shop/backup, shop/slow',
      );
    },
  );
});

describe('jitter', () => {
  test('delays each run by a time of its own, the same after a restart', async () => {
    const begins = async (isKilled: boolean): Promise<readonly string[]> => {
      const scene = new JobScene(START);
      await scene.addJob('shy', { schedule: ['0 * * * *'], jitterMs: 20 * MINUTE_MS });
      await scene.startAgent();
      await scene.pass(HOUR_MS);
      if (isKilled) {
        scene.kill();
        await scene.startAgent();
      }
      await scene.pass(3 * HOUR_MS);
      return scene.told('ended');
    };
    const ends = await begins(false);
    expect(ends).toHaveLength(3);
    expect(new Set(ends.map((line) => line.slice(3, 8))).size).toBe(3);
    expect(ends.every((line) => line.slice(3, 5) <= '20')).toBe(true);
    expect(await begins(true)).toEqual(ends);
  });
});
