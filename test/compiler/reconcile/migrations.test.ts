import { describe, expect, test } from 'vitest';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { ObservedContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { Operation } from '../../../src/compiler/plan/operation.ts';
import { isPending } from '../../../src/compiler/plan/plan.ts';
import type { PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';
import type { ContainerSketch } from '../../support/desired.ts';

const WORDS = ['rake', 'db:migrate'];
const app: ContainerSketch = { name: 'app', migration: WORDS };

function record(change: Partial<ObservedContainer>): ObservedContainer {
  const [one] = settled(desiredState([app])).containers;
  if (one === undefined) throw new Error('no container');
  return {
    ...one,
    id: 'id-migration-1',
    role: 'migration',
    engineName: 'shop-app.1.migration',
    state: 'exited',
    exitCode: 0,
    migration: { imageId: 'sha256:app:1', command: WORDS },
    ...change,
  };
}

function runs(
  desired: DesiredState,
  observed: ObservedState,
  request: Partial<PlanRequest> = {},
): readonly Extract<Operation, { kind: 'migration.run' }>[] {
  const result = reconcile(desired, observed, { ...plainRequest, ...request });
  if (!result.ok) throw new Error(result.diagnostics.map((d) => `${d.code} ${d.message}`).join('\n'));
  return result.value.nodes.flatMap(({ op }) => (op.kind === 'migration.run' ? [op] : []));
}

test('the records of other images stay, so that going back to one does not run it again', () => {
  const one = record({ id: 'id-one' });
  const two = record({ id: 'id-two', generation: 2, migration: { imageId: 'sha256:app:2', command: WORDS } });
  const bad = record({
    id: 'id-bad',
    generation: 3,
    exitCode: 1,
    migration: { imageId: 'sha256:app:3', command: WORDS },
  });
  const seen: ObservedState = { ...nothing, containers: [one, two, bad] };
  expect(runs(desiredState([app]), seen)).toEqual([]);
  expect(runs(desiredState([{ ...app, image: 'app:2' }]), seen)).toEqual([]);
  expect(runs(desiredState([{ ...app, image: 'app:3' }]), seen)).toMatchObject([
    { generation: 4, replaces: ['id-bad'] },
  ]);
});

test('one that is skipped is told of, and runs with the next new generation', () => {
  const plan = (request: Partial<PlanRequest>, observed: ObservedState = nothing) => {
    const result = reconcile(desiredState([app]), observed, { ...plainRequest, ...request });
    if (!result.ok) throw new Error('no plan');
    return result.value;
  };
  const skipped = plan({ skipMigration: true });
  expect(skipped.nodes.filter(({ op }) => op.kind === 'migration.run')).toEqual([]);
  expect(skipped.warnings.map(({ code, message }) => `${code} ${message}`)).toEqual([
    'STK422 the migration of `app` is skipped',
  ]);
  expect(plan({}).nodes.filter(({ op }) => op.kind === 'migration.run')).toHaveLength(1);
  const there = settled(desiredState([app]));
  expect(plan({ skipMigration: true }, there)).toMatchObject({ nodes: [], warnings: [] });
});

describe('a migration that an apply was cut off from', () => {
  const failed = record({ id: 'id-failed', exitCode: 1 });
  const going = record({ id: 'id-going', generation: 2, engineName: 'shop-app.2.migration', exitCode: null });
  const seen = (...containers: readonly ObservedContainer[]): ObservedState => ({ ...nothing, containers });

  test.each(['running', 'restarting'] as const)(
    'is waited for while it is %s, and never removed',
    (state) => {
      expect(runs(desiredState([app]), seen(failed, { ...going, state }))).toEqual([
        {
          kind: 'migration.run',
          container: 'shop/app',
          generation: 2,
          name: 'shop-app.2.migration',
          reversible: false,
          adopt: 'id-going',
          replaces: ['id-failed'],
        },
      ]);
    },
  );

  test.each<[string, Partial<ObservedContainer>, Partial<ContainerSketch>]>([
    ['another image', { migration: { imageId: 'sha256:app:0', command: WORDS } }, {}],
    ['another command', { migration: { imageId: 'sha256:app:1', command: ['other'] } }, {}],
    ['an image that is yet to be pulled', {}, { imageId: null, pull: { digest: null, why: 'not here' } }],
    ['a paused one', { state: 'paused' }, {}],
  ])('stops the plan when it cannot be waited for: %s', (_, change, sketch) => {
    const observed = seen({ ...going, state: 'running', ...change });
    const result = reconcile(desiredState([{ ...app, ...sketch }]), observed, plainRequest);
    expect(result.ok ? [] : result.diagnostics.map((d) => d.code)).toEqual(['STK415']);
    expect(result.ok ? '' : result.diagnostics[0]?.help).toContain('docker stop shop-app.2.migration');
  });

  test('stops the plan when there are two of them', () => {
    const second = { ...going, id: 'id-second', generation: 3, engineName: 'shop-app.3.migration' };
    const observed = seen({ ...going, state: 'running' }, { ...second, state: 'running' });
    const result = reconcile(desiredState([app]), observed, plainRequest);
    expect(result.ok ? [] : result.diagnostics.map((d) => d.message)).toEqual([
      'a migration of `app` still runs: `shop-app.3.migration`',
    ]);
  });

  test('is nobody’s business while nothing new starts', () => {
    const desired = desiredState([app]);
    const observed = settled(desired);
    const other = { ...going, state: 'running', migration: { imageId: 'x', command: [] } } as const;
    expect(runs(desired, { ...observed, containers: [...observed.containers, other] })).toEqual([]);
  });
});

describe('a migration that was made and never started', () => {
  const made = record({ id: 'id-made', state: 'created', exitCode: null });
  const plan = (sketch: ContainerSketch, request: Partial<PlanRequest> = {}) => {
    const desired = desiredState([sketch]);
    const containers = [...settled(desired).containers, made];
    const result = reconcile(desired, { ...settled(desired), containers }, { ...plainRequest, ...request });
    if (!result.ok) throw new Error('no plan');
    return result.value;
  };

  test.each([
    ['names no migration any more', { name: 'app' }],
    ['has it, and nothing calls for it', app],
    ['names no such container any more', { name: 'web' }],
  ] as const)('goes where the file %s', (_, sketch) => {
    const { changes, nodes } = plan(sketch);
    expect(changes.filter(({ action }) => action === 'tidy')).toMatchObject([
      {
        subject: { kind: 'migration', container: 'app' },
        notes: ['removes shop-app.1.migration, which was never started'],
      },
    ]);
    expect(nodes.flatMap(({ op }) => (op.kind === 'container.remove' ? [op.target] : []))).toEqual([
      { kind: 'existing', id: 'id-made', generation: 1 },
    ]);
  });

  test('is removed by the run that takes its place, and once', () => {
    const other = { ...app, migration: ['rake', 'db:seed'] };
    const { nodes } = plan(other, { force: ['app'] });
    expect(nodes.flatMap(({ op }) => (op.kind === 'migration.run' ? op.replaces : []))).toEqual(['id-made']);
    expect(
      nodes.filter(
        ({ op }) =>
          op.kind === 'container.remove' && op.target.kind === 'existing' && op.target.id === 'id-made',
      ),
    ).toEqual([]);
  });

  test('is left alone by `--only`', () => {
    expect(plan({ name: 'app' }, { only: ['app'] }).nodes).toEqual([]);
  });
});

describe('a held container', () => {
  const db: ContainerSketch = { name: 'db', mode: 'manual', image: 'db:2', migration: WORDS };
  const web: ContainerSketch = { name: 'web' };
  const gated = (sketch: ContainerSketch): DesiredState => {
    const desired = desiredState([sketch, web]);
    const [owner, ...others] = desired.containers;
    if (owner === undefined) throw new Error('no container');
    const migrationGates = others.map(({ key }) => key);
    return { ...desired, containers: [{ ...owner, migrationGates }, ...others] };
  };
  const held = gated({ ...db, imageId: null });

  test('its migration is not run for the version that is not deployed', () => {
    const observed = settled(desiredState([{ ...db, image: 'db:1' }]));
    expect(runs(held, observed)).toEqual([]);
    expect(runs(gated(db), observed, { include: ['db'] })).toHaveLength(1);
  });

  test('nothing is held on an engine that is not asked', () => {
    expect(runs(held, nothing, { offline: true })).toHaveLength(1);
  });
});

test('`--only`: what a migration of another container is run from is there first', () => {
  const desired = desiredState([
    { ...app, socket: true, imageId: null, pull: { digest: null, why: 'not on the engine' } },
    { name: 'web' },
  ]);
  const [owner, user] = desired.containers;
  if (owner === undefined || user === undefined) throw new Error('no containers');
  const containers = [{ ...owner, migrationGates: [user.key] }, user];
  const request = { ...plainRequest, only: ['web'] };
  const result = reconcile({ ...desired, containers }, nothing, request);
  expect(result.ok ? result.value.changes.map((c) => `${c.action} ${c.id}`) : []).toEqual([
    'create network shop',
    'create volume shop-socks-run',
    'create agent shop-agent',
    'pull image app:1',
    'run migration shop/app',
    'create shop/web0',
  ]);
});

describe('other words for an image that has run already', () => {
  const OTHER = ['rake', 'db:seed'];
  const changed: ContainerSketch = { ...app, migration: OTHER };
  /** As `app` was applied; `label` is what its container was made under. */
  const seen = (label: readonly string[] | null | undefined, ...records: readonly ObservedContainer[]) => {
    const state = settled(desiredState([app, { name: 'taker' }]));
    const containers = state.containers.map((c) =>
      c.container !== 'app' || c.spec === null || label === undefined
        ? c
        : { ...c, spec: { ...c.spec, migration: label } },
    );
    return { ...state, containers: [...containers, ...records] };
  };
  const planned = (
    sketch: ContainerSketch,
    observed: ObservedState,
    request: Partial<PlanRequest> = {},
    image?: null,
  ) => {
    const desired = desiredState([sketch, { name: 'taker' }]);
    const [owner, ...rest] = desired.containers;
    if (owner === undefined) throw new Error('no container');
    const held = { ...desired, containers: [{ ...owner, image: { ...owner.image, id: null } }, ...rest] };
    const result = reconcile(image === null ? held : desired, observed, { ...plainRequest, ...request });
    if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join('\n'));
    return result.value;
  };

  test('run once, though nothing is replaced, and the plan says what differs', () => {
    const { changes, nodes } = planned(changed, seen(WORDS, record({})));
    expect(changes.filter(isPending)).toMatchObject([
      {
        id: 'migration shop/app',
        action: 'run',
        reasons: [{ kind: 'field', field: 'migration', from: '"rake db:migrate"', to: '"rake db:seed"' }],
      },
    ]);
    expect(nodes.map(({ op }) => op.kind)).toEqual(['migration.run']);
    const done = record({ generation: 2, migration: { imageId: 'sha256:app:1', command: OTHER } });
    expect(planned(changed, seen(WORDS, record({}), done)).nodes).toEqual([]);
  });

  test('words where there were none are other words', () => {
    expect(planned(changed, seen(null)).changes[0]?.reasons).toMatchObject([
      { field: 'migration', from: null, to: '"rake db:seed"' },
    ]);
  });

  test.each<[string, ContainerSketch, ObservedState, Partial<PlanRequest>?, null?]>([
    ['records that were pruned', app, seen(WORDS)],
    ['a migration that is gone', { name: 'app' }, seen(WORDS, record({}))],
    ['a label that does not tell', changed, seen(undefined, record({}))],
    ['what --only leaves out', changed, seen(WORDS, record({})), { only: ['taker'] }],
    ['a held container', { ...changed, mode: 'manual' }, seen(WORDS, record({})), {}, null],
  ])('nothing runs for %s', (_, sketch, observed, request, image) => {
    expect(planned(sketch, observed, request, image).nodes).toEqual([]);
  });

  test('an included manual container runs it', () => {
    const { nodes } = planned({ ...changed, mode: 'manual' }, seen(WORDS, record({})), { include: ['app'] });
    expect(nodes.map(({ op }) => op.kind)).toEqual(['migration.run']);
  });

  test('one of the instances made under the new words is enough', () => {
    const desired = desiredState([{ ...changed, instances: 2 }]);
    const state = settled(desired);
    const containers = state.containers.map((c, i) =>
      c.spec === null ? c : { ...c, spec: { ...c.spec, migration: i === 0 ? WORDS : OTHER } },
    );
    expect(runs(desired, { ...state, containers })).toEqual([]);
  });

  test('who starts from the same image waits for it', () => {
    const taker: ContainerSketch = { name: 'taker', image: 'app:1', env: { A: '1' } };
    const desired = desiredState([changed, taker]);
    const state = settled(desiredState([app, { ...taker, env: {} }]));
    const containers = state.containers.map((c) =>
      c.container === 'app' && c.spec !== null ? { ...c, spec: { ...c.spec, migration: WORDS } } : c,
    );
    const result = reconcile(desired, { ...state, containers }, plainRequest);
    if (!result.ok) throw new Error('no plan');
    expect(result.value.changes.filter(isPending).map(({ id, waitsFor }) => [id, waitsFor])).toEqual([
      ['migration shop/app', []],
      ['shop/taker0', ['migration shop/app']],
    ]);
  });
});
