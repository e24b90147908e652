import { expect, test } from 'vitest';

import { destroyPlan, leavingVolumes } from '../../../src/compiler/reconcile/destroy.ts';
import { desiredState, settled } from '../../support/desired.ts';

test('who links to a container stops before all of its instances', () => {
  const links = [{ target: 'shop-app0', alias: 'app' }];
  const observed = settled(
    desiredState([
      { name: 'app', instances: 3 },
      { name: 'front', spec: { links } },
    ]),
  );
  const { nodes } = destroyPlan(observed, { stack: 'shop', volumes: false });
  const stops = nodes.filter(({ op }) => op.kind === 'container.stop');
  const after = Object.fromEntries(stops.map(({ id, after: before }) => [id, before]));
  expect(after).toEqual({
    'instance shop-front0 stop': [],
    'instance shop-app0 stop': ['instance shop-front0 stop'],
    'instance shop-app1 stop': ['instance shop-front0 stop'],
    'instance shop-app2 stop': ['instance shop-front0 stop'],
  });
});

test('whoever reaches a container by its socket stops before it', () => {
  const socks = { type: 'volume', source: 'shop-socks-run', target: '/run/socks' } as const;
  const mounts = [{ ...socks, readOnly: false, noCopy: true, relabel: null, dataVolume: 'socks' }];
  const observed = settled(
    desiredState([
      { name: 'api', socket: true },
      { name: 'app', instances: 2, socket: true, fixed: true },
      { name: 'haproxy', spec: { mounts } },
    ]),
  );
  const { nodes } = destroyPlan(observed, { stack: 'shop', volumes: false });
  const stops = nodes.filter(({ op }) => op.kind === 'container.stop');
  expect(stops.map(({ id, after }) => [id, after])).toEqual([
    ['instance shop-haproxy0 stop', []],
    ['instance shop-api0 stop', ['instance shop-haproxy0 stop']],
    ['instance shop-app0 stop', ['instance shop-haproxy0 stop']],
    ['instance shop-app1 stop', ['instance shop-haproxy0 stop']],
  ]);
});

test.each<[string, readonly string[], boolean, readonly string[]]>([
  ['the journal stays with the data', ['shop-data', 'shop.journal'], false, []],
  ['all go when asked for', ['shop-data', 'shop.journal'], true, ['shop-data', 'shop.journal']],
  ['the journal alone goes', ['shop.journal'], false, ['shop.journal']],
  ['there are none', [], false, []],
])('volumes: %s', (_, names, volumes, leaving) => {
  const observed = {
    volumes: names.map((name) => ({ name, application: '', dataVolume: '', path: '' })),
  };
  expect(leavingVolumes(observed, { stack: 'shop', volumes })).toEqual(leaving);
});
