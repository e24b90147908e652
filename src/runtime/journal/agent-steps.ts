import type { NodeId, Plan } from '../../compiler/plan/plan.ts';

/** What a plan does before its agent can write anything down: bringing that agent up, and what that waits for. */
export function agentSteps({ nodes, agents }: Plan, agent: string): ReadonlySet<NodeId> {
  const isOwn = agents.some(({ name }) => name === agent);
  const start = isOwn
    ? nodes.find(({ op }) => op.kind === 'agent.start' && op.agent.name === agent)
    : undefined;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const steps = new Set<NodeId>();
  const visit = (id: NodeId): void => {
    if (steps.has(id)) return;
    steps.add(id);
    for (const before of byId.get(id)?.after ?? []) visit(before);
  };
  if (start !== undefined) visit(start.id);
  return steps;
}
