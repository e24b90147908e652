import type { Plan } from './plan.ts';

const ASKING = /^(?:socket|balancer|ports|proxies)\./;

/** The agent that a plan is sure to ask, where it runs by now; null: there is none, or the plan brings it up itself. */
export function askedAgent({ nodes, agents }: Plan): string | null {
  const agent = agents.find(({ plane }) => plane === 'stack');
  const isMade = nodes.some(({ op }) => op.kind === 'agent.create' || op.kind === 'agent.start');
  const isAsked = nodes.some(({ op }) => ASKING.test(op.kind));
  return agent === undefined || isMade || !isAsked ? null : agent.name;
}
