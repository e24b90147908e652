import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { cpu, noise, play, queue, turns, type Scene } from '../../support/scale-plant.ts';

/** As many as it takes: what is within a tenth of its target is at it. */
const enough = (load: number): number => Math.ceil(load / 1.1 - 1e-9);

describe('a steady load', () => {
  const levels = Array.from({ length: 80 }, (_, i) => (i + 1) / 4);

  test.each(levels)('of %f instances: it gets there once, and stays', (load) => {
    for (const from of [1, 10, 20]) {
      const { moves, counts } = play(
        cpu(() => load),
        { minutes: 240, from },
      );
      expect(turns(moves), `from ${from}`).toBe(0);
      const last = counts.at(-1) ?? 0;
      expect(last).toBeGreaterThanOrEqual(Math.min(20, enough(load)));
      expect(last).toBeLessThanOrEqual(Math.min(20, Math.ceil(load)));
      expect(new Set(counts.slice(130)).size).toBe(1);
    }
  });

  test.each([1, 2, 3, 7, 19])('of exactly %i, and a hair around it: nobody comes or goes', (load) => {
    for (const part of [0.999_999_9, 1, 1.000_000_1]) {
      const { moves } = play(
        cpu(() => load * part),
        { minutes: 600, from: load },
      );
      expect(moves).toEqual([]);
    }
  });

  test.each([
    [0.05, 1],
    [0.1, 1],
    [0.2, 1],
    [0.3, 5],
  ])('with a noise of %f: at most %i turns in ten hours', (width, most) => {
    for (let load = 1; load <= 15; load += 0.5) {
      const { moves, counts } = play(
        cpu(() => load, noise(load * 1000, width)),
        {
          minutes: 600,
          from: Math.ceil(load),
        },
      );
      expect(turns(moves), `${load}`).toBeLessThanOrEqual(most);
      expect(Math.max(...counts)).toBeLessThanOrEqual(Math.ceil(load * (1 + width)));
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(enough(load));
    }
  });

  test('of a queue, whose length tells nothing of it: it is tried ever more seldom whether one may go', () => {
    for (const load of [1.5, 2.5, 3.2, 6.7]) {
      const { moves } = play(
        queue(() => load),
        { minutes: 24 * 60, from: 1 },
      );
      const downs = moves.filter(({ from, to }) => to < from).map(({ second }) => second);
      const [day, last] = [downs.length, downs.filter((second) => second > 18 * 3600).length];
      expect(day, `${load}`).toBeLessThanOrEqual(40);
      expect(last, `${load}`).toBeLessThanOrEqual(7);
    }
  });
});

describe('a step', () => {
  test.each([
    [1, 4, 2],
    [1, 9, 5],
    [2, 12, 5],
    [5, 15, 5],
  ])('from %i to %i instances is followed within %i minutes, and not overshot', (before, after, minutes) => {
    const { moves, counts } = play(
      cpu((s) => (s < 3600 ? before : after)),
      { minutes: 180, from: before },
    );
    expect(turns(moves)).toBe(0);
    expect(counts[59]).toBe(before);
    expect(counts[60 + minutes]).toBeGreaterThanOrEqual(enough(after));
    expect(Math.max(...counts)).toBeLessThanOrEqual(after);
  });

  test('down is followed one at a time: the first goes after 5 minutes, and one a minute then', () => {
    const { moves, counts } = play(
      cpu((s) => (s < 3600 ? 8 : 2)),
      { minutes: 120, from: 8 },
    );
    expect(turns(moves)).toBe(0);
    expect(moves.map(({ from, to }) => from - to)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(moves[0]?.second).toBe(3600 + 300);
    expect(counts[60 + 11]).toBe(2);
  });

  test('of a queue is followed within two minutes, and it is tried ever more seldom with fewer', () => {
    const { moves, counts } = play(
      queue((s) => (s < 3600 ? 0.5 : 5)),
      { minutes: 720, from: 1 },
    );
    expect(counts[62]).toBeGreaterThanOrEqual(5);
    expect(Math.max(...counts)).toBeLessThanOrEqual(9);
    const tries = moves.filter(
      ({ from, to }, i) => to < from && (moves[i - 1]?.to ?? 0) > (moves[i - 1]?.from ?? 0),
    );
    const waits = tries.slice(1).map(({ second }, i) => second - (tries[i]?.second ?? 0));
    expect(waits.length).toBeGreaterThan(2);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });

  test('with instances that take five minutes to serve: nobody is added twice for the same', () => {
    const { moves, counts } = play(
      cpu((s) => (s < 600 ? 2 : 6)),
      { minutes: 120, from: 2, bootS: 300 },
    );
    expect(turns(moves)).toBe(0);
    expect(Math.max(...counts)).toBeLessThanOrEqual(6);
    expect(counts.at(-1)).toBe(6);
  });
});

describe('a load that changes', () => {
  test('a ramp up and down again is followed with one turn, never two instances behind', () => {
    const load = (s: number) => (s < 7200 ? 1 + (9 * s) / 7200 : Math.max(1, 10 - (9 * (s - 7200)) / 7200));
    const { moves, counts } = play(cpu(load), { minutes: 300, from: 1 });
    expect(turns(moves)).toBe(1);
    for (const [minute, count] of counts.entries())
      expect(count).toBeGreaterThan(enough(load(minute * 60)) - 2);
  });

  test('a sine of a day is followed with one turn at its top and one at its bottom', () => {
    const load = (s: number) => 6 + 4 * Math.sin((2 * Math.PI * s) / 86_400);
    const { moves, counts } = play(cpu(load), { minutes: 3 * 1440, from: 6 });
    expect(turns(moves)).toBeLessThanOrEqual(6);
    for (const [minute, count] of counts.entries())
      expect(count).toBeGreaterThanOrEqual(enough(load(minute * 60)) - 1);
  });

  test('a sine of ten minutes is too quick: it keeps what its top takes', () => {
    const load = (s: number) => 6 + 3 * Math.sin((2 * Math.PI * s) / 600);
    const { moves, counts } = play(cpu(load), { minutes: 1440, from: 6 });
    expect(moves.length).toBeLessThanOrEqual(30);
    expect(Math.min(...counts.slice(20))).toBeGreaterThanOrEqual(5);
  });

  test('a spike of one look moves nobody; one of two minutes does, once', () => {
    const spike = (lengthS: number) => (s: number) => (s % 3600 >= 1800 && s % 3600 < 1800 + lengthS ? 8 : 3);
    expect(play(cpu(spike(15)), { minutes: 600, from: 3 }).moves).toEqual([]);
    const { moves } = play(cpu(spike(120)), { minutes: 60, from: 3 });
    expect(turns(moves)).toBe(1);
    expect(moves.filter(({ from, to }) => to > from).length).toBeLessThanOrEqual(2);
  });
});

describe('what is not known', () => {
  const blind = (from: number, until: number, load: number) => {
    const plant = cpu(() => load);
    return {
      ...plant,
      measure: (l: number, n: number, s: number) => (s >= from && s < until ? null : plant.measure(l, n, s)),
    };
  };

  test('nobody goes while nothing is measured, nor for as long afterwards as anybody waits', () => {
    const { moves } = play(blind(120, 3600, 1), { minutes: 80, from: 8 });
    expect(moves[0]).toMatchObject({ from: 8, to: 7 });
    expect(moves[0]?.second).toBeGreaterThanOrEqual(3600 + 300);
  });

  test('one look that came to nothing puts off a step down, and no step up for long', () => {
    const { moves } = play(blind(285, 300, 1), { minutes: 20, from: 4 });
    expect(moves[0]?.second).toBeGreaterThanOrEqual(285 + 300);
    const up = play(blind(30, 45, 4), { minutes: 20, from: 2 });
    expect(up.moves[0]?.second).toBeLessThanOrEqual(90);
  });

  test('whoever scales is started anew each minute: nobody ever goes', () => {
    const restarts = Array.from({ length: 60 }, (_, i) => i * 60);
    expect(
      play(
        cpu(() => 1),
        { minutes: 60, from: 9, restarts },
      ).moves,
    ).toEqual([]);
  });

  test('once started anew, it waits as long as ever before one goes', () => {
    const { moves } = play(
      cpu(() => 1),
      { minutes: 20, from: 4, restarts: [240] },
    );
    expect(moves[0]?.second).toBe(540);
  });
});

test('a change that fails is tried again ever later, and at once once it works', () => {
  const { moves } = play(
    cpu(() => 6),
    { minutes: 120, from: 2, fails: (s) => s < 3600 },
  );
  const failed = moves.filter((move) => move.failed).map(({ second }) => second);
  const waits = failed.slice(1).map((second, i) => second - (failed[i] ?? 0));
  expect(waits.slice(0, 4)).toEqual([30, 60, 120, 240]);
  expect(moves.find((move) => !move.failed)?.second).toBeLessThan(3600 + 1801);
});

test('whatever the load: limits and steps are kept, nothing changes while it cools down, nobody goes before time', () => {
  const minute = fc.record({ load: fc.float({ min: 0, max: 30, noNaN: true }), known: fc.boolean() });
  const scene = fc.record({
    from: fc.integer({ min: 2, max: 12 }),
    bootS: fc.integer({ min: 0, max: 300 }),
    upStep: fc.integer({ min: 1, max: 5 }),
    downStep: fc.integer({ min: 1, max: 5 }),
    cooldownS: fc.integer({ min: 0, max: 300 }),
    afterS: fc.integer({ min: 0, max: 600 }),
    minutes: fc.array(minute, { minLength: 10, maxLength: 120 }),
  });
  fc.assert(
    fc.property(scene, ({ from, bootS, upStep, downStep, cooldownS, afterS, minutes }) => {
      const at = (s: number) => minutes[Math.floor(s / 60)] ?? { load: 0, known: false };
      const plant = cpu((s) => at(s).load);
      const played: Scene = {
        minutes: minutes.length,
        from,
        min: 2,
        max: 12,
        bootS,
        pace: {
          up: { step: upStep, afterMs: 15_000 },
          down: { step: downStep, afterMs: afterS * 1000 },
          cooldownMs: cooldownS * 1000,
        },
      };
      const measure = (load: number, serving: number, s: number) =>
        at(s).known ? plant.measure(load, serving, s) : null;
      const { moves } = play({ ...plant, measure }, played);
      for (const [i, move] of moves.entries()) {
        expect(move.to).toBeGreaterThanOrEqual(2);
        expect(move.to).toBeLessThanOrEqual(12);
        expect(move.to - move.from).toBeLessThanOrEqual(upStep);
        expect(move.from - move.to).toBeLessThanOrEqual(downStep);
        const before = moves[i - 1];
        if (before !== undefined) expect(move.second - before.second).toBeGreaterThanOrEqual(cooldownS);
        if (move.to >= move.from) continue;
        expect(move.second).toBeGreaterThanOrEqual(afterS);
        // All that time it was known, and so much would have done.
        for (let s = move.second - afterS; s <= move.second; s += 15) {
          const { load, known } = at(Math.max(0, s));
          expect(known).toBe(true);
          expect(Math.ceil(load - 1e-4)).toBeLessThan(move.from + 1);
        }
      }
    }),
    { numRuns: 200 },
  );
});
