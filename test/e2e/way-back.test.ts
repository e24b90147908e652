import { describe, expect, test } from 'vitest';

import { BadDays, failureOf } from '../support/bad-days.ts';
import { LoadScene } from '../support/load.ts';
import { docker, rows, unfolded, type Loose, type Ran } from '../support/stack-cli.ts';

const NAME = 'e2e-back';

const PLAIN: Loose = { monitor: 0, on_failure: 'rollback' };

describe.concurrent('a version that fails in the middle of its roll', () => {
  test('of four instances: the third does not start, or ends after it was published', () =>
    LoadScene.within(`${NAME}-s`, async (scene) => {
      const days = new BadDays(scene, { containers: 4 });
      await scene.up(days.made);
      await goesBack(days, 'broken@app2', {}, 'exited with code 9');
      const before = await generations(days);
      days.next('ends@app0', { monitor: 60 });
      await days.nothingLost(() => endsWhileItIsWatched(days));
      expect(await generations(days)).toEqual(before);
      const told = await scene.folder.run(['history', '2', '--json']);
      const { steps } = JSON.parse(told.stdout) as { steps: { id: string; result: string }[] };
      expect(steps.filter(({ id }) => id.includes(' back ')).map(({ result }) => result)).toContain('done');
      await days.nothingLost(() => days.converges(PLAIN));
    }));

  test('of two instances that must stop first, and of one that is held meanwhile', () =>
    LoadScene.within(`${NAME}-f`, async (scene) => {
      const days = new BadDays(scene, { containers: 2, strategy: { order: 'stop-first' } });
      await scene.up(days.made);
      await goesBack(days, 'broken@app1', {}, 'exited with code 9');
      await days.converges({ ...PLAIN, containers: 1 });
      const before = await generations(days);
      days.next('ends', { monitor: 60 });
      // Nobody else serves when the only one ends.
      await days.underLoad(() => endsWhileItIsWatched(days));
      expect(await generations(days)).toEqual(before);
      await days.nothingLost(() => days.converges({ monitor: 0 }));
    }));

  test('pauses, goes on with the others, or stops at its canary', () =>
    LoadScene.within(`${NAME}-p`, async (scene) => {
      const days = new BadDays(scene, { containers: 3 });
      await scene.up(days.made);
      const [first, ...others] = ['app0', 'app1', 'app2'];
      const before = await generations(days);
      await fails(days, 'broken@app1', { on_failure: 'pause' }, 'exited with code 9');
      expect(changed(before, await generations(days))).toEqual([first]);
      await days.converges(PLAIN);

      const whole = await generations(days);
      await fails(days, 'broken@app0', { on_failure: 'continue' }, 'exited with code 9');
      expect(changed(whole, await generations(days))).toEqual(others);

      await days.converges({ ...PLAIN, canary: { instances: 1, bake: 1 } });
      const last = await generations(days);
      days.next('ends@app0', { canary: { bake: 60 } });
      await days.nothingLost(async () => {
        const ran = await endsWhileItIsWatched(days);
        const begun = rows(ran.stdout).filter((line) => line.includes('"node-started"'));
        expect(begun.filter((line) => line.includes('load/app1'))).toEqual([]);
      });
      expect(await generations(days)).toEqual(last);
    }));

  describe.sequential('of two instances', () => {
    const played = LoadScene.shared(`${NAME}-t`, async (scene) => {
      const days = new BadDays(scene, { containers: 2 });
      await scene.up(days.made);
      return days;
    });

    test(
      'answers with errors: the proof sees it, and those that were replaced go back',
      played(async (days, scene) => {
        const before = await generations(days);
        days.next('sick@app1');
        const ran = await days.apply('--prove', `${scene.url}/`);
        expect(ran.code, failureOf(ran)).toBe(1);
        expect(unfolded(ran.stderr)).toContain('Back on the old generation: app0');
        expect(await generations(days)).toEqual(before);
        await days.nothingLost(() => days.converges());
      }),
    );

    test(
      'and the command is killed on the way back: the next apply puts it right',
      played(async (days) => {
        for (const at of ['back gate', 'back keep', 'back switch', 'back drain']) {
          days.next('broken@app1');
          await days.nothingLost(async () => {
            await isKilledAt(days, at);
            await days.converges(PLAIN);
          });
        }
      }),
    );

    test(
      'and the command is killed before that shows: who goes on with it goes back as well',
      played(async (days, scene) => {
        const before = await generations(days);
        days.next('broken@app1', { on_failure: 'rollback' });
        await days.nothingLost(async () => {
          await isKilledAt(days, 'clear 1');
          const { code, stderr } = await scene.folder.run(['resume', '--yes']);
          expect(code, stderr).toBe(1);
          expect(unfolded(stderr)).toContain('Back on the old generation: app0');
          expect(await generations(days)).toEqual(before);
          days.next('ends@app0', { monitor: 60 });
          await isKilledAt(days, 'monitor');
          await endsWhileItIsWatched(days);
          expect(await generations(days)).toEqual(before);
        });
        await days.nothingLost(() => days.converges(PLAIN));
      }),
    );
  });
});

/** An apply that fails and loses nothing; gives what it has written. */
async function fails(days: BadDays, mood: string, more: Loose, said: string): Promise<string> {
  let told = '';
  days.next(mood, more);
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code, failureOf(ran)).toBe(1);
    told = unfolded(ran.stderr);
    expect(told).toContain(said);
  });
  return told;
}

/** The same, and all that was replaced is back. */
async function goesBack(days: BadDays, mood: string, more: Loose, said: string): Promise<string> {
  const before = await generations(days);
  const told = await fails(days, mood, more, said);
  expect(await generations(days), told).toEqual(before);
  return told;
}

/** An apply that is killed in an operation of `app0`. */
async function isKilledAt(days: BadDays, at: string): Promise<void> {
  let seen = '';
  const ran = await days.applyWatching((_, kill, node) => {
    if (!node.includes(at)) return;
    seen = node;
    kill();
  });
  expect(ran.code, failureOf(ran)).toBe(null);
  expect(seen).toContain(at);
}

/** An apply whose first new generation ends once somebody watches it. */
async function endsWhileItIsWatched(days: BadDays): Promise<Ran> {
  let ending: Promise<unknown> = Promise.resolve();
  const ran = await days.applyWatching((op) => {
    if (op !== 'container.monitor' && op !== 'canary.bake') return;
    ending = docker('exec', `${days.scene.name}-load-app0`, 'touch', '/tmp/end');
  });
  await ending;
  expect(ran.code, failureOf(ran)).toBe(1);
  expect(failureOf(ran)).toContain('has ended with code 6');
  return ran;
}

/** The generations that run, by instance. */
async function generations(days: BadDays): Promise<ReadonlyMap<string, string>> {
  const format = '{{.Label "io.stackc.instance"}} {{.Label "io.stackc.generation"}} {{.Names}}';
  const filters = [`label=io.stackc.stack=${days.scene.name}`, 'label=io.stackc.container=app'];
  const words = filters.flatMap((filter) => ['--filter', filter]);
  const running = rows(await docker('ps', ...words, '--format', format)).toSorted();
  expect(running.filter((row) => /\.(next|old|failed)$/.test(row))).toEqual([]);
  return new Map(
    running.map((row) => {
      const [instance = '', generation = ''] = row.split(' ');
      return [instance, generation] as const;
    }),
  );
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...before.keys()].filter((instance) => before.get(instance) !== after.get(instance));
}
