import { describe, expect, test } from 'vitest';
import type {
  LinkFound,
  ObservedContainer,
  ObservedState,
} from '../../../src/compiler/observed/observed-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

const app: ContainerSketch = { name: 'app', socket: true };

function seen(found: LinkFound, change: Partial<ObservedContainer> = {}, sketch = app): ObservedState {
  const state = settled(desiredState([sketch]));
  return {
    ...state,
    links: state.links.map((link) => ({ ...link, found })),
    containers: state.containers.map((container) => ({ ...container, ...change })),
  };
}

function planOf(sketch: ContainerSketch, observed: ObservedState): Plan {
  const result = reconcile(desiredState([sketch]), observed, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join('\n'));
  return result.value;
}

describe('a published name that somebody changed is drift, and published again', () => {
  test.each<[string, LinkFound, string | null]>([
    ['removed', { kind: 'nothing' }, null],
    ['led elsewhere', { kind: 'symlink', to: '.shop-app0.7', leads: true }, '.shop-app0.7'],
    ['taken by another socket', { kind: 'socket' }, "a socket that is not the generation's"],
    ['taken by a folder', { kind: 'other', what: 'directory' }, 'a directory'],
  ])('%s', (_, found, from) => {
    const { changes, nodes } = planOf(app, seen(found));
    expect(changes).toMatchObject([
      {
        action: 'update',
        reasons: [{ kind: 'drift', field: 'socket app0.sock', from, to: '.shop-app0.1' }],
        from: 1,
        to: 1,
      },
    ]);
    expect(nodes.map(({ op }) => op)).toEqual([
      { kind: 'socket.publish', volume: 'shop-socks-run', path: '', link: 'app0.sock', to: '.shop-app0.1' },
    ]);
  });

  test('with what else is done in place, and for a held container too, which stays held', () => {
    const policy = planOf(app, seen({ kind: 'nothing' }, { restart: 'no' }));
    expect(planText(policy)).toBe(
      [
        'update shop/app0 (drift socket app0.sock -→.shop-app0.1; drift restart no→unless-stopped)',
        '',
        '[] #1 shop/app0 publish again: socket.publish',
        '[1] #2 shop/app0 policy: container.policy',
      ].join('\n'),
    );
    const manual: ContainerSketch = { ...app, mode: 'manual', env: { A: '2' } };
    const held = planOf(manual, seen({ kind: 'nothing' }, {}, { ...app, mode: 'manual', env: { A: '1' } }));
    expect(held.changes).toMatchObject([{ action: 'update', notes: ['held: 1 change'] }]);
    expect(held.nodes.map(({ op }) => op.kind)).toEqual(['socket.publish']);
  });

  test('a new generation, or a start, publishes by itself', () => {
    const replaced = planOf({ ...app, image: 'app:2' }, seen({ kind: 'nothing' }));
    const started = planOf(app, seen({ kind: 'nothing' }, { state: 'exited' }));
    for (const { nodes } of [replaced, started])
      expect(nodes.filter(({ op }) => op.kind === 'socket.publish')).toHaveLength(1);
  });
});

describe('what could not be looked at', () => {
  test('is a warning, and the plan goes on', () => {
    const { changes, warnings } = planOf(
      app,
      seen({ kind: 'unknown', why: 'the engine took longer than 1 s' }),
    );
    expect(changes).toMatchObject([{ action: 'none' }]);
    expect(warnings).toMatchObject([
      {
        code: 'STK418',
        severity: 'warning',
        message: 'nobody could look whether `app0` is published: the engine took longer than 1 s',
      },
    ]);
  });

  test('is one warning for all of the same cause', () => {
    const state = seen({ kind: 'unknown', why: 'no' }, {}, { ...app, instances: 3 });
    const { warnings } = planOf({ ...app, instances: 3 }, state);
    expect(warnings.map(({ message }) => message)).toEqual([
      'nobody could look whether `app0` and 2 more are published: no',
    ]);
  });
});

describe('a server that binds the published name itself', () => {
  const fixed: ContainerSketch = { ...app, fixed: true };

  test.each<[string, LinkFound, string]>([
    ['gone', { kind: 'nothing' }, '`app0` runs, but its socket /run/socks/app0.sock is gone'],
    [
      'led elsewhere',
      { kind: 'symlink', to: '.shop-app0.2', leads: true },
      '`app0` runs, but its socket /run/socks/app0.sock is now a link to .shop-app0.2',
    ],
    [
      'taken by a file',
      { kind: 'other', what: 'file' },
      '`app0` runs, but its socket /run/socks/app0.sock is now a file',
    ],
  ])('is not touched when it is %s, but spoken of', (_, found, message) => {
    const { changes, warnings, nodes } = planOf(fixed, seen(found, {}, fixed));
    expect(changes).toMatchObject([{ action: 'none' }]);
    expect(nodes).toEqual([]);
    expect(warnings).toMatchObject([{ code: 'STK419', message }]);
  });

  test('is told of as well when the published link leads to nothing', () => {
    const { warnings } = planOf(app, seen({ kind: 'symlink', to: '.shop-app0.1', leads: false }));
    const message = '`app0` runs, but its socket .shop-app0.1 is gone';
    expect(warnings).toMatchObject([{ code: 'STK419', message }]);
  });

  test('is well while a socket is there', () => {
    expect(planOf(fixed, seen({ kind: 'socket' }, {}, fixed)).warnings).toEqual([]);
  });

  test('keeps its socket within reach while a successor with a path of its own takes the name', () => {
    const { nodes } = planOf({ ...app, image: 'app:2' }, seen({ kind: 'socket' }, {}, fixed));
    expect(
      nodes
        .filter(({ op }) => op.kind.startsWith('socket.'))
        .map(({ id, undo }) => [id, undo.map((op) => op.kind)]),
    ).toEqual([
      ['shop/app0 keep socket 1', ['socket.restore']],
      ['shop/app0 clear 2', ['socket.unlink']],
      ['shop/app0 publish 2', ['socket.restore', 'socket.drain']],
      ['shop/app0 drain 1', []],
      ['shop/app0 publish again 2', []],
      ['shop/app0 clear 1', []],
    ]);
    // The kernel goes on calling it by the name that it was bound by.
    expect(nodes.find(({ id }) => id === 'shop/app0 drain 1')?.op).toMatchObject({
      name: '.shop-app0.1',
      bound: 'app0.sock',
    });
  });

  test('is left over: drained, stopped, and what it may take along is published again', () => {
    const observed = seen({ kind: 'symlink', to: '.shop-app0.1', leads: true });
    const [current] = observed.containers;
    if (current === undefined) throw new Error('nothing is current');
    const two = { ...current, id: 'two', generation: 2, env: ['LISTEN=/run/socks/.shop-app0.2'] };
    const old = { ...current, env: [], phase: 'old' as const, engineName: 'shop-app0.1.old' };
    const { nodes } = planOf(app, {
      ...observed,
      links: seen({ kind: 'symlink', to: '.shop-app0.2', leads: true }).links,
      containers: [two, old],
    });
    expect(nodes.map(({ id }) => id)).toEqual([
      'shop/app0 drain 1',
      'shop/app0 stop 1',
      'shop/app0 publish again after 1',
      'shop/app0 clear 1',
      'shop/app0 remove 1',
    ]);
  });

  test('is left over on another path than the current one serves on: that one is not published there', () => {
    const observed = seen({ kind: 'symlink', to: '.shop-app0.2', leads: true });
    const [current] = observed.containers;
    if (current?.spec === undefined || current.spec === null) throw new Error('nothing is current');
    const two = { ...current, id: 'two', generation: 2, env: ['LISTEN=/run/socks/.shop-app0.2'] };
    const old = {
      ...current,
      env: [],
      phase: 'old' as const,
      engineName: 'shop-app0.1.old',
      spec: { ...current.spec, socket: '/run/socks/before.sock' },
    };
    const { nodes } = planOf(app, { ...observed, containers: [two, old] });
    expect(nodes.map(({ id }) => id)).toEqual([
      'shop/app0 unpublish 1',
      'shop/app0 drain 1',
      'shop/app0 stop 1',
      'shop/app0 clear 1',
      'shop/app0 remove 1',
    ]);
  });

  test('has failed, runs, and could not be taken back from a path that nobody had before: nothing new comes to it', () => {
    const observed = seen({ kind: 'symlink', to: '.shop-app0.2', leads: true });
    const [current] = observed.containers;
    if (current?.spec === undefined || current.spec === null) throw new Error('nothing is current');
    const one = { ...current, env: [], spec: { ...current.spec, socket: null } };
    const failed = {
      ...current,
      id: 'two',
      generation: 2,
      env: ['LISTEN=/run/socks/.shop-app0.2'],
      phase: 'failed' as const,
      engineName: 'shop-app0.2.failed',
    };
    const { nodes } = planOf(app, { ...observed, containers: [one, failed] });
    expect(nodes.map(({ id }) => id).filter((id) => id.endsWith(' 2'))).toEqual([
      'shop/app0 unpublish 2',
      'shop/app0 drain 2',
      'shop/app0 stop 2',
      'shop/app0 clear 2',
      'shop/app0 remove 2',
    ]);
  });

  test.each([
    ['a link', app, ['unpublish 1 undo: socket.publish']],
    ['a plain socket', fixed, ['keep socket 1 undo: socket.restore', 'unpublish 1 undo: ']],
  ])('serves elsewhere from now on: %s comes back with the old generation', (_, sketch, unpublished) => {
    const desired = desiredState([{ ...app, image: 'app:2' }]);
    const moved = desired.containers.map((container) => ({
      ...container,
      instances: container.instances.map((instance) => ({
        ...instance,
        spec: { ...instance.spec, socket: '/run/socks/other.sock' },
        socket: instance.socket && { ...instance.socket, published: '/run/socks/other.sock' },
      })),
    }));
    const observed = settled(desiredState([sketch]));
    const result = reconcile({ ...desired, containers: moved }, observed, plainRequest);
    if (!result.ok) throw new Error('it is planned');
    const settles = result.value.nodes
      .filter(({ id }) => /keep socket|unpublish|drain|still/.test(id))
      .map(({ id, undo }) => `${id.slice('shop/app0 '.length)} undo: ${undo.map(({ kind }) => kind).join()}`);
    expect(settles).toEqual([...unpublished, 'drain 1 undo: ', 'still up 2 undo: ']);
    const scopes = result.value.nodes
      .filter(({ id }) => /unpublish|still/.test(id))
      .map(({ undoScope }) => undoScope);
    expect(scopes).toEqual(['shop/app0.2', 'shop/app0.2']);
  });

  test('stop-first: a link that it took away comes back with the old generation', () => {
    const next: ContainerSketch = { ...fixed, image: 'app:2', order: 'stop-first' };
    const { nodes } = planOf(next, seen({ kind: 'symlink', to: '.shop-app0.1', leads: true }));
    const clear = nodes.find(({ id }) => id === 'shop/app0 clear 2');
    expect(clear?.undo).toMatchObject([{ kind: 'socket.hold', link: 'app0.sock', back: '.shop-app0.1' }]);
    const back = nodes.find(({ id }) => id === 'shop/app0 hold 1');
    expect(back?.undo).toMatchObject([{ kind: 'socket.release', link: 'app0.sock', to: '.shop-app0.1' }]);
  });
});
