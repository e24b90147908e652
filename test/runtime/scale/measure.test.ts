import { describe, expect, test } from 'vitest';

import { containerKey } from '../../../src/compiler/desired/keys.ts';
import type { MeasuredSource } from '../../../src/compiler/scale/roster.ts';
import type { ContainerUsage, ExecSession } from '../../../src/runtime/engine.ts';
import { haproxyLoad } from '../../../src/runtime/scale/haproxy-stats.ts';
import { measure, MeasureMemory, type MeasureWorld } from '../../../src/runtime/scale/measure.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

/** As haproxy 2.6 prints it, without the columns that nobody reads. */
const STATS = [
  '# pxname,svname,qcur,qmax,scur,smax,',
  'front,FRONTEND,,,9,20,',
  'app,app0,2,5,4,10,',
  'app,app1,0,5,3,10,',
  'app,other,7,9,50,60,',
  'app,BACKEND,6,9,57,60,',
  'api,app0,0,0,1,1,',
  'api,BACKEND,0,0,1,1,',
  '',
].join('\n');

describe('what haproxy tells', () => {
  test('is added up over the servers that are meant, with what waits in their backends', () => {
    const listed = [{ backend: 'app', servers: ['app0', 'app1', 'app2'] }];
    expect(haproxyLoad(STATS, listed)).toEqual({ sessions: 7, waiting: 8 });
    const both = [...listed, { backend: 'api', servers: null }];
    expect(haproxyLoad(STATS, both)).toEqual({ sessions: 8, waiting: 8 });
  });

  test.each([
    ['Unknown command.', 'haproxy answers `show stat` with "Unknown command."'],
    [STATS.replaceAll('app,', 'was,'), 'haproxy has no such servers in `app` any more'],
  ])('is no number where it tells nothing of them', (answer, why) => {
    expect(() => haproxyLoad(answer, [{ backend: 'app', servers: ['app0'] }])).toThrow(why);
  });
});

const memory = (): MeasureMemory => new MeasureMemory();
const world = (more: Partial<MeasureWorld>): MeasureWorld => ({
  engine: memoryEngine(),
  clock: virtualClock(),
  haproxyStats: () => Promise.resolve(STATS),
  redisLength: () => Promise.resolve(0),
  ...more,
});
const usage = (bytes: number | null): ContainerUsage => ({
  atMs: 1,
  cpuNs: 0,
  cpus: 1,
  memory: bytes === null ? null : { bytes, limit: 1000 },
});

/** A command that has ended with a code, and has printed a text. */
function ended(code: number, text = ''): ExecSession {
  const bytes = async function* (said: string) {
    yield await Promise.resolve(Buffer.from(said));
  };
  const nothing = (): undefined => undefined;
  return {
    stdout: bytes(text),
    stderr: bytes(''),
    exitCode: Promise.resolve(code),
    write: () => Promise.resolve(),
    endInput: nothing,
    resize: () => Promise.resolve(),
    destroy: nothing,
  };
}

describe('a source', () => {
  const who = { serving: ['a', 'b', 'c'], runner: null };

  test('tells of those that were measured, and how many were not', async () => {
    const known = new Map([
      ['a', usage(500)],
      ['b', usage(700)],
      ['c', usage(null)],
    ]);
    const engine = { ...memoryEngine(), usage: (id: string) => Promise.resolve(known.get(id) ?? null) };
    const found = await measure(
      { kind: 'memory', target: 75 },
      { cpus: null },
      who,
      world({ engine }),
      memory(),
    );
    expect(found.reading).toEqual({ target: 75, total: 120, missing: 1 });
    expect(found.reported).toMatchObject({ name: 'memory', value: 60, unit: '%', why: null });
  });

  test('of nobody is no number, and none that an engine cannot tell', async () => {
    const engine = { ...memoryEngine(), usage: () => Promise.resolve(null) };
    const found = await measure(
      { kind: 'cpu', target: 60 },
      { cpus: null },
      who,
      world({ engine }),
      memory(),
    );
    expect(found.reading.total).toBeNull();
    expect(found.reported.why).toBe('nobody could be measured yet');
  });

  const BLIND = 'the engine measures none of its containers, as `docker stats` shows';

  test.each(['cpu', 'memory'] as const)('%s of an engine that measures nobody says so', async (kind) => {
    let told: ContainerUsage | null = null;
    const engine = { ...memoryEngine(), usage: () => Promise.resolve(told) };
    const known = memory();
    const why = async (other: typeof kind, serving: readonly string[]) => {
      const found = await measure(
        { kind: other, target: 60 },
        { cpus: null },
        { serving, runner: null },
        world({ engine }),
        known,
      );
      return found.reported.why;
    };
    const both = ['a', 'b'];
    expect(await why(kind, [])).toBe('nobody could be measured yet');
    expect(await why(kind, both)).toBe('nobody could be measured yet');
    // The other source of the same look has not been asked before.
    expect(await why(kind === 'cpu' ? 'memory' : 'cpu', both)).toBe('nobody could be measured yet');
    expect(await why(kind, both)).toBe(BLIND);
    expect(await why(kind, [...both, 'new'])).toBe('nobody could be measured yet');
    expect(await why(kind, [...both, 'new'])).toBe(BLIND);
    told = usage(500);
    expect(await why(kind, both)).not.toBe(BLIND);
    told = null;
    expect(await why(kind, both)).toBe('nobody could be measured yet');
    known.keep(new Set(['a']));
    expect(await why(kind, both)).toBe('nobody could be measured yet');
    expect(await why(kind, both)).toBe(BLIND);
  });

  test('of all is divided among those that serve', async () => {
    const source: MeasuredSource = {
      kind: 'requests',
      balancer: 'haproxy',
      target: 20,
      why: null,
      sockets: [
        { path: '/a', listed: [{ backend: 'app', servers: ['app0', 'app1'] }] },
        { path: '/b', listed: [{ backend: 'api', servers: ['app0'] }] },
      ],
    };
    const found = await measure(source, { cpus: null }, who, world({}), memory());
    expect(found.reading).toEqual({ target: 20, total: 8, missing: 0 });
    expect(found.reported.value).toBeCloseTo(8 / 3);
  });

  test('that cannot be asked says why', async () => {
    const source: MeasuredSource = {
      kind: 'waiting',
      balancer: 'haproxy',
      target: 5,
      why: 'it is away',
      sockets: [],
    };
    const found = await measure(source, { cpus: null }, who, world({}), memory());
    expect(found).toMatchObject({ reading: { total: null }, reported: { name: 'queue', why: 'it is away' } });
  });

  const command = {
    kind: 'command',
    container: containerKey('shop', 'app'),
    command: ['backlog'],
    timeoutMs: 1000,
    target: 10,
  } as const;
  const runs = { serving: ['a'], runner: 'a' };

  test.each([
    ['a word\n12.5\n', 12.5, null],
    ['1e3\n', 1000, null],
    ['-1\n', null, 'the command printed no number'],
    ['1e999\n', null, 'the command printed a number that is too large'],
  ])('of a command that prints %j', async (text, total, why) => {
    const exec = () => Promise.resolve(ended(0, text));
    const engine = { ...memoryEngine(), exec };
    const found = await measure(command, { cpus: null }, runs, world({ engine }), memory());
    expect(found).toMatchObject({ reading: { total }, reported: { why } });
  });

  test('of a command that never ends is asked for ever more seldom: each may run on', async () => {
    const clock = virtualClock();
    const times: number[] = [];
    const exec = (): Promise<never> => {
      times.push(clock.now() / 60_000);
      return new Promise(() => undefined);
    };
    const engine = { ...memoryEngine(), exec };
    const known = memory();
    const day = async (): Promise<void> => {
      for (let look = 0; look < 24 * 60 * 4; look += 1) {
        await measure(command, { cpus: null }, runs, world({ engine, clock }), known);
        await clock.sleep(15_000);
      }
    };
    await clock.run(day());
    expect(times.length).toBeLessThan(32);
  });

  const ASKED = 'timeout --foreground -k 1 1 true';

  /** Looks at a command so often, 15 s apart; `run` answers what is run, but for whether there is a `timeout`. */
  const looks = async (
    times: number,
    hasTimeout: number | Error,
    run: (clock: VirtualClock, words: string) => Promise<ExecSession>,
    { timeoutMs, keep }: { readonly timeoutMs: number; readonly keep?: string } = { timeoutMs: 1000 },
  ) => {
    const clock = virtualClock();
    const ran: string[] = [];
    const exec = (_: string, { command: words }: { readonly command: readonly string[] }) => {
      const text = words.join(' ');
      ran.push(text);
      if (text !== ASKED) return run(clock, text);
      return hasTimeout instanceof Error ? Promise.reject(hasTimeout) : Promise.resolve(ended(hasTimeout));
    };
    const engine = { ...memoryEngine(), exec };
    const known = memory();
    const whys: (string | null)[] = [];
    const all = async (): Promise<void> => {
      for (let look = 0; look < times; look += 1) {
        const source = { ...command, timeoutMs };
        const { reported } = await measure(source, { cpus: null }, runs, world({ engine, clock }), known);
        whys.push(reported.why);
        if (keep !== undefined) known.keep(new Set([keep]));
        await clock.sleep(15_000);
      }
    };
    await clock.run(all());
    return { ran, whys };
  };
  const counts = () => Promise.resolve(ended(0, '7'));

  test('of a command is run through `timeout`, where the container has it: that is asked once', async () => {
    const { ran, whys } = await looks(3, 0, counts, { timeoutMs: 1500 });
    expect(ran).toEqual([ASKED, ...Array.from({ length: 3 }, () => 'timeout -k 1 2 backlog')]);
    expect(whys).toEqual([null, null, null]);
    // Of another container nothing is known any more.
    expect((await looks(2, 0, counts, { timeoutMs: 1000, keep: 'b' })).ran).toHaveLength(4);
    expect((await looks(2, 0, counts, { timeoutMs: 1000, keep: 'a' })).ran).toHaveLength(3);
  });

  test.each([1, 125, 126, 127])(
    'of a command is run as it is, where `timeout` ends with %i',
    async (code) => {
      expect((await looks(2, code, counts)).ran).toEqual([ASKED, 'backlog', 'backlog']);
    },
  );

  test('of a command is asked for again where the engine did not say whether there is a `timeout`', async () => {
    const { ran, whys } = await looks(2, new Error('the engine is away'), counts);
    expect(ran).toEqual([ASKED, ASKED]);
    expect(whys).toEqual(['the engine is away', 'the engine is away']);
  });

  const late = 'the command did not end within 1 s';

  test.each([124, 137])('of a command that `timeout` ends with %i is asked at each look', async (code) => {
    const over = async (clock: VirtualClock) => {
      await clock.sleep(1000);
      return ended(code, '7');
    };
    expect(await looks(2, 0, over)).toEqual({
      ran: [ASKED, 'timeout -k 1 1 backlog', 'timeout -k 1 1 backlog'],
      whys: [late, late],
    });
    // Ended so before its time: that was something else.
    const early = () => Promise.resolve(ended(code));
    expect((await looks(1, 0, early)).whys).toEqual([`the command ended with code ${code}`]);
  });

  test('of a command that not even `timeout` ends is left alone for a minute', async () => {
    const { ran, whys } = await looks(4, 0, () => new Promise<never>(() => undefined));
    expect(ran).toEqual([ASKED, 'timeout -k 1 1 backlog']);
    expect(whys).toEqual([late, late, late, late]);
  });
});
