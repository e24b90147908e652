import { describe, expect, it } from 'vitest';

import { candidates, certain } from '../../../src/compiler/adopt/candidates.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { MountSpec } from '../../../src/compiler/desired/instance-spec.ts';
import type { ForeignContainer, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';

const shop = desiredState([{ name: 'app', instances: 2 }]);

function stranger(name: string, more: Partial<ForeignContainer> = {}): ForeignContainer {
  return {
    id: `id-of-${name}`,
    name,
    stack: null,
    swarm: null,
    compose: null,
    networks: ['bridge'],
    writes: [],
    autoRemove: null,
    ...more,
  };
}

function volumeMount(source: string, target: string): MountSpec {
  return { type: 'volume', source, target, readOnly: false, noCopy: false, relabel: null, dataVolume: null };
}

function compose(name: string, number: number | null, service = 'app'): ForeignContainer {
  return stranger(name, { compose: { project: 'site', service, number } });
}

function seeing(...foreign: readonly ForeignContainer[]): ObservedState {
  return { ...nothing, foreign };
}

/** `app0 ← old`, as far as there is no doubt. */
function meant(desired: DesiredState, observed: ObservedState): readonly string[] {
  return certain(candidates(desired, observed)).map(({ instance, one }) => `${instance.name} ← ${one.name}`);
}

describe('named like an instance', () => {
  it('as the cookbook named it, or as the stack will', () => {
    expect(meant(shop, seeing(stranger('app0'), stranger('shop-app1'), stranger('app10')))).toEqual([
      'app0 ← app0',
      'app1 ← shop-app1',
    ]);
  });

  it('by the labels of Compose, whose numbers begin at 1; its runs are no instances', () => {
    const found = seeing(
      compose('site-app-2', 2),
      compose('site-app-run-1', null),
      compose('site-db-1', 1, 'db'),
    );
    expect(meant(shop, found)).toEqual(['app1 ← site-app-2']);
  });

  it('by the labels of a project of another name only where nothing else can be meant', () => {
    const two = desiredState([{ name: 'app' }, { name: 'redis' }]);
    const app = compose('site-app-1', 1);
    const redis = stranger('blog-redis-1', { compose: { project: 'blog', service: 'redis', number: 1 } });
    expect(meant(two, seeing(app))).toEqual(['app0 ← site-app-1']);
    expect(meant(two, seeing(app, redis))).toEqual([]);
    // One that the stack gets later: many a project has a redis.
    expect(meant(two, { ...settled(desiredState([{ name: 'app' }])), foreign: [redis] })).toEqual([]);
    const own = { ...redis, compose: { project: 'Shop_', service: 'redis', number: 1 } };
    expect(meant(two, { ...settled(desiredState([{ name: 'app' }])), foreign: [own] })).toEqual([
      'redis0 ← blog-redis-1',
    ]);
    const said = desiredState([{ name: 'app' }, { name: 'redis', adopt: ['blog-redis-1'] }]);
    expect(meant(said, seeing(app, redis))).toEqual(['app0 ← site-app-1', 'redis0 ← blog-redis-1']);
  });

  it('with `adopt`, nothing else', () => {
    const desired = desiredState([{ name: 'app', instances: 2, adopt: ['old'] }]);
    expect(candidates(desired, seeing(stranger('app0')))).toEqual([]);
    const single = desiredState([{ name: 'app', adopt: ['old'] }]);
    expect(meant(single, seeing(stranger('app0'), stranger('old')))).toEqual(['app0 ← old']);
  });

  it('not what the stack has already, nor what another stack has, nor for `cron`', () => {
    expect(candidates(shop, { ...settled(shop), foreign: [stranger('app0')] })).toEqual([]);
    expect(candidates(shop, seeing(stranger('app0', { stack: 'blog' })))).toEqual([]);
    const nightly = desiredState([{ name: 'app', mode: 'cron' }]);
    expect(candidates(nightly, seeing(stranger('app0')))).toEqual([]);
  });

  it('beside one that failed before: a generation that is kept to be looked at is no instance', () => {
    const observed = settled(shop);
    const failed = observed.containers.map((one) => ({ ...one, phase: 'failed' as const }));
    expect(meant(shop, { ...observed, containers: failed, foreign: [stranger('app0')] })).toEqual([
      'app0 ← app0',
    ]);
  });
});

describe('what is said of it', () => {
  const told = (desired: DesiredState, observed: ObservedState, request: Partial<PlanRequest> = {}) => {
    const result = reconcile(desired, observed, { ...plainRequest, ...request });
    const all = result.ok ? result.warnings : result.diagnostics;
    return all.map(({ code, severity, message }) => `${severity} ${code} ${message}`);
  };

  it('without --adopt a hint for each container, and a plan', () => {
    expect(told(shop, seeing(stranger('app0'), compose('site-app-2', 2)))).toEqual([
      'warning STK423 `app0` runs outside of the stack, as container `app0`, and 1 more of `app`',
    ]);
  });

  it('without --adopt of one that was adopted before, and of which the record is gone', () => {
    const joined = stranger('app0', { networks: ['bridge', 'shop'] });
    const observed = { ...seeing(joined), ownNetworks: ['shop'] };
    const lost =
      'warning STK429 container `app0` is in network `shop`, as `app0` is once it is adopted, and there is no record of it';
    expect(told(shop, observed)).toEqual([lost]);
    expect(told(shop, observed, { adopt: true })).toEqual([]);
    expect(told(shop, { ...observed, ownNetworks: [] })).not.toContain(lost);
  });

  it('without --adopt of one that writes what only its instance writes in the file', () => {
    const data = { mounts: [volumeMount('data', '/data')] };
    const store = desiredState([{ name: 'app', spec: data }]);
    const running = seeing(stranger('app0', { writes: ['data'] }));
    const harm =
      'warning STK430 `app0` and container `app0`, which runs outside of the stack, would both write volume `data`';
    expect(told(store, running)).toEqual([harm]);
    expect(told(store, running, { adopt: true })).toEqual([]);
    expect(told(store, seeing(stranger('app0')))).not.toContain(harm);
    expect(told(store, seeing(stranger('other', { writes: ['data'] })))).toEqual([]);
    const shared = desiredState([
      { name: 'app', spec: data },
      { name: 'side', spec: data },
    ]);
    expect(told(shared, running)).not.toContain(harm);
    const reader = desiredState([
      { name: 'app', spec: { mounts: [{ ...volumeMount('data', '/data'), readOnly: true }] } },
    ]);
    expect(told(reader, running)).not.toContain(harm);
  });

  it.each<[string, DesiredState, ObservedState, string]>([
    [
      'two that may be it',
      shop,
      seeing(stranger('app0'), compose('site-app-1', 1)),
      'error STK424 more than one container may be `app0`: `app0`, `site-app-1` (of Compose project `site`)',
    ],
    [
      'one that may be two',
      desiredState([{ name: 'app', instances: 2, adopt: ['old'] }]),
      seeing(stranger('old')),
      'error STK424 container `old` may be `shop/app0` and `shop/app1`, and one container becomes one instance',
    ],
    [
      'one of a project of another name, where the stack has others already',
      desiredState([{ name: 'web' }, { name: 'app' }]),
      { ...settled(desiredState([{ name: 'web' }])), foreign: [compose('site-app-1', 1)] },
      'error STK424 container `site-app-1` (of Compose project `site`) may be `app0`, but that project is not called like the stack',
    ],
    [
      'one of another stack',
      desiredState([{ name: 'app', adopt: ['blog-app0'] }]),
      seeing(stranger('blog-app0', { stack: 'blog' })),
      'error STK425 container `blog-app0`, which is to become `app0`, is of stack `blog`',
    ],
    [
      'one of Swarm',
      desiredState([{ name: 'app', adopt: ['site_app.1.x'] }]),
      seeing(stranger('site_app.1.x', { swarm: 'site_app' })),
      'error STK425 container `site_app.1.x`, which is to become `app0`, is of the Swarm service `site_app`, which would start it again',
    ],
    [
      'one that is gone when it stops',
      shop,
      seeing(stranger('app0', { autoRemove: true })),
      'error STK428 container `app0`, which is to become `app0`, is one that the engine removes when it stops, with its volumes without a name (`--rm`)',
    ],
    [
      'none of that name',
      desiredState([{ name: 'app', adopt: ['old'] }]),
      nothing,
      'error STK426 there is no container `old` to become `app0`',
    ],
  ])('with --adopt: %s', (_title, desired, observed, message) => {
    expect(told(desired, observed, { adopt: true })).toEqual([message]);
  });

  it('nothing once its instance is there, whatever `adopt` names', () => {
    const desired = desiredState([{ name: 'app', adopt: ['old'] }]);
    expect(told(desired, settled(desired), { adopt: true })).toEqual([]);
    expect(told(desired, settled(desired))).toEqual([]);
  });

  it('offline nothing: nobody has looked', () => {
    const desired = desiredState([{ name: 'app', adopt: ['old'] }]);
    expect(told(desired, nothing, { adopt: true, offline: true })).toEqual([]);
  });

  it('a port that it has is given up by --adopt: nobody need stop it', () => {
    const ports = [{ containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' }] as const;
    const desired = desiredState([{ name: 'app', spec: { ports } }]);
    const helpWith = (container: string) => {
      const foreignPorts = [
        { hostPort: 8080, hostIp: null, protocol: 'tcp', container, owner: null },
      ] as const;
      const result = reconcile(desired, { ...seeing(stranger('app0')), foreignPorts }, plainRequest);
      const all = result.ok ? result.warnings : result.diagnostics;
      return all.find(({ code }) => code === 'STK417')?.help;
    };
    expect(helpWith('app0')).toBe(
      '`--adopt` takes that container over, and it gives the port up in its turn',
    );
    expect(helpWith('nginx')).toMatch(/^stop that container first/);
  });

  it('of what --only leaves out nothing', () => {
    const two = desiredState([{ name: 'app' }, { name: 'web' }]);
    expect(told(two, seeing(stranger('web0')), { only: ['app'] })).toEqual([]);
  });

  it('going back is refused where it would remove what ran before the stack had it', () => {
    const before = desiredState([{ name: 'app' }]);
    const both = desiredState([{ name: 'app' }, { name: 'db', mode: 'manual' }]);
    const observed = settled(both);
    const containers = observed.containers.map((one) =>
      one.spec === null || one.instance !== 'db0'
        ? one
        : { ...one, generation: 0, engineName: 'pg', spec: { ...one.spec, adopted: 'pg' } },
    );
    const now = { ...observed, containers };
    expect(told(before, now, { goesBack: true })).toEqual([
      'error STK427 that revision is from before `db0` was adopted, and would remove container `pg`, which ran then as well',
    ]);
    expect(told(before, now)).toEqual([]);
  });
});
