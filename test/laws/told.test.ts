import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isPending } from '../../src/compiler/plan/plan.ts';
import { labels } from '../../src/compiler/labels.ts';
import { adminVolume, desiredState, type ContainerSketch } from '../support/desired.ts';
import { world, type World } from '../support/world.ts';

const LISTED = [0, 1, 2];
const CONFIG = `global
  stats socket /admin/haproxy.sock level admin
backend app
${LISTED.map((index) => `  server app${index} shop-app${index}:3000`).join('\n')}
`;
const everything = { allowRemoveAll: true };

const haproxy: ContainerSketch = {
  name: 'haproxy',
  spec: { mounts: [adminVolume] },
};

const version = (image: string) =>
  fc.record({
    name: fc.constant('app'),
    port: fc.constant(3000),
    image: fc.constant(image),
    instances: fc.integer({ min: 1, max: LISTED.length }),
    order: fc.constantFrom('start-first', 'stop-first'),
    batch: fc.integer({ min: 1, max: 2 }),
  });

interface Watched {
  readonly w: World;
  /** From now on, so many calls go through. */
  readonly cutAfter: (calls: number) => AbortSignal;
  readonly goOn: () => void;
  /** Stops of containers that haproxy would still have sent requests to. */
  readonly early: readonly string[];
}

function watched(): Watched {
  let left = Number.POSITIVE_INFINITY;
  let stop = new AbortController();
  const early: string[] = [];
  const w: World = world(['app:1', 'app:2', 'haproxy:1'], {
    haproxy: CONFIG,
    before: ({ method, args, line }) => {
      if (method === 'inspectImage') return;
      left -= 1;
      if (left < 0) {
        stop.abort(new Error('killed'));
        throw new Error('killed');
      }
      const [id] = args;
      if (method !== 'stopContainer' || typeof id !== 'string') return;
      const isServed = [...w.told.values()].some(
        ({ host, state }) => state === 'ready' && id.startsWith(host),
      );
      if (isServed) early.push(line);
    },
  });
  const cutAfter = (calls: number) => {
    left = calls;
    stop = new AbortController();
    return stop.signal;
  };
  return { w, cutAfter, goOn: () => void (left = Number.POSITIVE_INFINITY), early };
}

/** The short ids of the instances that run, by the servers that stand for them. */
async function serving({ engine }: World): Promise<Readonly<Record<string, string>>> {
  const rows = await engine.listContainers([labels.instance]);
  return Object.fromEntries(
    rows
      .filter(({ name, state }) => state === 'running' && /^shop-app\d$/.test(name))
      .map(({ name, id }) => [`app/${name.slice('shop-'.length)}`, id.slice(0, 12)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

/** haproxy has looked all names up at its start. */
async function begun(sketch: ContainerSketch): Promise<Watched> {
  const given = watched();
  await given.w.engine.createVolume('shop-admin', {});
  await given.w.apply(desiredState([sketch, haproxy]), everything);
  for (const [server, host] of Object.entries(await serving(given.w)))
    given.w.told.set(server, { host, state: 'ready' });
  return given;
}

async function expectTold(w: World): Promise<void> {
  const where = await serving(w);
  for (const [server, host] of Object.entries(where))
    expect(w.told.get(server), server).toEqual({ host, state: 'ready' });
}

test('whoever serves is where haproxy was told, and nobody stops whom it would still ask', async () => {
  await fc.assert(
    fc.asyncProperty(version('app:1'), version('app:2'), async (before, after) => {
      const { w, early } = await begun(before);
      await w.apply(desiredState([after, haproxy]), everything);
      await expectTold(w);
      // Alone, or all at once, stop-first has nobody to send requests to.
      const isCovered =
        after.order === 'start-first' || Math.min(before.instances, after.instances) > after.batch;
      if (isCovered) expect(early).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('cut off before any call, the file put back has haproxy ask whoever serves', async () => {
  await fc.assert(
    fc.asyncProperty(
      version('app:1'),
      version('app:2'),
      fc.nat({ max: 60 }),
      async (before, after, calls) => {
        const { w, cutAfter, goOn } = await begun(before);
        const desired = desiredState([after, haproxy]);
        await w.walk(await w.plan(desired, everything), desired, cutAfter(calls));
        goOn();
        const back = desiredState([before, haproxy]);
        await w.apply(back, everything);
        expect((await w.plan(back, everything)).changes.filter(isPending)).toEqual([]);
        await expectTold(w);
      },
    ),
    { numRuns: 150 },
  );
});

test('cut off before any call, the next apply has haproxy ask whoever serves', async () => {
  await fc.assert(
    fc.asyncProperty(
      version('app:1'),
      version('app:2'),
      fc.nat({ max: 60 }),
      async (before, after, calls) => {
        const { w, cutAfter, goOn, early } = await begun(before);
        const desired = desiredState([after, haproxy]);
        const plan = await w.plan(desired, everything);
        await w.walk(plan, desired, cutAfter(calls));
        goOn();
        await w.apply(desired, everything);
        expect((await w.plan(desired, everything)).changes.filter(isPending)).toEqual([]);
        await expectTold(w);
        if (after.order === 'start-first') expect(early).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
});
