import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { labels } from '../../src/compiler/labels.ts';
import type { Operation } from '../../src/compiler/plan/operation.ts';
import { destroyPlan } from '../../src/compiler/reconcile/destroy.ts';
import type { Plan, PlanNode } from '../../src/compiler/plan/plan.ts';
import { observe } from '../../src/runtime/observe.ts';
import { REFERENCES, twoVersions } from '../laws/sketches.ts';
import { desiredState, STACK } from '../support/desired.ts';
import { world } from '../support/world.ts';

const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** The words of each operation in what `stack history N` lists; a checkpoint is none, and `files.restore` only takes back. */
const WORDS: Readonly<Record<Exclude<Operation['kind'], 'checkpoint' | 'files.restore'>, readonly string[]>> =
  {
    'image.build': ['build'],
    'image.push': ['push'],
    'image.pull': ['pull'],
    'volume.create': ['create'],
    'volume.remove': ['remove'],
    'network.create': ['create'],
    'network.remove': ['remove'],
    'agent.build': ['build'],
    'agent.create': ['create'],
    'agent.start': ['start'],
    'agent.remove': ['remove'],
    'migration.run': ['run'],
    'hook.run': ['run'],
    'adoption.record': ['adopt'],
    'adoption.forget': ['forget'],
    'container.create': ['create'],
    'container.start': ['start'],
    'container.unpause': ['unpause'],
    'container.gate': ['gate again', 'gate'],
    'container.up': ['gate'],
    'container.alive': ['still up'],
    'container.monitor': ['monitor'],
    'canary.bake': ['bake'],
    'forerunners.alive': ['see forerunners'],
    'container.policy': ['keep', 'release', 'policy'],
    'container.connect': ['join'],
    'container.disconnect': ['leave'],
    'container.rename': ['park', 'switch', 'name aside', 'name'],
    'container.signal': ['quiet'],
    'container.idle': ['await idle'],
    'container.stop': ['stop'],
    'container.remove': ['remove'],
    'socket.publish': ['publish again', 'publish back', 'publish'],
    'socket.hold': ['hold'],
    'socket.release': ['hand over', 'publish'],
    'socket.keep': ['keep socket'],
    'socket.restore': ['put back', 'publish back', 'publish again'],
    'socket.unlink': ['take path', 'unpublish', 'clear'],
    'socket.drain': ['drain'],
    'socket.reached': ['await balancer'],
    'balancer.point': ['tell'],
    'balancer.leave': ['drain in', 'rest in'],
    'balancer.notice': ['await checks'],
    'ports.drain': ['drain ports'],
    'ports.note': ['note ports'],
    'ports.refuse': ['refuse'],
    'ports.admit': ['admit'],
    'proxies.wake': ['wake proxies'],
    'proxies.reached': ['await proxies'],
    'files.reload': ['reload'],
    'files.settle': ['settle'],
  };

const KNOWN = new Map<string, readonly string[]>(Object.entries(WORDS));

test('the page has the words of every kind of operation, and no others', () => {
  const [, section = ''] = page.split('## What the operations are\n');
  const rows = section.split('\n## ')[0]?.match(/^\| `.*$/gm) ?? [];
  const written = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word),
  );
  // What stands beside them.
  const words = [...new Set(Object.values(WORDS).flat())].filter((word) => word !== 'run');
  expect(written.toSorted()).toEqual(words.toSorted());
  expect(section).toContain('of a migration or a hook `run`');
});

/** The nodes whose word the page does not have. */
function unknown(plan: Plan): readonly string[] {
  const back = plan.rolls.flatMap((roll) => roll.back.flatMap(({ nodes }) => nodes));
  return [...plan.nodes, ...back].filter((node) => !isKnown(node)).map(({ id, op }) => `${op.kind}: ${id}`);
}

function isKnown({ id, group, op }: PlanNode): boolean {
  if (op.kind === 'checkpoint') return true;
  const verb = id.slice(group.length + 1).replace(/^back /, '');
  return KNOWN.get(op.kind)?.some((word) => verb === word || verb.startsWith(`${word} `)) === true;
}

test('plans say nothing else', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(twoVersions, async ({ before, after }) => {
      const w = world(REFERENCES, {
        behaviour: ({ labels: own }) =>
          own[labels.role] === 'migration' ? { exitAfterMs: 10, exitCode: 0 } : {},
      });
      const everything = { allowRemoveAll: true, include: ['db', 'app', 'worker', 'web'] };
      const first = await w.plan(desiredState(before), everything);
      await w.walk(first, desiredState(before));
      const second = await w.plan(desiredState(after), everything);
      const down = destroyPlan(await observe(w.engine, STACK, []), { stack: STACK, volumes: true });
      expect([first, second, down].flatMap(unknown)).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
