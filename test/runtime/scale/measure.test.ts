import { describe, expect, test } from 'vitest';

import { containerKey } from '../../../src/compiler/desired/keys.ts';
import type { MeasuredSource } from '../../../src/compiler/scale/roster.ts';
import type { ContainerUsage, ExecSession } from '../../../src/runtime/engine.ts';
import { CpuMeter } from '../../../src/runtime/scale/cpu-meter.ts';
import { haproxyLoad } from '../../../src/runtime/scale/haproxy-stats.ts';
import { measure, type MeasureMemory, type MeasureWorld } from '../../../src/runtime/scale/measure.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

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

const memory = (): MeasureMemory => ({ meter: new CpuMeter(), late: new Map() });
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
    const bytes = async function* (said: string) {
      yield await Promise.resolve(Buffer.from(said));
    };
    const nothing = (): undefined => undefined;
    const exec = (): Promise<ExecSession> =>
      Promise.resolve({
        stdout: bytes(text),
        stderr: bytes(''),
        exitCode: Promise.resolve(0),
        write: () => Promise.resolve(),
        endInput: nothing,
        resize: () => Promise.resolve(),
        destroy: nothing,
      });
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
});
