import { describe, expect, test } from 'vitest';

import type { ContainerKey, InstanceKey } from '../../../src/compiler/desired/desired-state.ts';
import { conditionOf, type Condition } from '../../../src/compiler/heal/condition.ts';
import { HEAL_LIMITS as limits } from '../../../src/compiler/heal/limits.ts';
import {
  advise,
  ended,
  engineCameUp,
  healed,
  takeUp,
  type HealState,
} from '../../../src/compiler/heal/policy.ts';
import type { HealRoster, RosterInstance } from '../../../src/compiler/heal/roster.ts';

const HOUR = 60 * 60_000;
const key = (name: string) => `shop/${name}` as InstanceKey;

function roster(names: readonly string[], more: Partial<HealRoster> = {}): HealRoster {
  const instances = names.map((name) => ({
    key: key(name),
    container: name.replace(/\d+$/, '') as ContainerKey,
    needs: [],
    name,
    engineName: `shop-${name}`,
    replaceable: !name.startsWith('db'),
    healedMs: [],
    cutOff: false,
  }));
  return { version: 1, stack: 'shop', revision: 41, instances, wanted: [], ...more };
}

interface Healing {
  readonly atMs: number;
  readonly heal: readonly string[];
  readonly replace: readonly string[];
}

/** The agent, with a clock that jumps to whatever comes next. */
class Simulation {
  nowMs = 0;
  readonly healings: Healing[] = [];
  /** How a healing goes: what it makes of them, or that somebody else has the lock. */
  heals: (names: readonly string[]) => 'tried' | 'locked' = (names) => {
    for (const name of names) this.conditions.set(key(name), 'well');
    return 'tried';
  };
  readonly conditions = new Map<InstanceKey, Condition>();
  left: readonly string[] = [];
  spared: readonly string[] = [];
  #state: HealState;
  readonly #events: { readonly atMs: number; readonly what: () => void }[] = [];

  constructor(names: readonly string[], needs: Readonly<Record<string, readonly string[]>> = {}) {
    for (const name of names) this.conditions.set(key(name), 'well');
    const known = roster(names);
    const instances = known.instances.map((one) => ({
      ...one,
      needs: (needs[one.container] ?? []) as readonly ContainerKey[],
    }));
    this.#state = takeUp({ ...known, instances }, null, 0);
  }

  at(atMs: number, what: () => void): void {
    this.#events.push({ atMs, what });
    this.#events.sort((a, b) => a.atMs - b.atMs);
  }

  /** It ends at some time, whatever has become of it by then. */
  dies(name: string, atMs: number, how: Condition = 'ended'): void {
    this.at(atMs, () => {
      this.#state = ended(this.#state, key(name), this.nowMs, limits);
      this.conditions.set(key(name), how);
    });
  }

  comesUp(): void {
    this.#state = engineCameUp(this.#state, this.nowMs);
  }

  apply(names: readonly string[], revision: number): void {
    this.#state = takeUp(roster(names, { revision }), this.#state, this.nowMs);
  }

  runUntil(endMs: number): void {
    for (let steps = 0; ; steps++) {
      if (steps > 100_000) throw new Error(`it never rests: ${JSON.stringify(this.healings.slice(-3))}`);
      const advice = advise(this.#state, this.conditions, this.nowMs, limits);
      this.#state = advice.state;
      this.left = advice.left.map(({ name }) => name);
      this.spared = advice.spared.map(({ name }) => name);
      const all = [...advice.heal, ...advice.replace];
      if (all.length > 0) {
        const result = this.heals(all.map(({ name }) => name));
        const names = (some: readonly RosterInstance[]) => some.map(({ name }) => name);
        if (result === 'tried')
          this.healings.push({ atMs: this.nowMs, heal: names(advice.heal), replace: names(advice.replace) });
        const keys = all.map((one) => one.key);
        this.#state = healed(this.#state, keys, result, this.nowMs, limits);
        continue;
      }
      const next = Math.min(this.#events[0]?.atMs ?? endMs, advice.wakeMs ?? endMs, endMs);
      if (next >= endMs) {
        this.nowMs = endMs;
        return;
      }
      // A wake that lies behind would turn for ever.
      expect(next).toBeGreaterThanOrEqual(this.nowMs);
      this.nowMs = next;
      while (this.#events[0] !== undefined && this.#events[0].atMs <= this.nowMs)
        this.#events.shift()?.what();
    }
  }

  get times(): readonly number[] {
    return this.healings.map(({ atMs }) => atMs);
  }
}

describe('when something is healed', () => {
  test.each(['ended', 'gone', 'unpublished'] as const)('half a second after it is %s, once', (how) => {
    const shop = new Simulation(['app0', 'app1']);
    shop.dies('app0', HOUR, how);
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([{ atMs: HOUR + 500, heal: ['app0'], replace: [] }]);
  });

  test('not where it comes back before that', () => {
    const shop = new Simulation(['app0']);
    shop.dies('app0', HOUR);
    shop.at(HOUR + 400, () => shop.conditions.set(key('app0'), 'well'));
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([]);
  });

  test('not while the engine brings it back, or somebody is at it', () => {
    const shop = new Simulation(['app0', 'app1']);
    shop.dies('app0', HOUR, 'restarting');
    shop.dies('app1', HOUR, 'away');
    shop.runUntil(HOUR * 100);
    expect(shop.healings).toEqual([]);
  });

  test('all at once that died at once', () => {
    const names = Array.from({ length: 50 }, (_, index) => `app${index}`);
    const shop = new Simulation(names);
    for (const name of names) shop.dies(name, HOUR);
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([{ atMs: HOUR + 500, heal: names, replace: [] }]);
  });

  test('an unhealthy one after its time, if it may be replaced', () => {
    const shop = new Simulation(['app0', 'db0']);
    shop.dies('app0', HOUR, 'unhealthy');
    shop.dies('db0', HOUR, 'unhealthy');
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([{ atMs: HOUR + 30_000, heal: [], replace: ['app0'] }]);
  });

  test('one that is unhealthy now and then stays', () => {
    const shop = new Simulation(['app0']);
    for (let minute = 60; minute < 600; minute++) {
      shop.at(minute * 60_000, () => shop.conditions.set(key('app0'), 'unhealthy'));
      shop.at(minute * 60_000 + 29_000, () => shop.conditions.set(key('app0'), 'well'));
    }
    shop.runUntil(11 * HOUR);
    expect(shop.healings).toEqual([]);
  });

  test('one that the engine brings back ten times in ten minutes is replaced', () => {
    const shop = new Simulation(['app0']);
    for (let at = 0; at < 10; at++) shop.dies('app0', HOUR + at * 30_000, 'restarting');
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([{ atMs: HOUR + 9 * 30_000 + 500, heal: [], replace: ['app0'] }]);
  });

  test('one that it brings back every two minutes is not', () => {
    const shop = new Simulation(['app0']);
    for (let at = 0; at < 500; at++) shop.dies('app0', HOUR + at * 120_000, 'restarting');
    shop.runUntil(20 * HOUR);
    expect(shop.healings).toEqual([]);
  });
});

describe('those that are unhealthy together', () => {
  test('stay: what they all wait for is elsewhere; and one that stays so beside a good one does not', () => {
    const shop = new Simulation(['app0', 'app1']);
    shop.dies('app0', HOUR, 'unhealthy');
    shop.dies('app1', HOUR + 10_000, 'unhealthy');
    shop.runUntil(5 * HOUR);
    expect(shop.healings).toEqual([]);
    expect(shop.spared).toEqual(['app0', 'app1']);
    shop.at(5 * HOUR, () => shop.conditions.set(key('app1'), 'well'));
    shop.runUntil(6 * HOUR);
    expect(shop.healings).toEqual([{ atMs: 5 * HOUR, heal: [], replace: ['app0'] }]);
  });

  test('are replaced one after the other, whatever becomes of the first', () => {
    const shop = new Simulation(['app0', 'app1', 'app2']);
    for (const name of ['app0', 'app1']) shop.dies(name, HOUR, 'unhealthy');
    shop.heals = () => 'tried';
    shop.runUntil(HOUR + 30_001);
    expect(shop.healings.map(({ replace }) => replace)).toEqual([['app0'], ['app1']]);
  });

  test('stay as long as what they need is down, and are replaced where it is not', () => {
    const shop = new Simulation(['app0', 'db0', 'db1'], { app: ['db'] });
    for (const name of ['app0', 'db0', 'db1']) shop.dies(name, HOUR, 'unhealthy');
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([]);
    expect(shop.spared).toEqual(['app0']);
    shop.at(2 * HOUR, () => shop.conditions.set(key('db0'), 'well'));
    // Nobody knows of it yet.
    shop.at(2 * HOUR, () => shop.conditions.set(key('db1'), 'starting'));
    shop.at(3 * HOUR, () => shop.conditions.set(key('db1'), 'well'));
    shop.runUntil(4 * HOUR);
    expect(shop.healings.at(-1)).toEqual({ atMs: 3 * HOUR, heal: [], replace: ['app0'] });
  });
});

describe('a healing that was cut off', () => {
  test('is gone on with once, though nothing is broken', () => {
    const known = roster(['app0', 'app1']);
    const instances = known.instances.map((one) => ({ ...one, cutOff: one.name === 'app0' }));
    const begun = takeUp({ ...known, instances }, null, 0);
    const well = new Map<InstanceKey, Condition>(['app0', 'app1'].map((name) => [key(name), 'well']));
    const first = advise(begun, well, 1_000, limits);
    expect(first).toMatchObject({ heal: [], wakeMs: 15_000 });
    const due = advise(first.state, well, 15_000, limits);
    expect(due.heal.map(({ name }) => name)).toEqual(['app0']);
    const done = healed(due.state, [key('app0')], 'tried', 16_000, limits);
    expect(advise(done, well, HOUR, limits)).toMatchObject({ heal: [], wakeMs: null });
  });
});

describe('an engine that restarts', () => {
  test('has a while to start all by itself', () => {
    const names = ['app0', 'app1', 'db0'];
    const shop = new Simulation(names);
    for (const name of names) shop.dies(name, HOUR);
    shop.at(HOUR + 100, () => shop.comesUp());
    for (const name of ['app0', 'db0']) shop.at(HOUR + 12_000, () => shop.conditions.set(key(name), 'well'));
    shop.runUntil(2 * HOUR);
    expect(shop.healings).toEqual([{ atMs: HOUR + 15_100, heal: ['app1'], replace: [] }]);
  });

  test('and so has one beside an agent that has just begun', () => {
    const shop = new Simulation(['app0']);
    shop.conditions.set(key('app0'), 'ended');
    shop.runUntil(HOUR);
    expect(shop.times).toEqual([15_000]);
  });
});

describe('what keeps dying', () => {
  const flapping = (aliveMs: number): Simulation => {
    const shop = new Simulation(['app0', 'app1']);
    shop.heals = (names) => {
      for (const name of names) {
        shop.conditions.set(key(name), 'well');
        shop.dies(name, shop.nowMs + aliveMs);
      }
      return 'tried';
    };
    shop.dies('app0', HOUR);
    return shop;
  };

  test('is healed later each time, five times, and then left alone for an hour', () => {
    const shop = flapping(1_000);
    shop.runUntil(2 * HOUR);
    const first = HOUR + 500;
    expect(shop.times).toEqual([0, 10, 30, 70, 150].map((s) => first + s * 1000));
    expect(shop.left).toEqual(['app0']);
    shop.runUntil(3 * HOUR);
    expect(shop.times[5]).toBe(first + 150_000 + HOUR);
    // Others are not touched by it.
    shop.dies('app1', 3 * HOUR + 1);
    shop.runUntil(3 * HOUR + 1_000);
    expect(shop.healings.at(-1)).toMatchObject({ heal: ['app1'] });
  });

  test('over a month it is healed at most five times in any hour', () => {
    const shop = flapping(1_000);
    shop.runUntil(30 * 24 * HOUR);
    const { times } = shop;
    expect(times.length).toBeGreaterThan(30 * 24 * 3);
    for (const [at, time] of times.entries())
      expect((times[at + 5] ?? Infinity) - time).toBeGreaterThan(HOUR);
  });

  test('one that lives for a quarter of an hour is healed for ever', () => {
    const shop = flapping(15 * 60_000);
    shop.runUntil(100 * HOUR);
    expect(shop.times.length).toBeGreaterThan(390);
    expect(shop.left).toEqual([]);
  });

  test('begins anew with the next apply', () => {
    const shop = flapping(1_000);
    shop.runUntil(HOUR + 20 * 60_000);
    expect(shop.left).toEqual(['app0']);
    shop.at(HOUR + 30 * 60_000, () => shop.apply(['app0', 'app1'], 42));
    shop.runUntil(HOUR + 31 * 60_000);
    const first = HOUR + 30 * 60_000 + 500;
    expect(shop.times.slice(5)).toEqual([first, first + 10_000, first + 30_000]);
  });
});

describe('while somebody else changes the stack', () => {
  test('it waits, longer each time, and that is no try', () => {
    const shop = new Simulation(['app0']);
    let refusals = 0;
    const heals = shop.heals;
    shop.heals = (names) => {
      if (shop.nowMs > HOUR + 20 * 60_000) return heals(names);
      refusals += 1;
      return 'locked';
    };
    shop.dies('app0', HOUR);
    shop.runUntil(3 * HOUR);
    expect(refusals).toBeLessThan(12);
    expect(shop.times).toHaveLength(1);
    expect(shop.times[0]).toBeLessThan(HOUR + 26 * 60_000);
  });
});

describe('a roster', () => {
  test('of the same revision forgets nothing; what the journal knows counts', () => {
    const known = roster(['app0']);
    const [instance] = known.instances;
    if (instance === undefined) throw new Error('no instance');
    const healedMs = [10, 20, 30, 40, 50];
    const begun = takeUp({ ...known, instances: [{ ...instance, healedMs }] }, null, 100);
    const gone = new Map<InstanceKey, Condition>([[key('app0'), 'gone']]);
    expect(advise(begun, gone, 60_000, limits)).toMatchObject({ heal: [], left: [{ name: 'app0' }] });
    const again = takeUp(known, begun, 200);
    expect(advise(again, gone, 60_000, limits).left).toHaveLength(1);
  });

  test('of a clock that was set back since leaves nothing alone for longer than an hour', () => {
    const known = roster(['app0']);
    const [instance] = known.instances;
    if (instance === undefined) throw new Error('no instance');
    const healedMs = [1, 2, 3, 4, 5].map((days) => days * 24 * HOUR);
    const begun = takeUp({ ...known, instances: [{ ...instance, healedMs }] }, null, 0);
    const gone = new Map<InstanceKey, Condition>([[key('app0'), 'gone']]);
    expect(advise(begun, gone, HOUR - 1, limits).left).toHaveLength(1);
    const first = advise(begun, gone, HOUR, limits);
    expect(advise(first.state, gone, HOUR + 500, limits).heal).toHaveLength(1);
  });
});

describe('how an instance is', () => {
  const seen = { state: 'running', health: 'none', isPublished: true } as const;
  test.each([
    [null, 'gone'],
    [seen, 'well'],
    [{ ...seen, health: 'starting' }, 'well'],
    [{ ...seen, health: 'unhealthy' }, 'unhealthy'],
    [{ ...seen, isPublished: false }, 'unpublished'],
    [{ ...seen, state: 'restarting' }, 'restarting'],
    [{ ...seen, state: 'exited', isPublished: false }, 'ended'],
    [{ ...seen, state: 'dead' }, 'ended'],
    [{ ...seen, state: 'created' }, 'away'],
    [{ ...seen, state: 'paused' }, 'away'],
    [{ ...seen, state: 'removing' }, 'away'],
  ] as const)('%j: %s', (container, condition) => {
    expect(conditionOf(container)).toBe(condition);
  });
});
