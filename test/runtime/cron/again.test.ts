import { describe, expect, test } from 'vitest';

import { labels } from '../../../src/compiler/labels.ts';
import type { JobEngine } from '../../../src/runtime/cron/world.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';

const START = '2026-01-01T12:00:00Z';

/** An engine that fails at the first wait for the end of a container. */
function failingOnce(engine: JobEngine): JobEngine {
  let fails = 1;
  return {
    ...engine,
    waitContainer: (id, signal) => {
      if (fails === 0) return engine.waitContainer(id, signal);
      fails -= 1;
      return Promise.reject(new EngineError('server', 'wait', 'layer does not exist', 500));
    },
  };
}

describe('a run', () => {
  test('that the engine fails to wait for is followed all the same, and does not hold up the next ones', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { overlap: 'skip' }, { does: { exitAfterMs: 5000 } });
    await scene.startAgent(null, failingOnce(scene.engine));
    await scene.pass(2 * MINUTE_MS + 10_000);
    expect(scene.told('begun', 'ended', 'skipped')).toEqual([
      '12:01:00 begun backup 1 12:01',
      '12:01:30 ended backup 1 succeeded',
      '12:02:00 begun backup 2 12:02',
      '12:02:05 ended backup 2 succeeded',
    ]);
    expect([...scene.starts().values()]).toEqual([1, 1]);
    expect(scene.lines).toContain(
      'shop/backup 1 cannot be followed, and is looked for again: layer does not exist',
    );
  });

  test('that is removed before it is looked for again does not run twice', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { schedule: ['1 12 * * *'] }, { does: { exitAfterMs: 5000 } });
    await scene.startAgent(null, failingOnce(scene.engine));
    await scene.pass(MINUTE_MS + 10_000);
    await scene.engine.removeContainer('shop-backup.run.1');
    await scene.pass(MINUTE_MS);
    expect(scene.told('begun', 'ended')).toEqual([
      '12:01:00 begun backup 1 12:01',
      '12:01:30 ended backup 1 lost',
    ]);
    expect([...scene.starts().values()]).toEqual([1]);
  });

  test('whose container somebody removes while no agent is there does not run twice', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { schedule: ['1 12 * * *'] }, { does: { exitAfterMs: 600_000 } });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 10_000);
    scene.kill();
    await scene.engine.removeContainer('shop-backup.run.1', { force: true });
    await scene.startAgent();
    await scene.pass(MINUTE_MS);
    expect(scene.told('begun', 'ended').map((line) => line.slice(9))).toEqual([
      'begun backup 1 12:01',
      'ended backup 1 lost',
    ]);
    expect([...scene.starts().values()]).toEqual([1]);
  });

  test('that ended while no agent was there keeps nothing that is due from running', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { overlap: 'skip' }, { does: { exitAfterMs: 5000 } });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 2000);
    scene.kill();
    await scene.pass(MINUTE_MS);
    await scene.startAgent();
    await scene.pass(10_000);
    expect(scene.told('begun', 'ended', 'skipped').map((line) => line.slice(9))).toEqual([
      'begun backup 1 12:01',
      'ended backup 1 succeeded',
      'begun backup 2 12:02',
      'ended backup 2 succeeded',
    ]);
  });

  test('that takes too long is stopped, also where the engine fails to do it at first', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { overlap: 'skip', timeoutMs: 10_000 }, { does: {} });
    let fails = 1;
    const engine: JobEngine = {
      ...scene.engine,
      stopContainer: (id, timeoutS) => {
        if (fails === 0) return scene.engine.stopContainer(id, timeoutS);
        fails -= 1;
        return Promise.reject(new EngineError('server', 'stop', 'did not receive an exit event', 500));
      },
    };
    await scene.startAgent(null, engine);
    await scene.pass(2 * MINUTE_MS - 1000);
    expect(scene.told('begun', 'ended')).toEqual([
      '12:01:00 begun backup 1 12:01',
      '12:01:40 ended backup 1 timed-out',
    ]);
  });

  test('that waits begins when its template can be read again', async () => {
    const scene = new JobScene(START);
    await scene.addJob('slow', { overlap: 'queue' }, { does: { exitAfterMs: 150_000 } });
    await scene.startAgent();
    await scene.pass(2 * MINUTE_MS + 10_000);
    await scene.engine.removeContainer('shop-slow.template');
    await scene.addJob('slow', {}, { labels: { [labels.job]: '{"version":2}' } });
    await scene.pass(MINUTE_MS + 30_000);
    await scene.engine.removeContainer('shop-slow.template');
    await scene.addJob('slow', { overlap: 'queue' });
    await scene.pass(MINUTE_MS);
    expect(scene.told('begun', 'ended')).toEqual([
      '12:01:00 begun slow 1 12:01',
      '12:03:30 ended slow 1 succeeded',
      '12:04:00 begun slow 2 12:02',
    ]);
  });

  test('is called by the whole of its job, also where an application has a slash in its name', async () => {
    const scene = new JobScene(START);
    const of = { [labels.application]: 'a/b' };
    await scene.addJob('one', {}, { does: { exitAfterMs: 5000 }, labels: of });
    await scene.addJob('two', {}, { does: { exitAfterMs: 5000 }, labels: of });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 1000);
    expect(scene.runs()).toEqual(['shop-a-b-one.run.1 running', 'shop-a-b-two.run.1 running']);
  });
});
