import { describe, expect, test } from 'vitest';

import { labels } from '../../../src/compiler/labels.ts';
import { containerKey, instanceKey } from '../../../src/compiler/desired/keys.ts';
import type { HealRoster } from '../../../src/compiler/heal/roster.ts';
import { watchOver, type HealWorld } from '../../../src/runtime/heal/watch-over.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { desiredState } from '../../support/desired.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const roster = (revision: number): HealRoster => ({
  version: 1,
  stack: 'shop',
  revision,
  wanted: [],
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

/** What differs from a scene in which all goes well. */
interface Odd {
  readonly engine?: (engine: HealWorld['engine']) => HealWorld['engine'];
  readonly probe?: HealWorld['agent']['probe'];
  /** What tells what should run; null: nothing does. */
  readonly roster?: () => HealRoster | null;
}

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
  odd: Odd = {},
): Promise<Scene> {
  const clock = virtualClock();
  const engine = memoryEngine({ clock, images: { 'app:1': {} } });
  const scene: Scene = { engine, commands: [], notes: [] };
  for (const name of ['app0', 'app1']) await make(engine, name);
  const stop = new AbortController();
  const endedMs = new Map<string, number>();
  const run: HealWorld['run'] = async (words) => {
    scene.commands.push([clock.now(), words.join(' ')]);
    if (words[0] === '--roster') {
      const told = odd.roster === undefined ? roster(1) : odd.roster();
      return told === null ? { code: 1, stdout: '' } : { code: 0, stdout: JSON.stringify(told) };
    }
    const keys = words.slice(2).filter((word) => word !== '--replace');
    const names = keys.map((word) => word.slice('shop/'.length));
    return { code: await heal(scene, names), stdout: '' };
  };
  const asItIs = (each: HealWorld['engine']): HealWorld['engine'] => each;
  const watching = watchOver({
    stack: 'shop',
    engine: (odd.engine ?? asItIs)({
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
    }),
    agent: { probe: odd.probe ?? (async () => ({ ok: true, status: 200, ms: 1 })) },
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
  const [instance] = desiredState([{ name: 'app' }]).containers.flatMap(({ instances }) => instances);
  const gate = { kind: 'http', over: { port: 3000 }, path: '/ping', status: [[100, 499]], timeoutMs: 2_000 };
  const own = {
    [labels.stack]: 'shop',
    [labels.application]: 'shop',
    [labels.container]: 'app',
    [labels.instance]: name,
    [labels.role]: 'instance',
    [labels.spec]: JSON.stringify({
      ...instance?.spec,
      network: 'stack',
      gate: { ...gate, intervalMs: 50, limitMs: 60_000 },
    }),
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

  test('heals nothing that a scaling has taken away, and what dies of the others', async () => {
    const all = roster(1).instances.map((one) => ({ ...one, scaled: true as const }));
    let wanted = all;
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        wanted = all.slice(0, 1);
        await engine.removeContainer('shop-app1');
        await wait(60_000);
        await engine.removeContainer('shop-app0');
        await wait(60_000);
      },
      makeAll,
      { roster: () => ({ ...roster(1), instances: wanted }) },
    );
    expect(healings(scene)).toEqual([[80_500, '--by agent shop/app0']]);
  });

  test('looks again who there is to be before it tries once more, while a scaling goes on', async () => {
    const all = roster(1).instances.map((one) => ({ ...one, scaled: true as const }));
    let wanted = all;
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        // The scaling removes it, and says so only at its end.
        await engine.removeContainer('shop-app1');
        await wait(3_000);
        wanted = all.slice(0, 1);
        await wait(60_000);
      },
      () => Promise.resolve(75),
      { roster: () => ({ ...roster(1), instances: wanted }) },
    );
    expect(healings(scene).map(([atMs]) => atMs)).toEqual([20_500, 25_500]);
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

describe('what breaks the watch itself', () => {
  test('an engine that goes: said once, and what happened meanwhile is found', async () => {
    let fails = 0;
    let revision = 1;
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        fails = 8;
        revision = 2;
        await wait(30_000);
        await engine.removeContainer('shop-app1');
        await wait(120_000);
      },
      makeAll,
      {
        roster: () => roster(revision),
        engine: (engine) => ({
          ...engine,
          // Its stream ends with it, and it takes a while to come up.
          watchChanges: async (wanted, stop) => {
            if (fails > 0) throw new EngineError('unreachable', 'watch', `gone ${fails--}`);
            const changes = await engine.watchChanges(wanted, stop);
            return (async function* () {
              for await (const change of changes) {
                if (fails > 0) throw new EngineError('cut-off', 'watch', 'cut off');
                yield change;
              }
            })();
          },
        }),
      },
    );
    expect(scene.notes.filter((line) => line.startsWith('nobody watches'))).toHaveLength(1);
    expect(scene.notes).toContain('instances are watched over again');
    expect(healings(scene).map(([, words]) => words)).toEqual(['--by agent shop/app1']);
    // Another apply may have come to its end meanwhile.
    expect(scene.commands.filter(([, words]) => words === '--roster')).toHaveLength(2);
  });

  test('a list that fails for a while ends nothing else', async () => {
    let isOut = false;
    const listens: number[] = [];
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        isOut = true;
        engine.crash('shop-app0', 1);
        await wait(40_000);
        isOut = false;
        await wait(60_000);
      },
      makeAll,
      {
        engine: (engine) => ({
          ...engine,
          watchChanges: (wanted, stop) => {
            listens.push(1);
            return engine.watchChanges(wanted, stop);
          },
          listContainers: async (wanted) => {
            if (isOut) throw new EngineError('timeout', 'list', 'not within 60 s');
            return engine.listContainers(wanted);
          },
        }),
      },
    );
    expect(listens).toHaveLength(1);
    expect(scene.notes).toEqual([
      'nobody watches over instances: not within 60 s',
      'instances are watched over again',
      'healing shop/app0 (ended)',
    ]);
  });

  test('no answer to what should run: asked again, ever more rarely', async () => {
    let answers = 0;
    const scene = await play(
      async (_, wait) => wait(1_800_000),
      makeAll,
      // An apply that never ends.
      { roster: () => (answers++ < 100 ? null : roster(1)) },
    );
    expect(scene.notes.filter((line) => line.startsWith('nothing says'))).toHaveLength(1);
    expect(scene.commands.length).toBeGreaterThan(5);
    expect(scene.commands.length).toBeLessThan(15);
  });

  test('a thousand jobs make it look at nothing', async () => {
    let lists = 0;
    await play(
      async ({ engine }, wait) => {
        await wait(30_000);
        const before = lists;
        const own = { [labels.stack]: 'shop', [labels.role]: 'job' };
        for (let run = 0; run < 100; run += 1) {
          const config = plainConfig({ name: `shop-job.run.${run}`, image: 'app:1', labels: own });
          await engine.startContainer(await engine.createContainer(config));
          await engine.removeContainer(`shop-job.run.${run}`);
          await wait(100);
        }
        expect(lists - before).toBeLessThanOrEqual(1);
      },
      makeAll,
      {
        engine: (engine) => ({
          ...engine,
          listContainers: (wanted) => {
            lists += 1;
            return engine.listContainers(wanted);
          },
        }),
      },
    );
    expect(lists).toBeGreaterThan(1);
  });
});

describe('an instance', () => {
  test('that somebody renamed is there; once it is removed, it is not', async () => {
    const scene = await play(async ({ engine }, wait) => {
      await wait(20_000);
      await engine.renameContainer('shop-app1', 'odd');
      await wait(300_000);
      await engine.removeContainer('odd');
      await wait(60_000);
    }, makeOne);
    expect(healings(scene)).toEqual([[320_500, '--by agent shop/app1']]);
  });

  test('that runs and does not answer is replaced, unless no other does', async () => {
    const sick = new Set<string>();
    let hosts: readonly (string | undefined)[] = [];
    const hostOf = (engine: MemoryEngine, name: string) =>
      engine
        .containers()
        .find((one) => one.name === name)
        ?.id.slice(0, 12);
    const scene = await play(
      async ({ engine }, wait) => {
        hosts = [hostOf(engine, 'shop-app0'), hostOf(engine, 'shop-app1')];
        await wait(25_000);
        for (const host of hosts) sick.add(host ?? '');
        await wait(300_000);
        sick.delete(hosts[1] ?? '');
        await wait(60_000);
      },
      makeAll,
      {
        probe: async ({ target }) =>
          target.kind === 'tcp' && sick.has(target.host)
            ? { ok: true, status: 503, ms: 1 }
            : { ok: true, status: 200, ms: 1 },
      },
    );
    expect(healings(scene).map(([, words]) => words)).toEqual(['--by agent --replace shop/app0']);
    expect(scene.notes.filter((line) => line.includes('a new one would be no better'))).toHaveLength(2);
    expect(scene.notes).toContain('healing shop/app0 (unhealthy: 503 from GET /ping)');
  });

  test('that has not answered yet since it was started has the time of its gate', async () => {
    let isUp = false;
    const scene = await play(
      async ({ engine }, wait) => {
        await wait(20_000);
        await engine.stopContainer('shop-app0', 0);
        await engine.startContainer('shop-app0');
        await wait(50_000);
        isUp = true;
        await wait(60_000);
      },
      makeAll,
      {
        probe: async () => (isUp ? { ok: true, status: 200, ms: 1 } : { ok: false, error: 'ECONNREFUSED' }),
      },
    );
    expect(healings(scene)).toEqual([]);
  });
});

const makeOne = async ({ engine }: Scene, names: readonly string[]): Promise<number> => {
  for (const name of names) await make(engine, name);
  return 0;
};
