import type { Plan } from '../compiler/plan/plan.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import { agentName } from '../compiler/reconcile/agents.ts';
import { execAgentConnector } from './agent/agent-connector.ts';
import { AgentError } from './agent/agent-session.ts';
import { EngineError, type Engine } from './engine.ts';

/** A plan is worth more than an agent that takes longer. */
const LIMIT_MS = 2000;

/**
 * `net.ipv4.tcp_migrate_req` of the engine's host, as the agent in its network sees it; null where none runs, or it is of
 * another version. Asked only for a plan that has two generations share a port.
 */
export async function readMigrates(
  engine: Pick<Engine, 'exec'>,
  { stack, nodes }: Plan,
  { agents }: ObservedState,
): Promise<boolean | null> {
  const ports = nodes.flatMap(({ op }) => (op.kind === 'ports.note' ? op.ports : []));
  const name = agentName(stack, 'host');
  const agent = agents.find((one) => one.name === name && one.state === 'running');
  if (ports.length === 0 || agent === undefined) return null;
  try {
    const patience = { helloMs: LIMIT_MS, answerMs: LIMIT_MS };
    const session = await execAgentConnector(engine, patience).open(name);
    try {
      return (await session.listeners([...new Set(ports)])).migrates;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof AgentError || error instanceof EngineError) return null;
    throw error;
  }
}
