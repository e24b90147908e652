import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { ObservedState } from '../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { readMigrates } from '../../src/runtime/read-migrates.ts';
import { lookAtListeners } from '../../src/agent/listeners.ts';
import { agentPlace, execEngine } from '../support/agent-process.ts';
import { desiredState, plainRequest, settled, type ContainerSketch } from '../support/desired.ts';

const place = agentPlace();
beforeAll(() => once(place.start([]).stdout, 'data'));
afterAll(() => place.remove());

const front: ContainerSketch = {
  name: 'front',
  port: 80,
  spec: { network: 'host' },
  gate: {
    kind: 'http',
    over: { port: 80 },
    path: '/',
    status: [[100, 499]],
    timeoutMs: 1000,
    intervalMs: 50,
    limitMs: 1000,
  },
};

const observed = settled(desiredState([front]));

/** A replacement of it, planned where so much is there. */
function planOf(order: 'start-first' | 'stop-first') {
  const plan = reconcile(desiredState([{ ...front, order, env: { NEW: '1' } }]), observed, plainRequest);
  if (!plan.ok) throw new Error('no plan');
  return plan.value;
}

const asking = execEngine(place.start);
const silent = { exec: () => Promise.reject(new Error('nobody is to be asked')) };

test('the agent in the network of the host says what its kernel does', async () => {
  const { migrates } = lookAtListeners([]);
  await expect(readMigrates(asking, planOf('start-first'), observed)).resolves.toBe(migrates);
});

test('nobody is asked for a plan in which no port is shared', async () => {
  await expect(readMigrates(silent, planOf('stop-first'), observed)).resolves.toBeNull();
});

test.each<[string, ObservedState['agents']]>([
  ['there is none', []],
  ['it does not run', observed.agents.map((agent) => ({ ...agent, state: 'exited' as const }))],
])('nobody is asked where %s', async (_, agents) => {
  await expect(readMigrates(silent, planOf('start-first'), { ...observed, agents })).resolves.toBeNull();
});

test.each([
  ['is gone', { exec: () => Promise.reject(new EngineError('not-found', 'exec', 'no such container')) }],
  ['is of another version', execEngine(() => place.start(['no such word']))],
])('one that %s knows nothing', async (_, engine) => {
  await expect(readMigrates(engine, planOf('start-first'), observed)).resolves.toBeNull();
});
