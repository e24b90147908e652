import PQueue from 'p-queue';
import type { NodeId, PlanNode } from '../compiler/plan/plan.ts';

/** What became of one node. */
export type Outcome = 'done' | 'failed' | 'skipped' | 'left';

/** How a walk is run. */
export interface WalkOptions {
  /** Nodes under way at the same time, at least 1. */
  readonly parallelism: number;
  /** Runs one node; resolves to what became of it, `left` when it was given up in the middle. Never rejects. */
  readonly run: (node: PlanNode) => Promise<'done' | 'failed' | 'left'>;
  /** A node that will not run since `because` failed. */
  readonly onSkip: (node: PlanNode, because: NodeId) => void;
  /** Asked before each start: a node that may not start any more is left, and all that wait for it. */
  readonly mayStart: (node: PlanNode) => boolean;
}

/**
 * Walks an acyclic graph: a node starts when all that it waits for are done. A failed node's dependents are
 * skipped, each naming the node that really failed; independent branches go on.
 */
export async function walk(
  nodes: readonly PlanNode[],
  options: WalkOptions,
): Promise<ReadonlyMap<NodeId, Outcome>> {
  const queue = new PQueue({ concurrency: options.parallelism });
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const dependents = new Map<NodeId, PlanNode[]>();
  const waiting = new Map<NodeId, number>();
  const outcome = new Map<NodeId, Outcome>();
  for (const node of nodes) {
    waiting.set(node.id, node.after.length);
    for (const before of node.after) {
      if (!byId.has(before))
        throw new Error(`node \`${node.id}\` waits for \`${before}\`, which is not in the plan`);
      const list = dependents.get(before);
      if (list === undefined) dependents.set(before, [node]);
      else list.push(node);
    }
  }

  const end = (from: PlanNode, result: 'skipped' | 'left') => {
    const pending = [...(dependents.get(from.id) ?? [])];
    for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
      if (outcome.has(node.id)) continue;
      outcome.set(node.id, result);
      if (result === 'skipped') options.onSkip(node, from.id);
      pending.push(...(dependents.get(node.id) ?? []));
    }
  };
  const enqueue = (node: PlanNode) =>
    void queue.add(async () => {
      if (!options.mayStart(node)) {
        outcome.set(node.id, 'left');
        end(node, 'left');
        return;
      }
      const result = await options.run(node);
      outcome.set(node.id, result);
      if (result !== 'done') return end(node, result === 'failed' ? 'skipped' : 'left');
      for (const dependent of dependents.get(node.id) ?? []) {
        const left = (waiting.get(dependent.id) ?? 0) - 1;
        waiting.set(dependent.id, left);
        if (left === 0 && !outcome.has(dependent.id)) enqueue(dependent);
      }
    });
  for (const node of nodes) if (node.after.length === 0) enqueue(node);
  await queue.onIdle();
  return outcome;
}
