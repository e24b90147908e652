import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { JOURNAL_FILE } from '../../src/compiler/plan/agent-spec.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { startStack } from '../support/cli.ts';
import { one, ShopScene, type Version } from '../support/shop-scene.ts';
import { until } from '../support/stack-cli.ts';

const shop = new ShopScene();
const { applied, cli, cutOff, write } = shop;

/** One to six instances, two at first, by hand. */
const scaled: Version = { ...one, count: 2, app: { scale: { min: 1, max: 6 } } };

const scale = (...words: readonly string[]) => cli('scale', '--name', 'shop', '--yes', ...words);
const instances = () =>
  shop
    .ofRole('instance')
    .map(({ name }) => name.replace('shop-', ''))
    .sort();
const idOf = (name: string) => shop.memory.containers().find((container) => container.name === name)?.id;

describe('by hand', () => {
  it('makes and removes instances of what runs, and touches no other', async () => {
    await applied(scaled);
    const first = idOf('shop-app0');
    // What the file says by now is nobody's business.
    await write({ ...scaled, image: 'app:2', count: 1 });
    const up = await scale('app=4');
    expect(up.code, up.stderr).toBe(0);
    expect(up.stdout).toContain('app: 4 instances, set by ');
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
    expect(await scale('shop/app=1')).toMatchObject({ code: 0 });
    expect(instances()).toEqual(['app0']);
    expect(idOf('shop-app0')).toBe(first);
    const { stdout } = await cli('history', '--name', 'shop');
    expect(stdout).toMatch(/^3 .* done \(scale of 1: app 4 → 1\)$/m);
    expect(stdout).toMatch(/^2 .* done \(scale of 1: app 2 → 4\)$/m);
  });

  it('asks first, and changes nothing where nobody can be asked', async () => {
    await applied(scaled);
    const refused = await cli('scale', '--name', 'shop', 'app=4');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('nothing was changed');
    expect(instances()).toEqual(['app0', 'app1']);
  });

  it('shows its plan as JSON, with the number and who set it', async () => {
    await applied(scaled);
    const { stdout } = await cli('--json', 'scale', '--name', 'shop', '--yes', 'app=3');
    const [plan] = stdout.split('\n').map((line) => (line === '' ? null : JSON.parse(line)));
    expect(plan).toMatchObject({
      type: 'plan',
      counts: [{ container: 'shop/app', count: 3, min: 1, max: 6 }],
    });
  });

  it.each([
    ['app=9', 64, '`app` can have 1 to 6 instances, not 9', 'change `max` of its `scale`'],
    ['app=0', 64, '`app` can have 1 to 6 instances, not 0', 'change `min` of its `scale`'],
    ['ap=3', 64, 'there is no container `ap`', 'did you mean `app`?'],
    ['app0=3', 64, '`app0` is one instance of `app`', 'name the container: `app=N`'],
    ['app', 64, '`app` is no container with a number', '`app=4`'],
    ['web=3', 1, 'it has no `scale`', 'write `scale: {min: 1, max: 3}`'],
  ])('refuses %s', async (word, code, why, help) => {
    await applied({ ...scaled, more: { web: { deploy: 'auto', image: 'app:1', startup_time: 0.01 } } });
    const refused = await scale(word);
    expect(refused).toMatchObject({ code });
    expect(refused.stderr).toContain(why);
    expect(refused.stderr).toContain(help);
  });

  it('refuses what is outside of the limits of the hour, which the scaler keeps by itself', async () => {
    const schedule = [{ cron: '* * * * *', min: 3, max: 4 }];
    await applied({ ...scaled, count: 3, app: { scale: { min: 1, max: 6, schedule } } });
    for (const number of [2, 5]) {
      const refused = await scale(`app=${number}`);
      expect(refused).toMatchObject({ code: 64, stdout: '' });
      expect(refused.stderr).toMatch(
        /^error: `app` can have 3 to 4 instances at this hour, until \d{4}-\d\d-\d\d \d\d:\d\d UTC, not /,
      );
      expect(refused.stderr).toContain('help: wait until then, or change the `schedule` of its `scale`');
    }
    expect((await scale('app=7')).stderr).toContain('can have 1 to 6 instances, not 7');
    expect(await scale('app=4')).toMatchObject({ code: 0 });
    // It has asked its own clock.
    expect(await scale('--by-agent', 'app=5')).toMatchObject({ code: 0 });
  });

  it('does without the stack file, and says so where that is broken', async () => {
    await applied(scaled);
    await writeFile(join(shop.cwd, 'stack.json'), '{"name": "shop", ');
    const broken = await cli('scale', '--yes', 'app=3');
    expect(broken).toMatchObject({ code: 65 });
    expect(broken.stderr).toMatch(/\nhelp: `--name STACK` does without the stack file\n$/);
    expect(await scale('app=3')).toMatchObject({ code: 0 });
    expect((await cli('scale', '--help')).stdout).toContain('`--name STACK` does without it');
  });

  it('does nothing after an apply that was cut off', async () => {
    await applied(scaled);
    await cutOff({ ...scaled, image: 'app:2' });
    const refused = await scale('app=4');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('did not come to its end');
  });

  it('does nothing where the number is another by now', async () => {
    await applied(scaled);
    await scale('app=4');
    const refused = await scale('--by-agent', '--from', '2', 'app=3');
    expect(refused).toMatchObject({ code: 75 });
    expect(refused.stderr).toContain('`app` has 4 instances by now, not 2');
  });

  it('writes the number down where as many are there already', async () => {
    await applied(scaled);
    await scale('app=4');
    await shop.memory.removeContainer('shop-app3');
    expect(await scale('app=3')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('there are as many already'),
    });
    expect((await cli('plan')).stdout).toMatch(/^Nothing to do: .*\napp: 3 instances, set by /m);
    expect((await cli('history', '--name', 'shop')).stdout).toMatch(/^3 .* done \(scale of 1: app 4 → 3\)$/m);
    // Of what is asked for and holds already there is nothing to tell.
    await scale('app=3');
    expect((await cli('history', '--name', 'shop')).stdout).not.toMatch(/^4 /m);
  });

  it('waits for nobody who changes the stack', async () => {
    await applied(scaled);
    await write({ ...scaled, image: 'app:2' });
    await shop.hangingApply();
    expect(await scale('app=4')).toMatchObject({ code: 75 });
    // Who tries again by itself has no error of it.
    const byAgent = await scale('--by-agent', 'app=4');
    expect(byAgent).toMatchObject({ code: 75 });
    expect(byAgent.stderr).toMatch(/^somebody else changes stack `shop`: .* for `stack apply`.*\n$/);
  });

  it('tells the agent in one line that a scaling goes on', async () => {
    await applied(scaled);
    await shop.hangingApply('scale', 'app=4');
    const byAgent = await scale('--by-agent', 'app=3');
    expect(byAgent).toMatchObject({ code: 75 });
    expect(byAgent.stderr).toMatch(
      /^\S+ {2}somebody else changes the stack: .* for `stack scale`.*; nothing was done\n$/,
    );
    expect((await scale('app=3')).stderr).toContain('error: the stack is locked');
  });

  it('that failed for the agent is tried again by it, and for people by them', async () => {
    let isBroken = false;
    shop.useEngine({
      before: ({ method }) => {
        if (isBroken && method === 'startContainer')
          throw new EngineError('server', 'start', 'no space left');
      },
    });
    await applied(scaled);
    isBroken = true;
    expect((await scale('--by-agent', 'app=4')).stderr).toMatch(/Failed: .*The agent tries it again\.\n$/);
    expect((await scale('app=4')).stderr).toMatch(/Failed: .*`stack scale app=4` goes on from here\.\n$/);
  });
});

describe('what was set stays', () => {
  it('in a plan, which says whose number it is', async () => {
    await applied(scaled);
    const before = await cli('plan');
    expect(before.stdout).toContain('app: 2 instances, as the file says (1 to 6)');
    await scale('--by-agent', '--why', 'cpu 90 % of 60 %', 'app=4');
    const { stdout } = await cli('plan', '--detailed-exitcode');
    expect(stdout).toMatch(/^Nothing to do: /m);
    expect(stdout).toMatch(/^app: 4 instances, set by the scaler \(1 to 6\)$/m);
    const { counts } = JSON.parse((await cli('--json', 'plan')).stdout) as { counts: unknown };
    expect(counts).toMatchObject([
      { container: 'shop/app', count: 4, min: 1, max: 6, set: { by: 'agent', why: 'cpu 90 % of 60 %' } },
    ]);
  });

  it('in an apply of another version, and within other limits', async () => {
    await applied(scaled);
    await scale('app=5');
    await applied({ ...scaled, image: 'app:2', count: 3 });
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3', 'app4']);
    await applied({ ...scaled, app: { scale: { min: 1, max: 3 } } });
    expect(instances()).toEqual(['app0', 'app1', 'app2']);
    await applied({ ...scaled, count: 4, app: { scale: { min: 4, max: 6 } } });
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
  });

  it('in a healing, which brings back the last of them and none that went', async () => {
    await applied(scaled);
    await scale('app=4');
    await shop.memory.removeContainer('shop-app3');
    const healed = await cli('heal', '--name', 'shop', '--by', 'agent', 'shop/app3');
    expect(healed.code, healed.stderr).toBe(0);
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
    await scale('app=3');
    expect(await cli('heal', '--name', 'shop', 'shop/app3')).toMatchObject({ code: 0 });
    expect(instances()).toEqual(['app0', 'app1', 'app2']);
    const { stdout } = await cli('heal', '--name', 'shop', '--roster');
    const roster = JSON.parse(stdout) as { instances: readonly { name: string; scaled: boolean }[] };
    expect(roster.instances.map(({ name, scaled: is }) => [name, is])).toEqual([
      ['app0', true],
      ['app1', true],
      ['app2', true],
    ]);
  });

  it('in a rollback, and in an apply that is gone on with', async () => {
    await applied(scaled);
    await applied({ ...scaled, image: 'app:2' });
    await scale('app=4');
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
    await cutOff({ ...scaled, image: 'app:3' });
    expect(await cli('resume', '--yes')).toMatchObject({ code: 0 });
    expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
  });

  it('in what was approved while the number changed: nothing is done', async () => {
    const web = { deploy: 'auto', image: 'app:1', startup_time: 0.01, scale: { min: 1, max: 6 } };
    const both: Version = { ...scaled, more: { web } };
    await applied(both);
    await write({ ...both, more: { web: { ...web, env: { A: 'b' } } } });
    for (const [words, before] of [
      [['apply'], 2],
      [['scale', '--name', 'shop', 'web=3'], 4],
    ] as const) {
      const asking = startStack(words, { cwd: shop.cwd, engine: shop.memory, terminal: true });
      await until(
        async () => asking.texts.stderr,
        (text) => text.includes('Type `yes`'),
      );
      expect(await scale(`app=${before + 1}`)).toMatchObject({ code: 0 });
      asking.type('yes\n');
      expect((await asking.done).code).not.toBe(0);
      const { stdout } = await cli('scale', '--name', 'shop', '--yes', `app=${before + 2}`);
      expect(stdout).toContain('Plan: 1 to create');
    }
  });

  it('is forgotten with `scale`, and begins as the file says when it comes back', async () => {
    await applied(scaled);
    await scale('app=4');
    await applied({ ...scaled, app: {} });
    expect(instances()).toEqual(['app0', 'app1']);
    await applied(scaled);
    expect(instances()).toEqual(['app0', 'app1']);
  });

  it('where the journal cannot be read: there are as many as run', async () => {
    await applied(scaled);
    await scale('app=4');
    await shop.memory.removeContainer('shop-agent');
    const { stdout } = await cli('plan');
    expect(stdout).toContain('app: 4 instances, as many as there are: the journal cannot be read (1 to 6)');
    expect(stdout).not.toContain('to remove');
    expect(await scale('app=5')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('cannot be read'),
    });
  });
});

it('goes on with a scaling that was cut off, or takes back what it made', async () => {
  await applied(scaled);
  await shop.cutOffApply('scale', 'app=4');
  expect(await scale('app=4')).toMatchObject({ code: 0 });
  expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
  await shop.cutOffApply('scale', 'app=6');
  expect(await scale('app=4')).toMatchObject({ code: 0 });
  expect(instances()).toEqual(['app0', 'app1', 'app2', 'app3']);
  const { stdout } = await cli('plan');
  expect(stdout).toMatch(/^Nothing to do: /m);
});

it('a scaling that was cut off never was: what it made is taken back', async () => {
  await applied(scaled);
  await shop.cutOffApply('scale', 'app=4');
  const { stdout } = await cli('plan');
  expect(stdout).toContain('app: 2 instances, as the file says');
  expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
  expect(instances()).toEqual(['app0', 'app1']);
});

it.each([
  ['without', one, 0],
  ['with', scaled, 1],
])('an apply with nothing to do of a stack %s `scale` and the journal', async (_, version, reads) => {
  const calls: string[] = [];
  shop.useEngine({
    before: ({ method, args: [, path] }) => {
      if (method === 'fetchFile') calls.push(String(path));
      return undefined;
    },
  });
  await applied(version);
  calls.length = 0;
  expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
  expect(calls.filter((path) => path === JOURNAL_FILE)).toHaveLength(reads);
});
