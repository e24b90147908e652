import { describe, expect, test } from 'vitest';

import { foldCron } from '../../../src/compiler/cron/fold.ts';
import type { JobSpec } from '../../../src/compiler/cron/job.ts';
import type { Behaviour } from '../../support/memory/behaviour.ts';
import { JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';
import type { Death } from '../../support/cron/mortal.ts';

const START = '2026-01-01T12:00:00Z';
const MINUTES = 4;

/** Whoever is killed is replaced within so long: nothing is late enough to be missed. */
const REPLACED_MS = 5000;

type Story = readonly [string, Partial<JobSpec>, Behaviour];

const stories: readonly Story[] = [
  ['allow', { overlap: 'allow' }, { exitAfterMs: 90_000 }],
  ['skip', { overlap: 'skip' }, { exitAfterMs: 70_000, output: [{ stream: 'stdout', text: 'done' }] }],
  ['queue', { overlap: 'queue' }, { exitAfterMs: 70_000 }],
  ['timeout', { overlap: 'skip', timeoutMs: 20_000 }, { stopAfterMs: 3000 }],
  ['not started', { overlap: 'skip' }, { startError: 'exec: "dump": not found' }],
  ['jitter', { overlap: 'allow', jitterMs: 40_000 }, { exitAfterMs: 10_000 }],
];

/** Four minutes of a job, whose agent dies once; then as long as it takes until all is over. */
async function play([, spec, does]: Story, death: Death | null): Promise<JobScene> {
  const scene = new JobScene(START);
  await scene.addJob('job', spec, {
    does,
    files: [],
  });
  await scene.startAgent(death);
  await follow(scene, MINUTES * MINUTE_MS + 2 * REPLACED_MS);
  // No more of them: what is under way comes to its end, what waits begins.
  await scene.engine.removeContainer('shop-job.template');
  await scene.addJob('job', { ...spec, schedule: ['0 0 1 1 *'] }, { does });
  await follow(scene, 8 * MINUTE_MS);
  return scene;
}

/** Lets time pass; whoever is dead is replaced. */
async function follow(scene: JobScene, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += REPLACED_MS) {
    if (scene.life.isOver) await scene.startAgent();
    await scene.pass(REPLACED_MS);
  }
}

/** What a story has come to, whoever was killed. */
function lawsOf(scene: JobScene): object {
  const state = foldCron(scene.store.records).get('shop/job');
  const taken = scene.store.records.flatMap((record) =>
    (record.type === 'begun' || record.type === 'skipped') && record.dueMs !== null
      ? [new Date(record.dueMs).toISOString().slice(11, 16)]
      : [],
  );
  const begun = scene.store.records.flatMap((record) => (record.type === 'begun' ? [record.run] : []));
  const ended = scene.store.records.flatMap((record) => (record.type === 'ended' ? [record.run] : []));
  return {
    due: [...taken].sort(),
    underWay: state?.underWay,
    queue: state?.queue,
    missed: state?.missed,
    endedOfBegun: begun.filter((run) => ended.filter((each) => each === run).length !== 1),
    startedTwice: [...scene.starts()].filter(([, times]) => times !== 1),
    left: scene.runs(),
  };
}

const LAWFUL = {
  due: ['12:01', '12:02', '12:03', '12:04'],
  underWay: [],
  queue: [],
  missed: null,
  endedOfBegun: [],
  startedTwice: [],
  left: [],
};

describe('an agent that is killed at any point, and replaced', () => {
  test.each(stories)('loses and doubles no run: %s', async (...story) => {
    const whole = await play(story, null);
    const { calls } = whole.life;
    expect(lawsOf(whole)).toEqual({ ...LAWFUL, startedTwice: expect.any(Array) });
    expect(calls.length).toBeGreaterThan(30);
    for (let at = 0; at < calls.length; at += 1) {
      for (const side of ['before', 'after'] as const) {
        const scene = await play(story, { at, side });
        const where = `${side} ${calls[at]} (${at})`;
        const laws = lawsOf(scene);
        // What cannot be started may be tried again.
        const expected = story[0] === 'not started' ? { ...LAWFUL, startedTwice: expect.any(Array) } : LAWFUL;
        expect({ where, ...laws }).toEqual({ where, ...expected });
      }
    }
  });

  test('begins once what somebody has asked for, and never forgets what it has promised', async () => {
    const asked = async (death: Death | null) => {
      const scene = new JobScene(START);
      // One run, from 12:01:00 to 12:02:10.
      const schedule = ['1 12 1 1 *'];
      await scene.addJob('job', { overlap: 'queue', schedule }, { does: { exitAfterMs: 70_000 } });
      await scene.startAgent(death);
      await follow(scene, MINUTE_MS + 30_000);
      let isPromised = false;
      const asking = scene.runner?.run('shop/job', { user: 'deploy', host: 'laptop' });
      if (asking !== undefined) await scene.play(asking.then(() => (isPromised = true)));
      await follow(scene, 5 * MINUTE_MS);
      return { scene, isPromised };
    };
    const whole = await asked(null);
    expect(whole.scene.told('begun')).toEqual([
      '12:01:00 begun job 1 12:01',
      '12:02:10 begun job 2 12:01 by deploy',
    ]);
    const { calls } = whole.scene.life;
    for (let at = 0; at < calls.length; at += 1) {
      for (const side of ['before', 'after'] as const) {
        const where = `${side} ${calls[at]} (${at})`;
        const { scene, isPromised } = await asked({ at, side });
        const byHand = scene.store.records.filter((record) => record.type === 'begun' && record.by !== null);
        // Who has heard nothing may ask once more.
        expect({ where, times: byHand.length }).toEqual({
          where,
          times: isPromised ? 1 : expect.toSatisfy((times: number) => times <= 1),
        });
        const laws = lawsOf(scene);
        expect({ where, ...laws }).toEqual({ where, ...LAWFUL, due: expect.any(Array) });
      }
    }
  });

  test('keeps what a run was, and its log', async () => {
    const [, skip] = stories;
    if (skip === undefined) throw new Error('no story');
    const before = await play(skip, null);
    const results = (scene: JobScene) =>
      scene.store.records.flatMap((record) =>
        record.type === 'ended' ? [[record.run, record.result, record.tookMs]] : [],
      );
    for (let at = 0; at < before.life.calls.length; at += 5) {
      const scene = await play(skip, { at, side: 'after' });
      expect(results(scene).map(([, result, tookMs]) => [result, tookMs])).toEqual(
        results(before).map(([, result, tookMs]) => [result, tookMs]),
      );
      expect([...scene.store.logs.values()]).toEqual(results(scene).map(() => 'done\n'));
    }
  });
});
