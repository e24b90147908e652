import { describe, expect, test } from 'vitest';

import { containerKey } from '../../../src/compiler/desired/keys.ts';
import { labels } from '../../../src/compiler/labels.ts';
import type { ScaleReport } from '../../../src/compiler/scale/report.ts';
import type { ScaleEntry, ScaleRoster } from '../../../src/compiler/scale/roster.ts';
import type { ContainerUsage } from '../../../src/runtime/engine.ts';
import { scaleAlong } from '../../../src/runtime/scale/scaler.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { blankSpec } from '../../support/desired.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const SECOND_MS = 1000;

/** Of a Redis list, ten jobs for one instance; one more after 30 s, one fewer after 60 s. */
const entry: ScaleEntry = {
  key: containerKey('shop', 'app'),
  count: 2,
  min: 1,
  max: 5,
  pace: { up: { step: 4, afterMs: 30_000 }, down: { step: 1, afterMs: 60_000 }, cooldownMs: 30_000 },
  schedule: [],
  cpus: null,
  last: null,
  sources: [
    { kind: 'lists', host: 'shop-redis0', port: 6379, lists: ['jobs'], password: 'hush', target: 10 },
  ],
};

class Scene {
  readonly engine: MemoryEngine;
  readonly clock = virtualClock();
  readonly commands: (readonly [number, string])[] = [];
  readonly notes: string[] = [];
  readonly reports: (ScaleReport | null)[] = [];
  roster: Omit<ScaleRoster, 'version' | 'stack'> = { revision: 1, idle: null, containers: [entry] };
  /** Null: Redis does not answer. */
  jobs: number | null = 20;
  /** The same of one of its lists. */
  jobsOf: (list: string) => number | null = () => this.jobs;
  usage: (id: string) => ContainerUsage | null = () => null;
  /** The name of an instance that somebody has paused. */
  paused: string | null = null;
  /** What the command gives. */
  code = 0;
  /** How long a change takes, by the words of it. */
  changeMs: (words: string) => number = () => 0;
  /** What happens while it is told what is scaled. */
  meanwhile: () => Promise<void> = () => Promise.resolve();
  /** What the command gives where it is asked what is scaled. */
  rosterCode = 0;
  /** How long Redis takes. */
  tookMs = 0;
  /** How far the clock on the wall is ahead of the one that nobody sets. */
  wallAheadMs = 0;

  constructor() {
    this.engine = memoryEngine({ clock: this.clock, images: { 'app:1': {} } });
  }

  async make(count: number, container = 'app'): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const instance = `${container}${index}`;
      if ((await this.engine.findContainer(`shop-${instance}`)) !== null) continue;
      const own = {
        [labels.stack]: 'shop',
        [labels.role]: 'instance',
        [labels.application]: 'shop',
        [labels.container]: container,
        [labels.instance]: instance,
      };
      const config = plainConfig({ name: `shop-${instance}`, image: 'app:1', labels: own });
      await this.engine.startContainer(await this.engine.createContainer(config));
    }
  }

  /** What an apply of `stack scale` comes to: the number is the roster's from then on. */
  async #scaled(key: string, to: number): Promise<void> {
    const container = key.replace('shop/', '');
    await this.make(to, container);
    for (let index = to; index < 10; index += 1)
      await this.engine.removeContainer(`shop-${container}${index}`);
    this.set(to, key);
  }

  /** What somebody sets, as the roster tells it. */
  set(to: number, container = 'shop/app'): void {
    const at = this.clock.now() + this.wallAheadMs;
    const last = { container, from: 0, to, by: 'agent', at, why: null };
    const containers = this.roster.containers.map((one) =>
      one.key === container ? { ...one, count: to, last } : one,
    );
    this.roster = { ...this.roster, containers };
  }

  async play(
    story: (scene: Scene, wait: (seconds: number) => Promise<void>) => Promise<void>,
  ): Promise<this> {
    await this.make(2);
    const stop = new AbortController();
    const scaling = scaleAlong({
      stack: 'shop',
      engine: {
        ...this.engine,
        usage: (id) => Promise.resolve(this.usage(id)),
        listContainers: async (wanted) =>
          (await this.engine.listContainers(wanted)).map((row) =>
            row.name === this.paused ? { ...row, state: 'paused' } : row,
          ),
      },
      clock: {
        ...this.clock,
        wallMs: () => this.clock.now() + this.wallAheadMs,
        upMs: () => this.clock.now(),
      },
      run: async (words) => {
        this.commands.push([this.clock.now() / SECOND_MS, words.join(' ')]);
        if (words[0] !== '--roster') await this.clock.sleep(this.changeMs(words.at(-1) ?? ''));
        else await this.meanwhile();
        if (words[0] === '--roster')
          return {
            code: this.rosterCode,
            stdout: JSON.stringify({ version: 1, stack: 'shop', ...this.roster }),
          };
        const [key = '', to] = words.at(-1)?.split('=') ?? [];
        if (this.code === 0) await this.#scaled(key, Number(to));
        return { code: this.code, stdout: '' };
      },
      haproxyStats: () => Promise.reject(new Error('nobody asks')),
      redisLength: async ({ password, lists: [list = ''] }) => {
        await this.clock.sleep(this.tookMs);
        const jobs = this.jobsOf(list);
        if (jobs === null || password !== 'hush') throw new Error('connect ECONNREFUSED');
        return jobs;
      },
      keep: (report) => {
        this.reports.push(report);
        return Promise.resolve();
      },
      note: (line) => void this.notes.push(line),
      stop: stop.signal,
    });
    const telling = async (): Promise<void> => {
      await story(this, (seconds) => this.clock.sleep(seconds * SECOND_MS));
      stop.abort();
      await scaling;
    };
    await this.clock.run(telling());
    return this;
  }

  /** What is kept. */
  get report(): ScaleReport | null {
    return this.reports.at(-1) ?? null;
  }

  get changes(): Scene['commands'] {
    return this.commands.filter(([, words]) => words !== '--roster');
  }
}

describe('the scaler', () => {
  test('adds what is wanted once it is wanted for long enough, and says why', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await wait(60);
      now.jobs = 40;
      await wait(120);
    });
    expect(scene.changes).toEqual([[90, '--by-agent --from 2 --why queue 20 of 10 shop/app=4']]);
    expect(scene.notes).toEqual(['scaling shop/app from 2 to 4: queue 20 of 10']);
    expect(scene.report?.containers).toMatchObject([
      { key: 'shop/app', count: 4, serving: 4, rest: 'settled', sources: [{ name: 'queue', value: 10 }] },
    ]);
    expect(JSON.stringify(scene.report)).not.toContain('hush');
  });

  /** One that has too many, and one that has too few; the number of each changes so long, in seconds. */
  const twoOf = async (first: string, changeS: Readonly<Record<string, number>>, waitS: number) => {
    const scene = new Scene();
    const of = (name: string, list: string): ScaleEntry => ({
      ...entry,
      key: containerKey('shop', name),
      pace: { ...entry.pace, up: { step: 4, afterMs: 60_000 } },
      sources: entry.sources.map((source) => ({ ...source, lists: [list] })),
    });
    const [app, web] = [of('app', 'few'), of('web', 'many')];
    scene.roster = { ...scene.roster, containers: first === 'app' ? [app, web] : [web, app] };
    scene.jobsOf = (list) => (list === 'few' ? 10 : 40);
    scene.changeMs = (words) => (changeS[words.split('=')[0] ?? ''] ?? 0) * SECOND_MS;
    await scene.make(2, 'web');
    return scene.play((_, wait) => wait(waitS));
  };

  test.each(['app', 'web'])(
    'makes those first that are missing: with %s first in the file',
    async (first) => {
      const { changes } = await twoOf(first, { 'shop/app': 30, 'shop/web': 10 }, 120);
      expect(changes.map(([atS, words]) => [atS, words.split(' ').at(-1)])).toEqual([
        [60, 'shop/web=4'],
        [70, 'shop/app=1'],
      ]);
    },
  );

  test('leaves to the next look what was decided before a change that took long, and looks at once', async () => {
    const { changes, report } = await twoOf('app', { 'shop/web': 60 }, 130);
    expect(changes.map(([atS, words]) => [atS, words.split(' ').at(-1)])).toEqual([
      [60, 'shop/web=4'],
      [120, 'shop/app=1'],
    ]);
    expect(report?.containers).toMatchObject([
      { key: 'shop/app', count: 1, rest: 'changed' },
      { key: 'shop/web', count: 4, rest: 'settled' },
    ]);
  });

  test('does not carry out at all what is not wanted any more by then', async () => {
    const scene = new Scene();
    scene.roster = { ...scene.roster, containers: [entry, { ...entry, key: containerKey('shop', 'web') }] };
    scene.jobs = 40;
    scene.changeMs = () => 40 * SECOND_MS;
    await scene.make(2, 'web');
    await scene.play(async (now, wait) => {
      await wait(40);
      now.jobs = 20;
      await wait(60);
    });
    expect(scene.changes.map(([atS, words]) => [atS, words.split(' ').at(-1)])).toEqual([[30, 'shop/app=4']]);
  });

  test.each(['shop-web0', 'shop-web0.1.next'])('sees what an apply has made meanwhile: %s', async (name) => {
    const scene = new Scene();
    const command: ScaleEntry['sources'][number] = {
      kind: 'command',
      container: containerKey('shop', 'web'),
      command: ['backlog'],
      timeoutMs: 1000,
      target: 10,
    };
    scene.roster = { ...scene.roster, containers: [{ ...entry, sources: [command] }] };
    scene.meanwhile = async () => {
      await scene.make(1, 'web');
      await scene.engine.renameContainer('shop-web0', name);
    };
    await scene.play((_, wait) => wait(1));
    expect(scene.commands).toEqual([[0, '--roster']]);
    // What the engine of the tests makes of it is another matter.
    expect(scene.report?.containers[0]?.sources[0]?.why).not.toBe('no container runs for its command');
  });

  test('asks who is scaled once, and again when containers come or go', async () => {
    const scene = await new Scene().play((_, wait) => wait(3600));
    expect(scene.commands.map(([atS]) => atS)).toEqual([0]);
    const other = await new Scene().play(async (now, wait) => {
      await wait(100);
      await now.engine.removeContainer('shop-app1');
      await wait(100);
    });
    expect(other.commands.map(([atS, words]) => [atS, words])).toEqual([
      [0, '--roster'],
      [105, '--roster'],
    ]);
  });

  test('takes one away at a time, and none while nothing is measured', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      now.jobs = null;
      await wait(600);
      now.jobs = 0;
      await wait(300);
    });
    expect(scene.changes).toEqual([[660, '--by-agent --from 2 --why queue 0 of 10 shop/app=1']]);
  });

  test('tries again while somebody changes the stack', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      now.jobs = 40;
      now.code = 75;
      await wait(70);
      now.code = 0;
      await wait(100);
    });
    expect(scene.changes.map(([atS]) => atS)).toEqual([30, 45, 60, 75]);
    expect(scene.notes[1]).toBe('somebody changes the stack: scaled later');
  });

  test('waits ever longer after a change that failed', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      now.jobs = 40;
      now.code = 1;
      await wait(600);
    });
    expect(scene.changes.map(([atS]) => atS)).toEqual([30, 60, 120, 240, 480]);
    expect(scene.report?.containers[0]).toMatchObject({ rest: 'failed', failures: 5 });
  });

  test('tries at once what failed, with another revision', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      now.jobs = 40;
      now.code = 1;
      await wait(600);
      now.code = 0;
      now.roster = { ...now.roster, revision: 2 };
      const own = { [labels.stack]: 'shop', [labels.role]: 'revision' };
      await now.engine.createContainer(plainConfig({ name: 'shop.revision.2', image: 'app:1', labels: own }));
      await wait(30);
    });
    expect(scene.changes.map(([atS]) => atS)).toEqual([30, 60, 120, 240, 480, 600]);
  });

  test.each([12, 28])('follows what takes %i s to measure, where the file is in a hurry', async (tookS) => {
    const scene = new Scene();
    const pace = { ...entry.pace, up: { step: 4, afterMs: 5_000 } };
    scene.roster = { ...scene.roster, containers: [{ ...entry, pace }] };
    scene.jobs = 40;
    scene.tookMs = tookS * SECOND_MS;
    await scene.play((_, wait) => wait(120));
    expect(scene.changes).toHaveLength(1);
  });

  test('asks again where it was told of an instance that is not there', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      now.jobs = 10;
      await wait(20);
      await now.engine.removeContainer('shop-app1');
      await wait(20);
      // What removed it has come to its end only now.
      now.set(1);
      await wait(300);
    });
    expect(scene.commands.map(([atS]) => atS)).toEqual([0, 30, 330]);
    expect(scene.report?.containers[0]).toMatchObject({ count: 1, rest: 'settled' });
  });

  test('does nothing after an apply that did not come to its end, nor while an instance is paused', async () => {
    const idle = 'the last apply did not come to its end';
    const unsettled = new Scene();
    unsettled.roster = { ...unsettled.roster, idle };
    unsettled.jobs = 40;
    await unsettled.play((_, wait) => wait(300));
    expect(unsettled.changes).toEqual([]);
    expect(unsettled.report).toMatchObject({ idle, containers: [{ rest: 'idle' }] });
    const paused = await new Scene().play(async (now, wait) => {
      now.jobs = 40;
      now.paused = 'shop-app1';
      await wait(300);
    });
    expect(paused.changes).toEqual([]);
    expect(paused.report?.containers[0]?.rest).toBe('paused');
  });

  test('keeps to the clock, with and without a source', async () => {
    const at = (line: string, min: number, max: number) => ({
      when: { schedule: [line], timezone: 'UTC' },
      min,
      max,
    });
    // It begins at midnight.
    const schedule = [at('10 0 * * *', 4, 5), at('30 0 * * *', 1, 3)];
    const plain = new Scene();
    plain.roster = { ...plain.roster, containers: [{ ...entry, schedule, sources: [] }] };
    await plain.play((_, wait) => wait(3600));
    expect(plain.changes).toEqual([
      // The evening before still holds.
      [0, '--by-agent --from 2 --why by the clock shop/app=1'],
      [600, '--by-agent --from 1 --why by the clock shop/app=4'],
      [1800, '--by-agent --from 4 --why by the clock shop/app=1'],
    ]);
    const measured = new Scene();
    measured.roster = { ...measured.roster, containers: [{ ...entry, schedule }] };
    measured.jobs = 30;
    await measured.play((_, wait) => wait(3600));
    expect(measured.changes.map(([atS, words]) => [atS, words.slice(-10)])).toEqual([
      [30, 'shop/app=3'],
      [600, 'shop/app=4'],
      [1800, 'shop/app=3'],
    ]);
  });

  test.each([
    ['slept for eight hours', 8],
    ['set its clock back by eight', -8],
  ])('keeps to the clock of people where the machine %s', async (_, hours) => {
    const at = (line: string, min: number) => ({ when: { schedule: [line], timezone: 'UTC' }, min, max: 5 });
    const scene = new Scene();
    const schedule = [at('10 * * * *', 4), at('30 * * * *', 1)];
    scene.roster = { ...scene.roster, containers: [{ ...entry, schedule, sources: [] }] };
    await scene.play(async (now, wait) => {
      await wait(60);
      now.wallAheadMs = hours * 3600 * SECOND_MS;
      await wait(60);
      now.set(3);
      await now.make(3);
      await wait(1800);
    });
    expect(scene.changes.map(([atS, words]) => [atS, words.slice(-10)])).toEqual([
      [0, 'shop/app=1'],
      // What was set by hand holds until then.
      [600, 'shop/app=4'],
      [1800, 'shop/app=1'],
    ]);
  });

  test.each([
    ['shop-app2', 1],
    ['shop-app2.1.next', 1],
    ['shop-app2.1.failed', 0],
    ['renamed', 1],
  ])('takes away what a scaling that was cut off has made: %s', async (name, times) => {
    const scene = await new Scene().play(async (now, wait) => {
      await wait(20);
      await now.make(3);
      await now.engine.renameContainer('shop-app2', name);
      await wait(60);
      await now.engine.removeContainer(name);
    });
    expect(scene.changes.length).toBeGreaterThanOrEqual(times);
    if (times === 0) expect(scene.changes).toEqual([]);
  });

  test('leaves alone what replaces one that is wanted', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await now.engine.renameContainer('shop-app1', 'shop-app1.2.next');
      await wait(60);
    });
    expect(scene.changes).toEqual([]);
  });

  test('leaves alone what is called alike', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await now.make(3, 'app1');
      await wait(300);
    });
    expect(scene.changes).toEqual([]);
    expect(scene.report?.containers[0]).toMatchObject({ serving: 2, rest: 'settled' });
  });

  test('runs a command in its container, not in one that is called alike', async () => {
    const scene = new Scene();
    const command: ScaleEntry['sources'][number] = {
      kind: 'command',
      container: entry.key,
      command: ['backlog'],
      timeoutMs: 1000,
      target: 10,
    };
    scene.roster = { ...scene.roster, containers: [{ ...entry, sources: [command] }] };
    await scene.play(async (now, wait) => {
      await now.make(1, 'app1');
      for (const name of ['shop-app0', 'shop-app1']) await now.engine.removeContainer(name);
      await wait(30);
    });
    expect(scene.report?.containers[0]?.sources[0]?.why).toBe('no container runs for its command');
  });

  test('counts what was adopted, which has no labels', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await now.engine.removeContainer('shop-app1');
      const id = await now.engine.createContainer(plainConfig({ name: 'old-app', image: 'app:1' }));
      await now.engine.startContainer(id);
      const spec = { ...blankSpec, migration: null, gate: null, port: null, adopted: 'old-app' };
      const one = { id, application: 'shop', container: 'app', instance: 'app1', spec };
      const record = JSON.stringify({ version: 1, containers: [one] });
      const own = { [labels.stack]: 'shop', [labels.role]: 'adopted', [labels.adopted]: record };
      await now.engine.createContainer(plainConfig({ name: 'shop.adopted.1', image: 'app:1', labels: own }));
      await wait(60);
    });
    expect(scene.report?.containers[0]).toMatchObject({ serving: 2, rest: 'settled' });
  });

  test('does so once, and says so', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await wait(20);
      await now.make(4);
      await wait(60);
    });
    const why = 'what a scaling that was cut off has made goes';
    expect(scene.changes).toEqual([[30, `--by-agent --from 2 --why ${why} shop/app=2`]]);
    expect(scene.notes).toEqual([`shop/app: ${why}`]);
  });

  test('looks more often where the file is in a hurry, and hardly at all where nothing is scaled', async () => {
    const hurried = new Scene();
    const pace = { ...entry.pace, up: { step: 4, afterMs: 2_000 } };
    hurried.roster = { ...hurried.roster, containers: [{ ...entry, pace }] };
    hurried.jobs = 40;
    await hurried.play((_, wait) => wait(30));
    expect(hurried.changes.map(([atS]) => atS)).toEqual([2]);
    const none = new Scene();
    none.roster = { ...none.roster, containers: [] };
    await none.play(async (now, wait) => {
      await wait(30);
      await now.make(3);
      await wait(3600);
    });
    expect(none.commands).toHaveLength(1);
  });

  test('tells nothing any more of what is not scaled any more, and keeps what was told where that is not known', async () => {
    const scene = await new Scene().play(async (now, wait) => {
      await wait(30);
      expect(now.report?.containers).toHaveLength(1);
      now.roster = { ...now.roster, containers: [] };
      await now.make(3);
      await wait(30);
      expect(now.report).toBeNull();
    });
    expect(scene.reports.filter((report) => report === null)).toHaveLength(1);
    const unsure = await new Scene().play(async (now, wait) => {
      await wait(30);
      now.rosterCode = 1;
      await now.make(3);
      await wait(30);
    });
    expect(unsure.notes).toEqual(['nothing says what is scaled: it is asked again']);
    expect(unsure.report?.containers).toHaveLength(1);
  });

  test('follows the processor, of those that can be measured', async () => {
    const scene = new Scene();
    const cpu: ScaleEntry = { ...entry, cpus: 0.5, sources: [{ kind: 'cpu', target: 60 }] };
    scene.roster = { ...scene.roster, containers: [cpu] };
    // Half of one processor, all of it.
    scene.usage = () => ({
      atMs: scene.clock.now(),
      cpuNs: scene.clock.now() * 1e6 * 0.5,
      cpus: 4,
      memory: null,
    });
    await scene.play((_, wait) => wait(70));
    expect(scene.changes).toEqual([[45, '--by-agent --from 2 --why cpu 100 % of 60 % shop/app=4']]);
  });
});
