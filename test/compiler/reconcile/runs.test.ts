import { expect, test } from 'vitest';
import type { ObservedRun, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, plainRequest, settled } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

const desired = desiredState([{ name: 'app', socket: true }]);
const spec = desired.containers[0]?.template.spec ?? null;

const left: ObservedRun = {
  id: 'id-run',
  engineName: 'shop-app.run.1',
  application: 'shop',
  container: 'app',
  state: 'exited',
  abandoned: true,
  spec: null,
};

function text(run: Partial<ObservedRun>, request: Partial<PlanRequest> = {}): string {
  const observed: ObservedState = { ...settled(desired), runs: [{ ...left, ...run }] };
  const result = reconcile(desired, observed, { ...plainRequest, ...request });
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join());
  return planText(result.value);
}

test('what nobody waits for is removed', () => {
  expect(text({})).toMatchInlineSnapshot(`
    "none shop/app0
    tidy run shop-app.run.1

    [] #1 run shop-app.run.1 remove: container.remove"
  `);
});

test('what still runs is stopped first, and its own socket cleared away', () => {
  const own = spec === null ? null : { ...spec, socket: '/run/socks/.shop-app.run.1' };
  expect(text({ state: 'running', spec: own })).toMatchInlineSnapshot(`
    "none shop/app0
    tidy run shop-app.run.1

    [] #1 run shop-app.run.1 stop: container.stop
    [1] #2 run shop-app.run.1 clear: socket.unlink
    [2] #3 run shop-app.run.1 remove: container.remove"
  `);
});

test('what somebody waits for is left alone, and so is everything beside `--only`', () => {
  expect(text({ abandoned: false })).not.toContain('run.1');
  expect(text({}, { only: ['app'] })).not.toContain('run.1');
});
