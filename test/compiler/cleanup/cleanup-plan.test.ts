import { describe, expect, test } from 'vitest';

import { planCleanup } from '../../../src/compiler/cleanup/cleanup-plan.ts';
import type { CleanupScene, EngineContainer } from '../../../src/compiler/cleanup/cleanup-scene.ts';
import {
  NOTHING_OBSERVED,
  type ObservedContainer,
  type ObservedKept,
  type ObservedRun,
  type ObservedState,
  type Phase,
} from '../../../src/compiler/observed/observed-state.ts';

const container = (given: Partial<ObservedContainer> & { engineName: string }): ObservedContainer => ({
  id: `id of ${given.engineName}`,
  role: 'instance',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `instanceKey` makes it
  key: 'shop/app0' as ObservedContainer['key'],
  application: 'shop',
  container: 'app',
  instance: 'app0',
  generation: 1,
  phase: 'current',
  state: 'running',
  exitCode: null,
  restarts: 0,
  startedAt: null,
  health: 'none',
  imageId: 'sha256:app',
  spec: null,
  env: [],
  command: null,
  entrypoint: null,
  restart: 'always',
  stopSignal: null,
  stopTimeoutS: 10,
  networks: {},
  anonymousVolumes: [],
  memory: 0,
  nanoCpus: 0,
  files: { found: [], reloading: false },
  job: null,
  migration: null,
  ...given,
});

const current = container({ engineName: 'shop-app0' });

const kept = (role: ObservedKept['role'], engineName: string, imageId: string): ObservedKept => ({
  role,
  id: `id of ${engineName}`,
  engineName,
  revision: null,
  imageId,
});

const run = (given: Partial<ObservedRun>): ObservedRun => ({
  id: 'id of shop-app.run.1',
  engineName: 'shop-app.run.1',
  application: 'shop',
  container: 'app',
  state: 'exited',
  abandoned: true,
  spec: null,
  ...given,
});

/** What of this goes, and what stays, as text. */
function cleaned(
  observed: Partial<ObservedState>,
  more: Partial<Pick<CleanupScene, 'wanted' | 'images' | 'traces' | 'isOver'>> & {
    readonly others?: readonly EngineContainer[];
    readonly states?: Readonly<Record<string, EngineContainer['state']>>;
  } = {},
): readonly string[] {
  const all = { ...NOTHING_OBSERVED, ...observed };
  const row = (one: { id: string; name: string; state: EngineContainer['state']; imageId: string }) => ({
    ...one,
    networks: [],
    state: more.states?.[one.name] ?? one.state,
  });
  const plan = planCleanup({
    stack: 'shop',
    observed: all,
    containers: [
      ...all.containers.map((one) => ({
        ...row({ ...one, name: one.engineName }),
        networks: Object.keys(one.networks),
      })),
      ...all.kept.map((one) => row({ ...one, name: one.engineName, state: 'created' })),
      ...all.runs.map((one) => row({ ...one, name: one.engineName, imageId: 'sha256:app' })),
      ...all.agents.map((one) => ({ ...row({ ...one, imageId: 'sha256:agent' }), networks: one.networks })),
      ...(more.others ?? []),
    ],
    images: more.images ?? [],
    traces: more.traces ?? [],
    wanted: more.wanted ?? { named: new Set(), kept: new Set(), unreadable: [] },
    reach: new Set(),
    isOver: more.isOver ?? true,
  });
  return [
    ...plan.items.map((item) => (item.kind === 'container' ? `${item.name}: ${item.why}` : nameOf(item))),
    ...plan.staying.map((item) => `stays: ${nameOf(item)}`),
  ];
}

function nameOf(item: { kind: string; name?: string; id?: string }): string {
  return `${item.kind} ${item.name ?? item.id ?? ''}`;
}

describe('generations', () => {
  const ended = (phase: Phase, state: ObservedContainer['state']) =>
    container({ engineName: `shop-app0.2.${phase}`, generation: 2, phase, state });

  test.each<[Phase, ObservedContainer['state'], readonly string[]]>([
    ['failed', 'exited', ['shop-app0.2.failed: failed generation']],
    ['next', 'created', ['shop-app0.2.next: half-made generation']],
    ['old', 'exited', ['shop-app0.2.old: old generation']],
    ['old', 'dead', ['shop-app0.2.old: old generation']],
    ['failed', 'running', []],
    ['old', 'restarting', []],
    ['next', 'paused', []],
  ])('%s, %s', (phase, state, expected) => {
    expect(cleaned({ containers: [current, ended(phase, state)] })).toEqual(expected);
  });

  test('stay where the current one does not run, or there is none', () => {
    const stopped = container({ engineName: 'shop-app0', state: 'exited' });
    expect(cleaned({ containers: [stopped, ended('old', 'exited')] })).toEqual([
      'stays: container shop-app0.2.old',
    ]);
    expect(cleaned({ containers: [ended('old', 'exited')] })).toEqual(['stays: container shop-app0.2.old']);
  });

  test('an old one stays while the apply that has failed may be tried again, and be taken back', () => {
    const containers = [current, ended('old', 'exited'), ended('failed', 'exited')];
    expect(cleaned({ containers }, { isOver: false })).toEqual(['shop-app0.2.failed: failed generation']);
  });

  test('a current one stays, whatever its state', () => {
    expect(cleaned({ containers: [container({ engineName: 'shop-app0', state: 'exited' })] })).toEqual([]);
  });
});

test('the socket of a generation goes with it, but not that of the one which serves', () => {
  const spec = {
    socket: '/run/socks/app0.sock',
    mounts: [{ type: 'volume', source: 'socks', target: '/run/socks' }],
    image: 'app:1',
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- no other field is looked at
  const made = {
    spec: spec as unknown as ObservedContainer['spec'],
    phase: 'failed',
    state: 'exited',
  } as const;
  const socketOf = (generation: number, reach: ReadonlySet<string>) => {
    const dead = container({ ...made, engineName: `shop-app0.${generation}.failed`, generation });
    const plan = planCleanup({
      stack: 'shop',
      observed: { ...NOTHING_OBSERVED, containers: [current, dead] },
      containers: [],
      images: [],
      traces: [],
      wanted: { named: new Set(), kept: new Set(), unreadable: [] },
      reach,
      isOver: true,
    });
    const [item] = plan.items;
    return item?.kind === 'container' ? item.socket : undefined;
  };
  const socks = new Set(['socks']);
  expect(socketOf(1, socks)).toBeNull();
  expect(socketOf(2, socks)).toEqual({ volume: 'socks', directory: '/stackc/v/socks', name: '.shop-app0.2' });
  // No agent mounts its volume.
  expect(socketOf(2, new Set())).toBeNull();
});

describe('what is kept', () => {
  const keeper = kept('image', 'shop.image.1', 'sha256:1');
  const wanted = (ids: readonly string[], unreadable: readonly number[] = []) => ({
    wanted: { named: new Set<string>(), kept: new Set(ids), unreadable },
  });

  test('an image’s container stays while a revision has the image, or may have it', () => {
    expect(cleaned({ kept: [keeper] }, wanted(['sha256:1']))).toEqual([]);
    expect(cleaned({ kept: [keeper] }, wanted([], [3]))).toEqual([]);
    expect(cleaned({ kept: [keeper] }, wanted([]))).toEqual(['shop.image.1: image of no revision']);
  });

  test('a revision stays', () => {
    expect(cleaned({ kept: [kept('revision', 'shop.revision.1', 'sha256:agent')] })).toEqual([]);
  });

  test('an apply that went on by itself goes when it is over', () => {
    const worker = { kept: [kept('apply', 'shop.apply', 'sha256:agent')] };
    expect(cleaned(worker, { states: { 'shop.apply': 'created' } })).toEqual([]);
    expect(cleaned(worker, { states: { 'shop.apply': 'running' } })).toEqual([]);
    expect(cleaned(worker, { states: { 'shop.apply': 'exited' } })).toEqual([
      'shop.apply: apply that is over',
    ]);
  });
});

test('a run goes that has ended and that nobody waits for', () => {
  expect(cleaned({ runs: [run({})] })).toEqual(['shop-app.run.1: abandoned run']);
  expect(cleaned({ runs: [run({ container: '' })] })).toEqual(['shop-app.run.1: abandoned errand']);
  expect(cleaned({ runs: [run({ state: 'running' })] })).toEqual([]);
  expect(cleaned({ runs: [run({ abandoned: false })] })).toEqual([]);
});

describe('migrations', () => {
  const record = (given: Partial<ObservedContainer> = {}) =>
    container({
      engineName: 'shop-app.1.migration',
      role: 'migration',
      state: 'exited',
      imageId: 'sha256:old',
      migration: { imageId: 'sha256:old', command: [] },
      ...given,
    });
  const GONE = ['shop-app.1.migration: migration of a gone image'];

  test('the record goes when nobody comes back to its image', () => {
    expect(cleaned({ containers: [current, record()] })).toEqual(GONE);
    expect(cleaned({ containers: [current, record({ imageId: 'sha256:app', migration: null })] })).toEqual(
      [],
    );
    const named = { named: new Set(['sha256:old']), kept: new Set<string>(), unreadable: [] };
    expect(cleaned({ containers: [current, record()] }, { wanted: named })).toEqual([]);
    const unreadable = { ...named, named: new Set<string>(), unreadable: [2] };
    expect(cleaned({ containers: [current, record()] }, { wanted: unreadable })).toEqual([]);
  });

  test('the record goes with what kept its image', () => {
    const keeper = kept('image', 'shop.image.1', 'sha256:old');
    expect(cleaned({ containers: [current, record()], kept: [keeper] })).toEqual([
      'shop.image.1: image of no revision',
      ...GONE,
    ]);
  });

  test('one that was never started goes, one that runs stays', () => {
    expect(cleaned({ containers: [current, record({ state: 'created', imageId: 'sha256:app' })] })).toEqual([
      'shop-app.1.migration: unstarted migration',
    ]);
    expect(cleaned({ containers: [current, record({ state: 'running' })] })).toEqual([]);
  });
});

test('networks go when no container is on them; of one with the agent alone that is told', () => {
  const agent = {
    name: 'shop-agent',
    id: 'id of shop-agent',
    state: 'running',
    spec: '',
    networks: ['shop', 'shop-blog'],
  } as const;
  const on = container({ engineName: 'shop-app0', networks: { shop: [] } });
  const ownNetworks = ['shop', 'shop-blog', 'shop-old'];
  expect(cleaned({ agents: [agent], containers: [on], ownNetworks })).toEqual([
    'network shop-old',
    'stays: network shop-blog',
  ]);
});

test('an image that only what goes was made from goes behind it', () => {
  const failed = container({
    engineName: 'shop-app0.2.failed',
    generation: 2,
    phase: 'failed',
    state: 'exited',
    imageId: 'sha256:bad',
  });
  const images = [{ id: 'sha256:bad', tags: [], digests: [], bytes: 1 }];
  expect(cleaned({ containers: [current, failed] }, { images })).toEqual([
    'shop-app0.2.failed: failed generation',
    'image sha256:bad',
  ]);
  const other = { id: 'x', name: 'x', state: 'exited', imageId: 'sha256:bad', networks: [] } as const;
  expect(cleaned({ containers: [current, failed] }, { images, others: [other] })).toEqual([
    'shop-app0.2.failed: failed generation',
    'stays: image sha256:bad',
  ]);
});
