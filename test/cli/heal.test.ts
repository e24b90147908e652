import { describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import type { HealRoster } from '../../src/compiler/heal/roster.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import type { EngineCall } from '../support/memory/world.ts';
import { AS_ONE, AS_TWO, bad, one, ShopScene, two, withData } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, cutOff, kept, running, write } = shop;

const heal = (...words: readonly string[]) => cli('heal', '--name', 'shop', ...words);
const idOf = (name: string) => shop.memory.containers().find((container) => container.name === name)?.id;
const names = () =>
  shop.memory
    .containers()
    .filter(({ labels: own }) => own[labels.role] === 'instance')
    .map(({ name }) => name)
    .sort();
const imageOf = (name: string) => {
  const found = shop.memory.containers().find((container) => container.name === name);
  return ['app:1', 'app:2', 'app:3'].find((known) => shop.memory.image(known) === found?.imageId);
};

describe('heal', () => {
  it('makes an instance again that was removed, as it was applied last, and nothing else', async () => {
    await applied(two);
    const other = idOf('shop-app0');
    await shop.memory.removeContainer('shop-app1');
    // What the file says by now is nobody's business.
    await write({ ...one, count: 5 });
    const healed = await heal('--by', 'agent');
    expect(healed.code, healed.stderr).toBe(0);
    expect(await running()).toEqual(AS_TWO);
    expect(idOf('shop-app0')).toBe(other);
    const { stdout } = await cli('history', '--name', 'shop');
    expect(stdout).toMatch(/^2 .* agent@\S+ .* done \(heal of 1: app1\)$/m);
  });

  it('starts one again that has ended', async () => {
    await applied({ ...one, app: { restart: 'no' } });
    const before = idOf('shop-app0');
    shop.memory.crash('shop-app0', 137);
    const healed = await heal('app0');
    expect(healed.code, healed.stderr).toBe(0);
    expect(await running()).toEqual(AS_ONE);
    expect(idOf('shop-app0')).toBe(before);
  });

  it('replaces one that runs only where it is told to', async () => {
    await applied(one);
    const before = idOf('shop-app0');
    expect(await heal('app0')).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing to heal') });
    expect(idOf('shop-app0')).toBe(before);
    expect(await heal('--replace', 'app0')).toMatchObject({ code: 0 });
    expect(idOf('shop-app0')).not.toBe(before);
    expect(await running()).toEqual(AS_ONE);
  });

  it('leaves a container with `heal: false` as it is, also where the stack says so', async () => {
    await applied({ ...one, app: { heal: false } });
    await shop.memory.removeContainer('shop-app0');
    const healed = await heal();
    expect(healed).toMatchObject({ code: 0 });
    expect(healed.stderr).toContain('`app0` is left as it is: `heal: false`');
    expect(await running()).toEqual([]);
    shop.useEngine();
    await applied({ ...one, stack: { heal: false }, more: { jobs: { ...daemon, heal: true } } });
    await shop.memory.removeContainer('shop-app0');
    await shop.memory.removeContainer('shop-jobs0');
    expect(await heal()).toMatchObject({ code: 0 });
    expect(idOf('shop-jobs0')).toBeDefined();
    expect(idOf('shop-app0')).toBeUndefined();
  });

  it('starts and makes a `manual` one, and never replaces it', async () => {
    const jobs = (image: string) => ({ more: { jobs: { ...daemon, deploy: 'manual', image } } });
    await applied({ ...one, ...jobs('app:1') });
    // It differs from then on, and is held.
    await applied({ ...one, ...jobs('app:2') });
    const before = idOf('shop-jobs0');
    await shop.memory.stopContainer('shop-jobs0', 0);
    const healed = await heal();
    expect(healed.code, healed.stderr).toBe(0);
    expect(idOf('shop-jobs0')).toBe(before);
    expect(shop.memory.containers().find(({ id }) => id === before)).toMatchObject({ state: 'running' });
    const forced = await heal('--replace', 'jobs0');
    expect(forced.stderr).toContain('`jobs0` is left as it is: it is `manual`, and runs');
    expect(idOf('shop-jobs0')).toBe(before);
    await shop.memory.removeContainer('shop-jobs0');
    expect(await heal()).toMatchObject({ code: 0 });
    expect(idOf('shop-jobs0')).toBeDefined();
  });

  it('never starts one of another version where the last apply did not come to its end', async () => {
    await applied({ ...one, count: 2 });
    await cutOff({ ...two, count: 2 });
    const [gone, left] = await Promise.all(['shop-app0', 'shop-app1'].map(async (name) => imageOf(name)));
    expect([gone, left]).toContain('app:1');
    await shop.memory.stopContainer('shop-app1', 0);
    const healed = await heal();
    expect(healed.code, healed.stderr).toBe(0);
    expect(imageOf('shop-app1')).toBe(left);
    expect(shop.memory.containers().find(({ name }) => name === 'shop-app1')).toMatchObject({
      state: 'running',
    });
    await shop.memory.removeContainer('shop-app1');
    const missing = await heal();
    expect(missing.stderr).toContain('`app1` is left as it is: it is gone, and the last apply');
    expect(idOf('shop-app1')).toBeUndefined();
    // The apply goes on as if nobody had healed.
    expect(await cli('resume', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_TWO);
  });

  it('creates nothing of a whole revision behind an apply of a part', async () => {
    await applied({ ...one, more: { jobs: daemon } });
    await write({ ...two, count: 1, more: { jobs: daemon } });
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    await shop.memory.removeContainer('shop-app0');
    const healed = await heal();
    expect(healed.stderr).toContain('`app0` is left as it is');
    expect(idOf('shop-app0')).toBeUndefined();
  });

  it('makes no volume anew whose data is gone', async () => {
    await applied(withData);
    await shop.memory.removeContainer('shop-app0');
    const volume = shop.memory.volumes().find((name) => name.includes('data'));
    await shop.memory.removeVolume(volume ?? '');
    const healed = await heal();
    expect(healed).toMatchObject({ code: 1 });
    expect(healed.stderr).toContain(`cannot be healed without \`volume ${volume}\``);
    expect(idOf('shop-app0')).toBeUndefined();
  });

  it('is told by `status` where it was of no use too often', async () => {
    await applied({ ...one, app: { restart: 'no' } });
    for (let time = 0; time < 5; time += 1) {
      shop.memory.crash('shop-app0', 1);
      expect((await cli('status', '--name', 'shop')).stderr).not.toContain('left alone');
      expect(await heal()).toMatchObject({ code: 0 });
    }
    expect((await cli('status', '--name', 'shop')).stderr).not.toContain('left alone');
    shop.memory.crash('shop-app0', 1);
    for (const words of [['--name', 'shop'], []])
      expect((await cli('status', ...words)).stderr).toContain(
        'app0 was healed 5 times and broke each time: it is left alone for an hour, or until the next `stack apply`',
      );
    const { stdout } = await heal('--roster');
    expect(JSON.parse(stdout)).toMatchObject({
      stack: 'shop',
      revision: 1,
      instances: [{ key: 'shop/app0', engineName: 'shop-app0', replaceable: true }],
    });
    expect(JSON.parse(stdout).instances[0].healedMs).toHaveLength(5);
  });

  it('runs no migration, and leaves paused ones alone', async () => {
    await applied({ ...one, app: { migration: { command: 'migrate' } } });
    await Promise.all(shop.ofRole('migration').map(({ id }) => shop.memory.removeContainer(id)));
    await shop.memory.removeContainer('shop-app0');
    expect(await heal()).toMatchObject({ code: 0 });
    expect(shop.ofRole('migration')).toEqual([]);
    expect(await running()).toEqual(AS_ONE);
  });

  it('goes on with a healing that was cut off where it made one again', async () => {
    await applied(two);
    await shop.memory.removeContainer('shop-app1');
    await shop.hangingApply('heal', '--by', 'agent');
    await cli('unlock', '--yes');
    expect(names()).toContain('shop-app1.1.next');
    const { stdout } = await heal('--roster');
    const half = (JSON.parse(stdout) as HealRoster).instances.filter((each) => each.cutOff);
    expect(half.map(({ name }) => name)).toEqual(['app1']);
    const healed = await heal('--by', 'agent', 'app1');
    expect(healed.code, healed.stderr).toBe(0);
    expect(await running()).toEqual(AS_TWO);
    expect(names()).toEqual(['shop-app0', 'shop-app1']);
    const { stdout: history } = await cli('history', '--name', 'shop');
    expect(history).toMatch(/^3 .* done \(heal of 1: app1\)$/m);
    expect(history).toMatch(/^2 .* cut off at shop\/app1 start 1 \(heal of 1: app1\)$/m);
    expect(JSON.parse((await heal('--roster')).stdout).instances).toMatchObject([
      { cutOff: false },
      { cutOff: false },
    ]);
  });

  it('tidies what a healing that was cut off has left beside a new generation that runs', async () => {
    await applied({ ...two, app: { strategy: { order: 'start-first' } } });
    const isStop = ({ method }: EngineCall) => method === 'stopContainer';
    await shop.hanging(isStop, 'heal', '--replace', 'app0', '--by', 'agent');
    await cli('unlock', '--yes');
    expect(names()).toContain('shop-app0.1.old');
    const before = idOf('shop-app0');
    const healed = await heal('--by', 'agent', 'app0');
    expect(healed.code, healed.stderr).toBe(0);
    expect(names()).toEqual(['shop-app0', 'shop-app1']);
    expect(idOf('shop-app0')).toBe(before);
  });

  it('makes one anew that was taken off its network, since nobody would reach it', async () => {
    await applied({ ...one, app: { restart: 'no' } });
    const before = idOf('shop-app0');
    await shop.memory.disconnectNetwork('shop', before ?? '');
    shop.memory.crash('shop-app0', 1);
    const healed = await heal('app0');
    expect(healed.code, healed.stderr).toBe(0);
    expect(idOf('shop-app0')).not.toBe(before);
    expect(await running()).toEqual(AS_ONE);
  });

  it('tells whom to watch, and whom each of them needs', async () => {
    const more = { web: { ...daemon, depends_on: ['app'] }, log: { ...daemon, links: ['web0:w'] } };
    await applied({ ...one, more });
    const { stdout } = await heal('--roster');
    const { instances } = JSON.parse(stdout) as HealRoster;
    expect(instances.map(({ key, container, needs }) => [key, container, needs])).toEqual([
      ['shop/app0', 'shop/app', []],
      ['shop/web0', 'shop/web', ['shop/app']],
      ['shop/log0', 'shop/log', ['shop/web']],
    ]);
  });

  it('waits for nobody who changes the stack', async () => {
    await applied({ ...one, count: 2 });
    await write(two);
    await shop.hangingApply();
    await shop.memory.stopContainer('shop-app1', 0);
    const locked = await heal();
    expect(locked).toMatchObject({ code: 75 });
    expect(locked.stderr).toMatch(/ {2}somebody else changes the stack: .*; nothing was done\n$/);
    expect(locked.stderr).not.toMatch(/error|unlock/);
  });

  it('that failed is tried again by the agent: nobody has to run it', async () => {
    let isBroken = false;
    shop.useEngine({
      before: ({ method }) => {
        if (isBroken && method === 'startContainer')
          throw new EngineError('server', 'start', 'no space left');
      },
    });
    await applied({ ...one, app: { restart: 'no' } });
    shop.memory.crash('shop-app0', 1);
    isBroken = true;
    const failed = await heal('--by', 'agent', 'app0');
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/Failed: app0\. The agent tries it again\.\n$/);
  });

  it('is no revision to go back to, nor one to go on with', async () => {
    await applied(one);
    await applied(two);
    await shop.memory.removeContainer('shop-app1');
    expect(await heal()).toMatchObject({ code: 0 });
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2']);
    expect((await cli('resume', '--name', 'shop', '--yes')).stderr).toContain('came to its end');
    const back = await cli('rollback', '--name', 'shop', '--yes');
    expect(back.code, back.stderr).toBe(0);
    expect(back.stderr).toMatch(/^back to revision 1 /);
    expect(await running()).toEqual(AS_ONE);
  });

  it('says what it cannot know: nothing was applied, or a name that is not there', async () => {
    await write(bad);
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    const nothing = await heal();
    expect(nothing).toMatchObject({ code: 1 });
    expect(nothing.stderr).toContain('nothing says what should run of stack `shop`');
    await applied(one);
    expect(await heal('app7')).toMatchObject({ code: 64 });
  });
});

const daemon = { deploy: 'auto', image: 'app:1', startup_time: 0.01 };
