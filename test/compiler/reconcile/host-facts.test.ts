import { expect, test } from 'vitest';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { nothing, plainRequest, settled } from '../../support/desired.ts';
import { desired, inputs } from '../spec/marked.ts';

const text = JSON.stringify({
  name: 'shop',
  logrotate: { forwarder: 'app0' },
  deploy: {
    shop: {
      containers: [
        { app: { deploy: 'auto', image: 'a:1', containers: 2, port: 80, health: { path: '/ping' } } },
        { db: { deploy: 'manual', image: 'b:1' } },
      ],
    },
  },
});

test('a plan is the same whether the facts of the host are known or not', () => {
  const without = desired(text, { host: null });
  const known = desired(text, { host: { ...inputs.host, logDriver: 'json-file' } });
  // What only the creation of a container takes from them.
  const made = ({ containers }: typeof known) =>
    containers.flatMap(({ instances }) => instances.map(({ hostname, log }) => ({ hostname, log })));
  expect(made(known)).not.toEqual(made(without));
  for (const observed of [nothing, settled(without), { ...settled(known), networks: [] }]) {
    const plan = reconcile(known, observed, plainRequest);
    expect(plan.ok).toBe(true);
    expect(reconcile(without, observed, plainRequest)).toEqual(plan);
  }
});
