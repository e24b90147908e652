import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import type { DesiredState } from '../../src/compiler/desired/desired-state.ts';
import type { Plan } from '../../src/compiler/plan/plan.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { isPending } from '../../src/compiler/plan/plan.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, STACK } from '../support/desired.ts';
import type { ContainerSketch } from '../support/desired.ts';
import { serving, world } from '../support/world.ts';
import type { World } from '../support/world.ts';
import type { MemoryEngine } from '../support/memory-engine.ts';
import { REFERENCES, twoVersions } from './sketches.ts';

const everything = { allowRemoveAll: true, include: ['db', 'app', 'worker', 'web'] };
/** A migration's container runs to its end; everything else stays up. */
const behaviour: NonNullable<Parameters<typeof world>[1]>['behaviour'] = (config) =>
  config.labels[labels.role] === 'migration' ? { exitAfterMs: 10, exitCode: 0 } : {};

const SOCKET = '/stackc/v/shop-socks-run/app0.sock';

/** What a stack looks like from outside: names and states, without ids. */
async function picture(engine: MemoryEngine): Promise<readonly string[]> {
  const rows = await engine.listContainers([`${labels.stack}=${STACK}`]);
  return rows
    .filter((row) => ['instance', 'template'].includes(row.labels[labels.role] ?? ''))
    .map((row) => `${row.name} ${imageOf(row.labels)} ${row.state}`)
    .sort();
}

/** As the file had it: a container is made from the image's id. */
function imageOf(own: Readonly<Record<string, string>>): string {
  return /"image":"([^"]*)"/.exec(own[labels.spec] ?? '')?.[1] ?? '';
}

function wanted(desired: DesiredState): readonly string[] {
  return desired.containers
    .flatMap((c) =>
      c.mode === 'cron'
        ? [`${STACK}-${c.name}.template ${c.image.reference} created`]
        : c.instances.map((i) => `${i.engineName} ${c.image.reference} running`),
    )
    .sort();
}

async function expectSettled(w: World, desired: DesiredState): Promise<void> {
  const again = await w.plan(desired, everything);
  expect(again.changes.filter(isPending)).toEqual([]);
  expect(again.nodes).toEqual([]);
  expect(await picture(w.engine)).toEqual(wanted(desired));
  expect([...w.links.keys()].sort()).toEqual(publishedNames(desired));
  for (const [, to] of w.links) expect(await generationOf(w.engine, to)).toBe(to);
}

/** What the agent should have published, and nothing else. */
function publishedNames(desired: DesiredState): readonly string[] {
  return desired.containers
    .filter((c) => c.mode !== 'cron')
    .flatMap((c) =>
      c.instances.flatMap((i) => (i.socket === null ? [] : [`/stackc/v/${i.socket.volume}/${i.name}.sock`])),
    )
    .sort();
}

/** The socket's file name that the generation which carries the name would have: `.shop-app0.2`, or `@…` bound by itself. */
async function generationOf(engine: MemoryEngine, file: string): Promise<string> {
  const name = file.slice(1, file.lastIndexOf('.'));
  const found = await engine.inspectContainer(name);
  return `${file[0]}${name}.${found?.labels[labels.generation] ?? 'none'}`;
}

function expectOrdered(plan: Plan): void {
  const seen = new Set<string>();
  for (const node of plan.nodes) {
    for (const before of node.after) expect(seen.has(before), `${node.id} waits for ${before}`).toBe(true);
    expect(seen.has(node.id)).toBe(false);
    seen.add(node.id);
  }
}

/** A third of them in `npm test`: each time others. `npm run test:laws` makes all. */
const few = (runs: number) => (process.env['STACKC_SEEDS'] === undefined ? Math.ceil(runs / 3) : runs);

// Hundreds of applies each.
describe('laws of planning and applying', { timeout: 120_000 }, () => {
  test('a plan is acyclic, in an order in which it can run, and planning again after it is empty', async () => {
    await fc.assert(
      fc.asyncProperty(twoVersions, async ({ before, after }) => {
        const w = world(REFERENCES, { behaviour });
        for (const sketches of [before, after]) {
          const desired = desiredState(sketches);
          const plan = await w.plan(desired, everything);
          expectOrdered(plan);
          const events = await w.walk(plan, desired);
          expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0, skipped: 0 });
          await expectSettled(w, desired);
        }
      }),
      { numRuns: few(150) },
    );
  });

  test('cut off before any engine call, the next apply converges, and no volume is ever removed', async () => {
    await fc.assert(
      fc.asyncProperty(twoVersions, fc.nat({ max: 120 }), async ({ before, after }, calls) => {
        const stop = new AbortController();
        let left = Number.POSITIVE_INFINITY;
        let removed = 0;
        const w = world(REFERENCES, {
          behaviour,
          before: ({ method }) => {
            if (method === 'removeVolume') removed += 1;
            if (method === 'inspectImage') return;
            left -= 1;
            if (left >= 0) return;
            stop.abort(new Error('killed'));
            throw new Error('killed');
          },
        });
        await w.apply(desiredState(before), everything);
        const desired = desiredState(after);
        const plan = await w.plan(desired, everything);
        left = calls;
        await w.walk(plan, desired, stop.signal);
        left = Number.POSITIVE_INFINITY;
        await w.apply(desired, everything);
        await expectSettled(w, desired);
        expect(removed).toBe(0);
      }),
      { numRuns: few(300) },
    );
  });

  test('cut off before any engine call, the file put back settles: what serves there has its published path', async () => {
    await fc.assert(
      fc.asyncProperty(twoVersions, fc.nat({ max: 120 }), async ({ before, after }, calls) => {
        const stop = new AbortController();
        let left = Number.POSITIVE_INFINITY;
        const w = world(REFERENCES, {
          behaviour,
          before: ({ method }) => {
            if (method === 'inspectImage') return;
            left -= 1;
            if (left >= 0) return;
            stop.abort(new Error('killed'));
            throw new Error('killed');
          },
        });
        const first = desiredState(before);
        await w.apply(first, everything);
        const second = desiredState(after);
        const plan = await w.plan(second, everything);
        left = calls;
        await w.walk(plan, second, stop.signal);
        left = Number.POSITIVE_INFINITY;
        // A migration of the other file that still runs would rightly be in the way.
        await w.clock.run(w.clock.sleep(1000));
        await w.apply(first, everything);
        await expectSettled(w, first);
      }),
      { numRuns: few(300) },
    );
  });

  test.each(
    (['start-first', 'stop-first'] as const).flatMap((order) =>
      [
        ['from fixed to movable', true, false],
        ['from movable to fixed', false, true],
        ['fixed before and after', true, true],
      ].map(([words, was, is]) => [order, words, was, is] as const),
    ),
  )(
    '%s, a socket %s: cut off anywhere or failed, the old generation has its path',
    async (order, _, was, is) => {
      const sketch = (image: string, fixed: boolean) =>
        desiredState([{ name: 'app', socket: true, order, image, fixed }]);
      const [first, second] = [sketch('app:1', was === true), sketch('app:2', is === true)];
      for (let calls = 0; calls < (order === 'start-first' ? 16 : 20); calls += 1) {
        for (const end of ['killed', 'failed'] as const) {
          const stop = new AbortController();
          let left = Number.POSITIVE_INFINITY;
          const w = world(REFERENCES, {
            before: ({ method }) => {
              if (method === 'inspectImage') return;
              left -= 1;
              if (left > 0 || (end === 'failed' && left < 0)) return;
              if (end === 'killed') stop.abort(new Error('killed'));
              throw new Error(end);
            },
          });
          await w.apply(first);
          const plan = await w.plan(second);
          left = calls;
          await w.walk(plan, second, stop.signal);
          left = Number.POSITIVE_INFINITY;
          const rows = await w.engine.listContainers([`${labels.stack}=${STACK}`]);
          const current = rows.find(({ name }) => name === 'shop-app0');
          // Whatever lies there, what is kept of it is enough to bring it back; a failure has done so already.
          if (end === 'failed' && imageOf(current?.labels ?? {}) === 'app:1')
            expect(w.links.get(SOCKET), `${calls} calls`).toBe(
              was === true ? '@shop-app0.1' : '.shop-app0.1',
            );
          await w.apply(first);
          await expectSettled(w, first);
          if (current !== undefined && imageOf(current.labels) === 'app:1')
            expect((await w.engine.inspectContainer('shop-app0'))?.id, `${calls} calls`).toBe(current.id);
        }
      }
    },
  );

  test.each([
    ['start-first', 1],
    ['start-first', 2],
    ['stop-first', 1],
    ['stop-first', 2],
  ] as const)(
    '%s, %i instances, cut off anywhere: what is published by then goes on serving, and becomes the current one',
    async (order, instances) => {
      const sketch = (image: string) =>
        desiredState([{ name: 'app', socket: true, order, instances, image }]);
      const forward: number[] = [];
      for (let calls = 0; calls < 30; calls += 1) {
        const stop = new AbortController();
        let left = Number.POSITIVE_INFINITY;
        let led: string[] = [];
        const w = world(REFERENCES, {
          before: ({ method, line }) => {
            if (method === 'inspectImage') return;
            if (!line.startsWith('statPath') && line.includes('app0.sock')) led.push(line);
            left -= 1;
            if (left >= 0) return;
            stop.abort(new Error('killed'));
            throw new Error('killed');
          },
        });
        await w.apply(sketch('app:1'));
        const plan = await w.plan(sketch('app:2'));
        left = calls;
        await w.walk(plan, sketch('app:2'), stop.signal);
        left = Number.POSITIVE_INFINITY;
        const isPublished = w.links.get(SOCKET) === '.shop-app0.2';
        const made = await w.engine.inspectContainer('shop-app0.2.next');
        led = [];
        const events = await w.apply(sketch('app:2'));
        expect(events.at(-1), `${calls} calls`).toMatchObject({ type: 'finished', failed: 0 });
        await expectSettled(w, sketch('app:2'));
        if (!isPublished || made === null) continue;
        forward.push(calls);
        expect((await w.engine.inspectContainer('shop-app0'))?.id, `${calls} calls`).toBe(made.id);
        expect(led.filter((line) => !line.endsWith('→ .shop-app0.2'))).toEqual([]);
      }
      expect(forward.length).toBeGreaterThan(0);
    },
  );

  test('a published successor that is no longer ready: the old one is published again', async () => {
    const [first, second] = ['app:1', 'app:2'].map((image) =>
      desiredState([{ name: 'app', socket: true, image }]),
    );
    if (first === undefined || second === undefined) throw new Error('no file');
    const stop = new AbortController();
    let isCut = false;
    const w = world(REFERENCES, {
      before: ({ method }) => {
        if (!isCut || method !== 'updateRestart') return;
        stop.abort(new Error('killed'));
        throw new Error('killed');
      },
      // Long after its gate.
      behaviour: (config) => (imageOf(config.labels) === 'app:2' ? { exitAfterMs: 5000, exitCode: 3 } : {}),
    });
    await w.apply(first);
    isCut = true;
    await w.apply(second, {}, stop.signal);
    isCut = false;
    expect(w.links.get(SOCKET)).toBe('.shop-app0.2');
    const plan = await w.plan(second);
    await w.clock.run(w.clock.sleep(6000));
    const events = await w.walk(plan, second);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 1 });
    expect(w.links.get(SOCKET)).toBe('.shop-app0.1');
    expect([...(await serving(w.engine))]).toEqual(['app0']);
  });

  test('start-first: whoever serves before and after serves all the while', async () => {
    await fc.assert(
      fc.asyncProperty(twoVersions, async ({ before, after }) => {
        const first = desiredState(before.map(startFirst));
        const second = desiredState(after.map(startFirst));
        const both = new Set(instanceNames(first).filter((name) => instanceNames(second).includes(name)));
        let watching = false;
        const gaps: string[] = [];
        const w = world(REFERENCES, { behaviour, before: (call) => watch(call.line) });
        const watch = (line: string) => {
          if (!watching || line.startsWith('listContainers')) return;
          watching = false;
          void serving(w.engine).then((up) => {
            for (const name of both) if (!up.has(name)) gaps.push(`${name} before ${line}`);
          });
          watching = true;
        };
        await w.apply(first, everything);
        watching = true;
        await w.apply(second, everything);
        watching = false;
        expect(gaps).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test('whatever somebody does to it by hand is seen, and one apply puts it right', async () => {
    await fc.assert(
      fc.asyncProperty(
        twoVersions,
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        async (versions, picks) => {
          const w = world(REFERENCES, { behaviour });
          const desired = desiredState(versions.before);
          await w.apply(desired, everything);
          const hands = await handsOn(w);
          const chosen = new Map(picks.map((pick) => hands[pick % hands.length] ?? ['', async () => {}]));
          for (const [, act] of chosen) await act();
          const plan = await w.plan(desired, everything);
          expect(plan.changes.filter(isPending), [...chosen.keys()].join(', ')).not.toEqual([]);
          const events = await w.walk(plan, desired);
          expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0, skipped: 0 });
          await expectSettled(w, desired);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('stop-first: never more than a batch is down at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        async (instances, batch) => {
          const sketch = (image: string) =>
            desiredState([{ name: 'app', instances, batch, order: 'stop-first', image }]);
          let lowest = instances;
          let watching = false;
          const w = world(REFERENCES, {
            behaviour,
            before: ({ line }) => {
              if (!watching || line.startsWith('listContainers')) return;
              void serving(w.engine).then((up) => {
                lowest = Math.min(lowest, up.size);
              });
            },
          });
          await w.apply(sketch('app:1'));
          watching = true;
          await w.apply(sketch('app:2'));
          expect(lowest).toBeGreaterThanOrEqual(instances - batch);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a new version that ends at once: the old one goes on serving, and the file put back settles', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('start-first' as const, 'stop-first' as const),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        async (order, instances, socket) => {
          const w = world(REFERENCES, {
            behaviour: (config) =>
              imageOf(config.labels) === 'app:2' ? { exitAfterMs: 100, exitCode: 3 } : {},
          });
          const good = desiredState([{ name: 'app', order, instances, socket }]);
          const bad = desiredState([{ name: 'app', order, instances, socket, image: 'app:2' }]);
          await w.apply(good);
          const events = await w.apply(bad);
          expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 1 });
          const names = instanceNames(good);
          expect([...(await serving(w.engine))].sort()).toEqual(names);
          if (socket) expect(w.links.get('/stackc/v/shop-socks-run/app0.sock')).toBe('.shop-app0.1');
          // The failed generation is kept, and the next plan sees that the change is still to be made.
          const next = await w.plan(bad);
          expect(next.changes.filter(isPending).map((c) => c.id)).toContain('shop/app0');
          expect(await picture(w.engine)).toContain('shop-app0.2.failed app:2 exited');
          await w.apply(good);
          await expectSettled(w, good);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('what has begun before its turn is taken back when the one before it fails', async () => {
    const sketch = { name: 'app', order: 'start-first', instances: 4, socket: true } as const;
    const [good, bad] = [desiredState([sketch]), desiredState([{ ...sketch, image: 'app:2' }])];
    const w = world(REFERENCES, {
      behaviour: (config) => (/app1\.2/.test(config.name) ? { exitAfterMs: 900, exitCode: 3 } : {}),
    });
    await w.apply(good);
    const events = await w.apply(bad);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 1 });
    const took = events.flatMap((e) => (e.type === 'undo-finished' ? [[e.group, e.failures.length]] : []));
    expect(took).toEqual([
      ['shop/app1', 0],
      ['shop/app2', 0],
    ]);
    expect([...(await serving(w.engine))].sort()).toEqual(instanceNames(good));
    expect(await picture(w.engine)).toContain('shop-app2 app:1 running');
    // Nothing was wrong with it.
    expect(await picture(w.engine)).not.toContain('shop-app2.2.failed app:2 exited');
    expect(await picture(w.engine)).not.toContain('shop-app3.2');
    await w.apply(good);
    await expectSettled(w, good);
  });

  test('a new version that ends while the old one is drained: all is taken back, and the old one serves', async () => {
    const sketch = { name: 'app', order: 'start-first', instances: 2, socket: true } as const;
    const [good, bad] = [desiredState([sketch]), desiredState([{ ...sketch, image: 'app:2' }])];
    const w = world(REFERENCES, {
      // Ready after a second.
      behaviour: (config) => (imageOf(config.labels) === 'app:2' ? { exitAfterMs: 1100, exitCode: 3 } : {}),
    });
    await w.apply(good);
    const events = await w.apply(bad);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 2 });
    const failures = events.flatMap((e) => (e.type === 'node-failed' ? [e.failure.message] : []));
    expect(failures[0]).toBe('it ended after it was ready, before the one that it replaces was stopped');
    expect([...(await serving(w.engine))].sort()).toEqual(['app0', 'app1']);
    expect(w.links.get(SOCKET)).toBe('.shop-app0.1');
    expect(await picture(w.engine)).toContain('shop-app0.2.failed app:2 exited');
    await w.apply(good);
    await expectSettled(w, good);
  });

  test.each([true, false])(
    'a new version that ends when it serves (socket: %s): nobody else is replaced, all others go on serving, and it goes back',
    async (socket) => {
      const restart = { name: 'no', maxRetries: 0 } as const;
      const sketch: ContainerSketch = { name: 'app', instances: 3, socket, spec: { restart } };
      const [good, bad] = [desiredState([sketch]), desiredState([{ ...sketch, image: 'app:2' }])];
      const w = world(REFERENCES, {
        // Ready after a second; the one before it has left soon after.
        behaviour: (config) =>
          /app0\.2/.test(config.name)
            ? {
                exitAfterMs: 1500,
                exitCode: 3,
                output: [{ stream: 'stderr', text: 'no more', afterMs: 1400 }],
              }
            : {},
      });
      await w.apply(good);
      const events = await w.apply(bad);
      const failed = events.flatMap((e) =>
        e.type === 'node-failed' ? [[e.node.group, e.failure.message, e.failure.log]] : [],
      );
      const said = 'generation 2 of `app0`, which was replaced before, has ended with code 3';
      expect(failed).toEqual([['shop/app1', said, ['no more']]]);
      expect(await picture(w.engine)).toEqual([
        'shop-app0 app:1 running',
        'shop-app0.2.failed app:2 exited',
        'shop-app1 app:1 running',
        'shop-app2 app:1 running',
      ]);
      if (socket) expect(w.links.get(SOCKET.replace('app0', 'app1'))).toBe('.shop-app1.1');
      await w.apply(good);
      await expectSettled(w, good);
    },
  );

  test('the same containers in another order give the same plan for each of them', () => {
    fc.assert(
      fc.property(twoVersions, ({ before, after }) => {
        const observed = settled(desiredState(before));
        const planOf = (sketches: readonly ContainerSketch[]) => {
          const result = reconcile(desiredState(sketches), observed, { ...plainRequest, ...everything });
          return result.ok
            ? result.value.changes.map((c) => `${c.action} ${c.id}`).sort()
            : result.diagnostics.map((d) => d.code);
        };
        expect(planOf(after.toReversed())).toEqual(planOf(after));
      }),
      { numRuns: 100 },
    );
  });
});

type Hand = readonly [words: string, act: () => Promise<void>];

/** What a person can do to each container and link. A container whose socket cannot be found again is left alone. */
async function handsOn({ engine, links }: World): Promise<readonly Hand[]> {
  const rows = await engine.listContainers([`${labels.stack}=${STACK}`]);
  const ours = rows.filter((row) => ['instance', 'agent'].includes(row.labels[labels.role] ?? ''));
  const onTemplates = rows
    .filter((row) => row.labels[labels.role] === 'template')
    .flatMap(({ id, name }): readonly Hand[] => [
      [`remove ${name}`, () => engine.removeContainer(id)],
      [`rename ${name}`, () => ignoreGone(engine.renameContainer(id, `by-hand-${id.slice(0, 12)}`))],
    ]);
  const onContainers = ours.flatMap(({ id, name, labels: own, networks }): readonly Hand[] => [
    [`stop ${name}`, () => ignoreGone(engine.stopContainer(id, 1))],
    [`remove ${name}`, () => engine.removeContainer(id)],
    [`rename ${name}`, () => ignoreGone(engine.renameContainer(id, `by-hand-${id.slice(0, 12)}`))],
    // What is in the host's network cannot be on another.
    ...(networks.includes('host')
      ? []
      : [
          [`disconnect ${name}`, () => ignoreGone(engine.disconnectNetwork(STACK, id))] as const,
          [`connect ${name}`, () => ignoreGone(engine.connectNetwork('bridge', id, []))] as const,
        ]),
    ...(own[labels.role] === 'agent'
      ? []
      : [[`policy of ${name}`, () => ignoreGone(engine.updateRestart(id, 'on-failure', 7))] as const]),
  ]);
  const onLinks = [...links].flatMap(([path, to]): readonly Hand[] =>
    to.startsWith('@')
      ? []
      : [
          [`remove ${path}`, async () => void links.delete(path)],
          [`lead ${path} elsewhere`, async () => void links.set(path, '.shop-other0.1')],
        ],
  );
  return [...onContainers, ...onTemplates, ...onLinks];
}

/** Somebody else may have removed it. */
async function ignoreGone(done: Promise<unknown>): Promise<void> {
  await done.catch((error: unknown) => {
    if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error;
  });
}

function startFirst(sketch: ContainerSketch): ContainerSketch {
  return { ...sketch, order: 'start-first' };
}

function instanceNames(desired: DesiredState): readonly string[] {
  return desired.containers
    .filter((c) => c.mode !== 'cron')
    .flatMap((c) => c.instances.map((i) => i.name))
    .sort();
}
