import { expect, it } from 'vitest';

import { bareConfig } from '../../../src/compiler/plan/instance-config.ts';
import type { Told } from '../../../src/compiler/journal/record.ts';
import { stopContainer } from '../../../src/runtime/perform/stop.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import type { Behaviour } from '../../support/memory/behaviour.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const STUBBORN: Behaviour = { stopAfterMs: Infinity };

interface How {
  readonly signal: string;
  readonly timeoutS: number | null;
  readonly runs: boolean;
}

async function stopped(
  behaviour: Behaviour,
  { signal = 'SIGTERM', timeoutS = 2, runs = true }: Partial<How> = {},
): Promise<{ readonly word: string | null; readonly forced: boolean | null }> {
  const clock = virtualClock();
  const engine = memoryEngine({ clock, images: { app: {} }, behaviour: () => behaviour });
  const config = { ...bareConfig('app0', 'app'), stopSignal: signal, stopTimeoutS: 3 };
  const id = await engine.createContainer(config);
  await engine.startContainer(id);
  if (!runs) engine.crash(id, 137);
  const told: Told[] = [];
  const onTold = (what: Told) => void told.push(what);
  const word = await clock.run(stopContainer(id, timeoutS, { engine, clock, onTold }));
  const [stop] = told;
  return { word, forced: stop?.kind === 'stop' ? stop.forced : null };
}

it('says that one had to be killed', async () => {
  expect(await stopped(STUBBORN)).toEqual({
    word: 'warning: it did not stop within 2 s and was killed',
    forced: true,
  });
});

it('says so of one that had the time that it was made with', async () => {
  expect(await stopped(STUBBORN, { timeoutS: null })).toMatchObject({ forced: true });
});

it.each<[string, Behaviour, Partial<How>]>([
  ['whose stop signal kills', { stopExitCode: 137 }, { signal: 'SIGKILL', timeoutS: 0 }],
  ['whose stop signal kills, by its number', { stopExitCode: 137 }, { signal: '9', timeoutS: 0 }],
  ['that ends before its time is over', { stopExitCode: 137, stopAfterMs: 100 }, { timeoutS: null }],
])('says nothing of one %s', async (_, behaviour, how) => {
  expect(await stopped(behaviour, how)).toEqual({ word: null, forced: false });
});

it('says nothing of one that has ended before', async () => {
  expect(await stopped(STUBBORN, { runs: false, timeoutS: 0 })).toEqual({ word: null, forced: null });
});
