import { describe, expect, it } from 'vitest';

import { EngineError } from '../../../src/runtime/engine.ts';
import { awaitIdle } from '../../../src/runtime/perform/idle.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** What the worker calls itself at each look, the last one for ever. */
async function waited(
  looks: readonly (readonly string[] | EngineError)[],
  limitS = 30,
): Promise<readonly [string, number]> {
  const clock = virtualClock();
  let at = 0;
  const engine = {
    processes: async () => {
      const titles = looks[Math.min(at, looks.length - 1)] ?? [];
      at += 1;
      if (titles instanceof EngineError) throw titles;
      return titles.map((title, pid) => ({ pid, title }));
    },
  };
  const op = {
    kind: 'container.idle',
    target: { kind: 'existing', id: 'c1', generation: 1 },
    limitS,
  } as const;
  const startedAt = clock.now();
  const note = await clock.run(awaitIdle(op, { engine, clock, containerId: 'c1' }));
  return [note, clock.now() - startedAt];
}

describe('a worker that takes no new work', () => {
  it('is waited for until it has said so and has none left', async () => {
    const looks = [
      ['sidekiq 6.4.1 app [0 of 2 busy]'],
      ['sidekiq 6.4.1 app [1 of 2 busy]'],
      ['sidekiq 6.4.1 app [1 of 2 busy] stopping'],
      ['sidekiq 6.4.1 app [0 of 2 busy] stopping'],
    ];
    expect(await waited(looks)).toEqual(['no job left after 750 ms', 750]);
  });

  it('that cannot be looked at is left to its own stop, and that is told', async () => {
    const noPs = new EngineError('server', 'list processes', 'exec: "ps": executable file not found', 500);
    const note =
      'warning: what work it has cannot be seen (exec: "ps": executable file not found): its stop has to finish it';
    expect(await waited([noPs])).toEqual([note, 0]);
    await expect(waited([new EngineError('unreachable', 'list processes', 'gone')])).rejects.toThrow('gone');
  });

  it('has several processes, and all must be idle', async () => {
    const looks = [
      [
        'sidekiqswarm',
        'sidekiq 7.1.0 app [0 of 5 busy] stopping',
        'sidekiq 7.1.0 app [2 of 5 busy] stopping',
      ],
      ['sidekiqswarm', 'sidekiq 7.1.0 app [0 of 5 busy] stopping'],
    ];
    expect((await waited(looks))[0]).toBe('no job left after 250 ms');
  });

  it('that does not say what it does, or has ended, is not waited for', async () => {
    const note = 'it does not say what work it has: its stop has to finish it';
    expect(await waited([['rake jobs:work']])).toEqual([note, 0]);
    expect(await waited([['sidekiq 6.4.1 app [1 of 2 busy] stopping'], []])).toEqual([note, 250]);
  });

  it('is left to its stop at the limit, with a warning', async () => {
    expect(await waited([['sidekiq 6.4.1 app [3 of 5 busy] stopping']], 2)).toEqual([
      'warning: 3 jobs still under way after 2 s (`drain_timeout`)',
      2000,
    ]);
    expect((await waited([['sidekiq 6.4.1 app [1 of 5 busy]']], 2))[0]).toBe(
      'warning: it still takes new jobs after 2 s: `quiet_signal` does not tell it to stop that',
    );
  });
});
