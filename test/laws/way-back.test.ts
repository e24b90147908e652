import fc from 'fast-check';
import { expect, test } from 'vitest';

import { labels } from '../../src/compiler/labels.ts';
import { desiredState, type ContainerSketch } from '../support/desired.ts';
import { generationOf } from '../support/memory-agent-session.ts';
import { world, type World } from '../support/world.ts';

/** How a new version is bad. */
interface Fault {
  readonly instance: number;
  readonly kind: 'never starts' | 'ends while it is watched';
}

const sketches: fc.Arbitrary<ContainerSketch> = fc.record({
  name: fc.constant('app'),
  instances: fc.integer({ min: 1, max: 5 }),
  order: fc.constantFrom('start-first', 'stop-first'),
  batch: fc.integer({ min: 1, max: 3 }),
  surge: fc.integer({ min: 1, max: 6 }),
  socket: fc.boolean(),
  fixed: fc.constant(false),
});

const stories = sketches.chain((sketch) =>
  fc.record({
    sketch: fc.constant(sketch),
    fault: fc.record({
      instance: fc.nat((sketch.instances ?? 1) - 1),
      kind: fc.constantFrom<Fault['kind'][]>('never starts', 'ends while it is watched'),
    }),
    canary: fc.constantFrom(null, { instances: 1, bakeMs: 20_000 }),
    wasFixed: fc.boolean(),
  }),
);

/** Where version 2 of one instance is as the fault says. */
function badWorld(fault: Fault, before: () => void = () => {}): World {
  return world(['app:1', 'app:2'], {
    before,
    behaviour: ({ labels: own }) => {
      const isBad = own[labels.instance] === `app${fault.instance}` && own[labels.generation] === '2';
      if (!isBad) return {};
      return fault.kind === 'never starts'
        ? { exitAfterMs: 0, exitCode: 3 }
        : { exitAfterMs: 15_000, exitCode: 3 };
    },
  });
}

async function running({ engine }: World): Promise<readonly string[]> {
  const rows = await engine.listContainers([`${labels.role}=instance`]);
  return rows
    .filter(({ state }) => state === 'running')
    .map(({ name, image }) => `${name} ${image}`)
    .sort();
}

/** Instances that nobody serves: of those that have a published name, where that leads. */
function down({ engine, links }: World, count: number): readonly string[] {
  const up = engine.containers().filter(({ state }) => state === 'running');
  return Array.from({ length: count }, (_, index) => `app${index}`).filter((instance) => {
    const own = up.filter(({ labels: each }) => each[labels.instance] === instance);
    const link = links.get(`/stackc/v/shop-socks-run/${instance}.sock`);
    if (link !== undefined) return !own.some((each) => link.slice(1) === generationOf(each));
    return !own.some(({ name }) => !/\.(?:next|failed)$/.test(name));
  });
}

test('a roll that fails under `rollback` ends with every instance on its old generation, which have served all along', async () => {
  await fc.assert(
    fc.asyncProperty(stories, async ({ sketch, fault, canary, wasFixed }) => {
      const own = { ...sketch, rollout: { monitorMs: 30_000, canary } };
      const isFixed = wasFixed && sketch.socket === true;
      const good = desiredState([{ ...own, fixed: isFixed }]);
      const bad = desiredState([{ ...own, image: 'app:2' }]);
      const [count, batch] = [sketch.instances ?? 1, sketch.batch ?? 1];
      let most = 0;
      const look = (w: World) => {
        // That one ends by itself.
        const others = down(w, count).filter((instance) => instance !== `app${fault.instance}`);
        most = Math.max(most, others.length);
      };
      let isWatched = false;
      const w: World = badWorld(fault, () => isWatched && look(w));
      await w.apply(good);
      const before = await running(w);
      const links = new Map(w.links);
      isWatched = true;
      const events = await w.apply(bad);
      isWatched = false;
      expect(events.filter(({ type }) => type === 'node-failed').length).toBeGreaterThan(0);
      expect(await running(w)).toEqual(before);
      expect(w.links).toEqual(links);
      // One that binds the published name itself cannot be started beside the new one.
      expect(most).toBeLessThanOrEqual(sketch.order === 'start-first' && !isFixed ? 0 : batch);
      const names = w.engine.containers().map(({ name }) => name);
      expect(names.filter((name) => /\.(?:old|next)$/.test(name))).toEqual([]);
      await w.apply(good);
      expect(await running(w)).toEqual(before);
    }),
    { numRuns: 60 },
  );
});
