import { describe, expect, test } from 'vitest';

import { BadDays, failureOf } from '../support/bad-days.ts';
import { LoadScene } from '../support/load.ts';
import { docker, rows, unfolded, type Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-back';

describe.concurrent('the way back', () => {
  test('of four instances, when the third is never ready or ends after it was published', () =>
    LoadScene.within(`${NAME}-s`, async (scene) => {
      const days = new BadDays(scene, { containers: 4 });
      await scene.up(days.made);
      await goesBack(days, 'never@app2', { startup_time: 2 }, 'not ready after 2 s');
      await goesBack(days, 'ends@app2', { monitor: 5 }, 'has ended with code 6');
      await days.converges({ monitor: 0, startup_time: 20 });
    }));
});

/** All go back, the last replaced first, and nothing is lost. */
async function goesBack(days: BadDays, mood: string, more: Loose, said: string): Promise<void> {
  const before = await generations(days);
  days.next(mood, more);
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code, failureOf(ran)).toBe(1);
    expect(unfolded(ran.stderr)).toContain(said);
    expect(await generations(days)).toEqual(before);
  });
}

/** Of what serves, by instance; what is beside it does not run. */
async function generations(days: BadDays): Promise<Record<string, string>> {
  const format = '{{.Names}} {{.State}} {{.Label "io.stackc.generation"}}';
  const label = `label=io.stackc.stack=${days.scene.name}`;
  const found = rows(
    await docker(
      'ps',
      '-a',
      '--filter',
      label,
      '--filter',
      'label=io.stackc.container=app',
      '--format',
      format,
    ),
  );
  const running = found.map((row) => row.split(' ')).filter(([, state]) => state === 'running');
  return Object.fromEntries(running.map(([name = '', , generation = '']) => [name, generation]));
}
