import { expect, test } from 'vitest';

import type { Operation } from '../../src/compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../../src/compiler/plan/plan.ts';
import { execute } from '../../src/runtime/execute.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const AGENT = 'stackc/agent:1';

/** Refuses, and then fails; `codes`: with what nft ends, one time after the other. */
async function takenBack(codes: readonly number[]) {
  const clock = virtualClock();
  let told = 0;
  const engine = memoryEngine({
    clock,
    images: { 'app:1': {}, [AGENT]: {} },
    behaviour: ({ image }) => (image === AGENT ? { exitAfterMs: 1, exitCode: codes[told++] ?? 0 } : {}),
  });
  const id = await engine.createContainer(
    plainConfig({ name: 'shop-app0', image: 'app:1', network: 'none' }),
  );
  await engine.startContainer(id);
  const target = { kind: 'existing', id, generation: 1 } as const;
  const operations: readonly Operation[] = [
    { kind: 'ports.refuse', target, ports: [3000] },
    { kind: 'container.start', target: { ...target, id: 'gone' } },
  ];
  const nodes = operations.map((op, index): PlanNode => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the plan builder makes them
    const nodeId = (at: number) => `node ${at}` as PlanNode['id'];
    const after = index === 0 ? [] : [nodeId(0)];
    const undo: readonly Operation[] = index === 0 ? [{ kind: 'ports.admit', target }] : [];
    const group = 'shop/app0';
    return { id: nodeId(index), op, after, group, reason: '', destructive: false, undoScope: group, undo };
  });
  const plan: Plan = {
    formatVersion: 1,
    stack: 'shop',
    nodes,
    changes: [],
    rolls: [],
    hooks: [],
    warnings: [],
    agents: [{ version: 4, plane: 'stack', name: 'shop-agent', image: AGENT, networks: [], volumes: [] }],
  };
  const walk = async () => {
    for await (const event of execute(plan, {
      desired: null,
      engine,
      agents: { open: () => Promise.reject(new Error('nobody asks it')) },
      buildAgent: () => Promise.resolve(),
      auth: () => Promise.resolve(null),
      clock,
    }))
      if (event.type === 'undo-finished') return event;
    throw new Error('nothing was taken back');
  };
  return { ...(await clock.run(walk())), told };
}

test('a generation that refuses is let in again', async () => {
  expect(await takenBack([0, 0])).toMatchObject({ told: 2, done: [{ kind: 'ports.admit' }], failures: [] });
});

test('one that cannot be let in again is not passed over in silence', async () => {
  expect(await takenBack([0, 1])).toMatchObject({
    told: 2,
    done: [],
    failures: [
      {
        message: "the kernel's packet filter: `nft` exited with code 1",
        help: 'new connections to it are refused until it is replaced: `stack apply --force` with its name',
      },
    ],
  });
});

test('where the filter took no rule there is none to take back', async () => {
  expect(await takenBack([1, 1])).toMatchObject({ told: 2, done: [], failures: [] });
});
