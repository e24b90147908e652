import { describe, expect, test } from 'vitest';

import { labels } from '../../../src/compiler/labels.ts';
import { containerKey, instanceKey } from '../../../src/compiler/desired/keys.ts';
import type { HealRoster } from '../../../src/compiler/heal/roster.ts';
import { watchOver, type HealWorld } from '../../../src/runtime/heal/watch-over.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const roster = (revision: number): HealRoster => ({
  version: 1,
  stack: 'shop',
  revision,
  instances: ['app0', 'app1'].map((name) => ({
    key: instanceKey('shop', name),
    container: containerKey('shop', 'app'),
    needs: [],
    name,
    engineName: `shop-${name}`,
    replaceable: true,
    healedMs: [],
    cutOff: false,
  })),
});

interface Scene {
  readonly engine: MemoryEngine;
  /** When a command was run, and its words. */
  readonly commands: (readonly [number, string])[];
  readonly notes: string[];
}

/** The agent beside two instances; `heal` is what the command does, `story` what happens meanwhile. */
async function play(
  story: (scene: Scene, wait: (ms: number) => Promise<void>) => Promise<void>,
  heal: (scene: Scene, names: readonly string[]) => Promise<number>,
): Promise<Scene> {
  const clock = virtualClock();
  const engine = memoryEngine({ clock, images: { 'app:1': {} } });
  const scene: Scene = { engine, commands: [], notes: [] };
  for (const name of ['app0', 'app1']) await make(engine, name);
  const stop = new AbortController();
  const endedMs = new Map<string, number>();
  const run: HealWorld['run'] = async (words) => {
    scene.commands.push([clock.now(), words.join(' ')]);
    if (words[0] === '--roster') return { code: 0, stdout: JSON.stringify(roster(1)) };
    const names = words.slice(2).map((word) => word.slice('shop/'.length));
    return { code: await heal(scene, names), stdout: '' };
  };
  const watching = watchOver({
    stack: 'shop',
    engine: {
      ...engine,
      // As the real one's, its list is behind its own events: what ended just now still runs in it.
      listContainers: async (wanted) => {
        const rows = await engine.listContainers(wanted);
        return rows.map((row) => {
          if (row.state === 'running') return row;
          endedMs.set(row.id, endedMs.get(row.id) ?? clock.now());
          return clock.now() < (endedMs.get(row.id) ?? 0) + 100 ? { ...row, state: 'running' } : row;
        });
      },
    },
    agent: { probe: async () => ({ ok: true, status: 200, ms: 1 }) },
    clock,
    run,
    note: (line) => void scene.notes.push(line),
    stop: stop.signal,
  });
  const telling = async (): Promise<void> => {
    await story(scene, (ms) => clock.sleep(ms));
    stop.abort();
    await watching;
  };
  await clock.run(telling());
  return scene;
}

async function make(engine: MemoryEngine, name: string): Promise<void> {
  const own = {
    [labels.stack]: 'shop',
    [labels.application]: 'shop',
    [labels.container]: 'app',
    [labels.instance]: name,
    [labels.role]: 'instance',
  };
  await engine.startContainer(
    await engine.createContainer(plainConfig({ name: `shop-${name}`, image: 'app:1', labels: own })),
  );
}

const makeAll = async ({ engine }: Scene, names: readonly string[]): Promise<number> => {
  for (const name of names) {
    await engine.removeContainer(`shop-${name}`);
    await make(engine, name);
  }
  return 0;
};

const healings = ({ commands }: Scene) => commands.filter(([, words]) => words !== '--roster');

describe('the agent', () => {
  test('has one brought back that was removed, half a second later, and nothing else', async () => {
    const scene = await play(async ({ engine }, wait) => {
      await wait(20_000);
      await engine.removeContainer('shop-app1');
      await wait(600_000);
    }, makeAll);
    expect(healings(scene)).toEqual([[20_500, '--by agent shop/app1']]);
    expect(scene.notes).toEqual(['healing shop/app1 (gone)']);
  });

  test('tries again while somebody changes the stack', async () => {
    let refusals = 3;
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        engine.crash('shop-app0', 1);
        await wait(600_000);
      },
      async (now, names) => (refusals-- > 0 ? 75 : makeAll(now, names)),
    );
    expect(healings(scene).map(([atMs]) => atMs)).toEqual([20_700, 25_700, 35_700, 55_700]);
  });

  test('leaves alone what dies again and again, and says so once', async () => {
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        engine.crash('shop-app0', 1);
        await wait(1_800_000);
      },
      async () => 1,
    );
    expect(healings(scene)).toHaveLength(5);
    expect(scene.notes.filter((line) => line.includes('left alone'))).toEqual([
      'shop/app0 breaks again and again: it is left alone for an hour, or until the next `stack apply`; `stack logs app0` may tell why',
    ]);
  });

  test('asks anew what should run when an apply has come to its end', async () => {
    const scene = await play(async ({ engine }, wait) => {
      await wait(20_000);
      const own = { [labels.stack]: 'shop', [labels.role]: 'revision' };
      const name = 'shop.revision.2.begun';
      const id = await engine.createContainer(plainConfig({ name, image: 'app:1', labels: own }));
      await engine.renameContainer(id, 'shop.revision.2');
      await wait(1_000);
    }, makeAll);
    expect(scene.commands.map(([, words]) => words)).toEqual(['--roster', '--roster']);
  });

  test('leaves alone what somebody brings back at once: a restart by hand', async () => {
    const scene = await play(async ({ engine }, wait) => {
      await wait(20_000);
      engine.crash('shop-app0', 1);
      await wait(100);
      await engine.startContainer('shop-app0');
      await wait(120_000);
    }, makeAll);
    expect(healings(scene)).toEqual([]);
  });
});
