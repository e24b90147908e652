import { expect, test } from 'vitest';

import { EngineError } from '../../../src/runtime/engine.ts';
import { Outage } from '../../../src/runtime/cron/outage.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

test('an engine that does not answer for a minute is told as lost; one that comes back before is not', async () => {
  const clock = virtualClock();
  let lost = 0;
  const outage = new Outage(
    clock,
    () => undefined,
    () => (lost += 1),
  );
  const failsFor = async (ms: number): Promise<void> => {
    const until = clock.now() + ms;
    await clock.run(
      outage.outlast(new AbortController().signal, () =>
        clock.now() < until
          ? Promise.reject(new EngineError('unreachable', 'list', 'no such file'))
          : Promise.resolve(),
      ),
    );
  };
  await failsFor(45_000);
  await failsFor(45_000);
  expect(lost).toBe(0);
  await failsFor(90_000);
  expect(lost).toBeGreaterThan(0);
});
