import { describe, expect, test } from 'vitest';

import type { JobEngine } from '../../../src/runtime/cron/world.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { HOUR_MS, JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';

/** An engine that is down while `isDown` says so: calls fail, and those under way are cut off. */
function goingDown(engine: JobEngine, isDown: () => boolean, cut: AbortSignal): JobEngine {
  return new Proxy(engine, {
    get: (target, name: keyof JobEngine) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- whichever it is, it is called with its own arguments
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      if (name === 'logs') return method.bind(target);
      return (...args: unknown[]) => {
        const gone = new EngineError('unreachable', name, 'connect ENOENT /var/run/docker.sock');
        if (isDown()) return Promise.reject(gone);
        if (name !== 'waitContainer') return method.apply(target, args);
        const isCut = new Promise((_, reject) => {
          cut.addEventListener('abort', () =>
            reject(new EngineError('cut-off', name, 'the answer broke off')),
          );
        });
        return Promise.race([method.apply(target, args), isCut]);
      };
    },
  });
}

describe('an engine that restarts', () => {
  test('takes the runs along that it had, which is told, and the next ones run', async () => {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    await scene.addJob(
      'job',
      { schedule: ['*/10 * * * *'], overlap: 'skip' },
      { does: { exitAfterMs: 5 * MINUTE_MS } },
    );
    let isDown = false;
    const cut = new AbortController();
    await scene.startAgent(
      null,
      goingDown(scene.engine, () => isDown, cut.signal),
    );
    await scene.pass(12 * MINUTE_MS);
    isDown = true;
    cut.abort();
    scene.engine.reboot();
    await scene.pass(2 * MINUTE_MS);
    isDown = false;
    await scene.pass(30 * MINUTE_MS);
    expect(scene.told('begun', 'ended', 'missed', 'skipped')).toEqual([
      '12:10:00 begun job 1 12:10',
      expect.stringMatching(/^12:14:0\d ended job 1 failed$/),
      '12:20:00 begun job 2 12:20',
      '12:25:00 ended job 2 succeeded',
      '12:30:00 begun job 3 12:30',
      '12:35:00 ended job 3 succeeded',
      '12:40:00 begun job 4 12:40',
    ]);
    expect(scene.lines.filter((line) => line.includes('engine'))).toEqual([
      'the engine does not answer (the answer broke off): asked again until it does',
      'the engine answers again',
    ]);
  });

  test('that is down for longer than a minute has missed what was due', async () => {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    await scene.addJob('job', { schedule: ['*/10 * * * *'], catchUp: true });
    let isDown = false;
    await scene.startAgent(
      null,
      goingDown(scene.engine, () => isDown, new AbortController().signal),
    );
    await scene.pass(5 * MINUTE_MS);
    isDown = true;
    await scene.pass(HOUR_MS);
    isDown = false;
    await scene.pass(10 * MINUTE_MS);
    expect(scene.told('begun', 'missed').map((line) => line.slice(9))).toEqual([
      'begun job 1 13:00',
      'missed job 6 caught up',
      'begun job 2 13:10',
    ]);
  });
});

test('a template that a deploy has swapped just then is looked for again', async () => {
  const scene = new JobScene('2026-01-01T12:00:00Z');
  await scene.addJob('job', { schedule: ['0 0 29 2 *'] });
  const engine: JobEngine = {
    ...scene.engine,
    cloneContainer: async (id, clone) => {
      if (
        scene.engine
          .containers()
          .some(({ id: own, image }) => own === id && image === scene.engine.image('shop:1'))
      ) {
        await scene.engine.removeContainer(id);
        await scene.addJob(
          'job',
          { schedule: ['0 0 29 2 *'] },
          { image: scene.engine.image('shop:2') ?? '' },
        );
      }
      return scene.engine.cloneContainer(id, clone);
    },
  };
  await scene.startAgent(null, engine);
  await scene.ask((runner) => runner.run('shop/job', { user: 'deploy', host: 'laptop' }));
  await scene.pass(2000);
  expect(scene.told('ended')).toEqual(['12:00:01 ended job 1 succeeded']);
});
