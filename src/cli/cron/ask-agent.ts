import type { AgentSession } from '../../runtime/agent/agent-session.ts';
import { AgentError } from '../../runtime/agent/agent-session.ts';
import { execAgentConnector } from '../../runtime/agent/agent-connector.ts';
import type { Engine } from '../../runtime/engine.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { StackJobs } from './jobs.ts';

/** Asks the agent that starts jobs for something. Fails with 1 where there is none, it does not run, or it refuses. */
export async function askAgent<T>(
  engine: Engine,
  stack: string,
  { agent }: Pick<StackJobs, 'agent'>,
  ask: (session: AgentSession) => Promise<T>,
): Promise<T> {
  if (agent?.state !== 'running')
    throw new CommandFailure(
      exitCode.failed,
      agent === null
        ? `stack \`${stack}\` has no agent that starts jobs`
        : `the agent \`${agent.name}\`, which starts jobs, does not run`,
      '`stack apply` makes it and brings it back',
    );
  try {
    const session = await execAgentConnector(engine).open(agent.name);
    try {
      return await ask(session);
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof AgentError) throw new CommandFailure(exitCode.failed, error.message);
    throw error;
  }
}
