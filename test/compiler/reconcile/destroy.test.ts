import { expect, test } from 'vitest';

import { destroyPlan } from '../../../src/compiler/reconcile/destroy.ts';
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
