import { describe, expect, it } from 'vitest';

import { JobWatch } from '../../src/cli/cron/job-watch.ts';
import { labels } from '../../src/compiler/labels.ts';
import type { Clock } from '../../src/runtime/clock.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const JOB = { application: 'shop', container: 'backup' };

/** A clock on which nobody wakes up by himself. */
const still: Clock = {
  now: () => 0,
  sleep: (_, signal) =>
    new Promise((_done, fail) => {
      signal?.addEventListener('abort', () => fail(new Error('woken')));
    }),
};

function runOf(container: string) {
  return plainConfig({
    name: `shop-${container}.run.1`,
    image: 'app:1',
    labels: {
      [labels.stack]: 'shop',
      [labels.application]: 'shop',
      [labels.container]: container,
      [labels.role]: 'job',
    },
  });
}

async function watched(clock: Clock, signal = new AbortController().signal) {
  const engine = memoryEngine({ images: { 'app:1': {} }, behaviour: () => ({}) });
  return { engine, watch: await JobWatch.open(engine, clock, 'shop', JOB, signal) };
}

describe('whoever waits for a run', () => {
  it('looks again when something happens to it, and asks for nothing meanwhile', async () => {
    const { engine, watch } = await watched(still);
    const id = await engine.createContainer(runOf('backup'));
    const other = await engine.createContainer(runOf('other'));
    let looks = 0;
    const awaited = watch.awaited(async () => {
      looks += 1;
      return (await engine.inspectContainer(id))?.state === 'running' ? 'runs' : null;
    }, 60_000);
    await expect.poll(() => looks).toBe(1);
    // What happens to others wakes nobody.
    await engine.startContainer(other);
    await engine.startContainer(id);
    expect(await awaited).toBe('runs');
    expect(looks).toBe(2);
    expect(engine.calls.filter(({ method }) => method === 'listContainers')).toEqual([]);
  });

  it('looks more and more seldom where nothing happens, until its patience ends', async () => {
    const slept: number[] = [];
    let now = 0;
    const clock: Clock = {
      now: () => now,
      sleep: async (ms) => {
        slept.push(ms);
        now += ms;
      },
    };
    const { watch } = await watched(clock);
    expect(await watch.awaited(async () => null, 40_000)).toBeNull();
    expect(slept).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 7300]);
  });

  it('is let go by whoever interrupts', async () => {
    const stop = new AbortController();
    const { watch } = await watched(still, stop.signal);
    const awaited = watch.awaited(async () => null, Infinity);
    stop.abort(new Error('interrupted'));
    await expect(awaited).rejects.toThrow();
  });
});
