import PQueue from 'p-queue';
import type { NodeId, PlanNode } from '../compiler/plan/plan.ts';

/** What became of one node. */
export type Outcome = 'done' | 'failed' | 'skipped' | 'left';

/** How a walk is run. */
export interface WalkOptions {
  /** Nodes under way at the same time, at least 1; those that only wait are not counted. */
  readonly parallelism: number;
  readonly isWait?: (node: PlanNode) => boolean;
  /** Runs one node; resolves to what became of it, `left` when it was given up in the middle. Never rejects. */
  readonly run: (node: PlanNode) => Promise<'done' | 'failed' | 'left'>;
  /** A node that will not run since `because` failed. */
  readonly onSkip: (node: PlanNode, because: NodeId) => void;
  /**
   * Asked before each start: a node that may not start any more is left, and all that wait for it; or skipped, by the id of the
   * node that has failed.
   */
  readonly mayStart: (node: PlanNode) => boolean | NodeId;
  /** It is known what became of a node; called after `run` or `onSkip`. */
  readonly onOver?: (node: PlanNode, outcome: Outcome) => void;
}

/**
 * Walks an acyclic graph: a node starts when all that it waits for are done, and all that it follows are over. A failed
 * node's dependents are skipped, each naming the node that really failed; independent branches go on.
 */
export async function walk(
  nodes: readonly PlanNode[],
  options: WalkOptions,
): Promise<ReadonlyMap<NodeId, Outcome>> {
  const queue = new PQueue({ concurrency: options.parallelism });
  const waits = new PQueue();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const dependents = new Map<NodeId, PlanNode[]>();
  const followers = new Map<NodeId, PlanNode[]>();
  const waiting = new Map<NodeId, number>();
  const outcome = new Map<NodeId, Outcome>();
  for (const node of nodes) {
    const { after, follows = [] } = node;
    waiting.set(node.id, after.length + follows.length);
    const edges = [
      ...after.map((id) => [id, dependents] as const),
      ...follows.map((id) => [id, followers] as const),
    ];
    for (const [before, whose] of edges) {
      if (!byId.has(before))
        throw new Error(`node \`${node.id}\` waits for \`${before}\`, which is not in the plan`);
      const list = whose.get(before);
      if (list === undefined) whose.set(before, [node]);
      else list.push(node);
    }
  }

  const become = (node: PlanNode, result: Outcome) => {
    outcome.set(node.id, result);
    options.onOver?.(node, result);
    if (result !== 'left') for (const follower of followers.get(node.id) ?? []) oneLess(follower);
  };
  const oneLess = (node: PlanNode) => {
    const left = (waiting.get(node.id) ?? 0) - 1;
    waiting.set(node.id, left);
    if (left === 0 && !outcome.has(node.id)) enqueue(node);
  };
  const end = (from: PlanNode, result: 'skipped' | 'left', because: NodeId) => {
    const next = (node: PlanNode) => [
      ...(dependents.get(node.id) ?? []),
      ...(result === 'left' ? (followers.get(node.id) ?? []) : []),
    ];
    const pending = next(from);
    for (let node = pending.shift(); node !== undefined; node = pending.shift()) {
      if (outcome.has(node.id)) continue;
      if (result === 'skipped') options.onSkip(node, because);
      become(node, result);
      pending.push(...next(node));
    }
  };
  const enqueue = (node: PlanNode) =>
    void (options.isWait?.(node) === true ? waits : queue).add(async () => {
      // Skipped while it was in the queue.
      if (outcome.has(node.id)) return;
      const may = options.mayStart(node);
      if (may !== true) {
        const result = may === false ? 'left' : 'skipped';
        const because = may === false ? node.id : may;
        if (result === 'skipped') options.onSkip(node, because);
        become(node, result);
        return end(node, result, because);
      }
      const result = await options.run(node);
      become(node, result);
      if (result !== 'done') return end(node, result === 'failed' ? 'skipped' : 'left', node.id);
      for (const dependent of dependents.get(node.id) ?? []) oneLess(dependent);
    });
  for (const node of nodes) if (waiting.get(node.id) === 0) enqueue(node);
  while (queue.size + queue.pending + waits.size + waits.pending > 0)
    await Promise.all([queue.onIdle(), waits.onIdle()]);
  return outcome;
}
