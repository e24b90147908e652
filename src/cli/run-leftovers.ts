import type { ObservedAgent, ObservedRun } from '../compiler/observed/observed-state.ts';
import { agentVolumePath } from '../compiler/plan/agent-spec.ts';
import { fileName, socketPlace, socketVolumes } from '../compiler/reconcile/sockets.ts';
import { execAgentConnector } from '../runtime/agent/agent-connector.ts';
import { AgentError } from '../runtime/agent/agent-session.ts';
import { EngineError, type Engine } from '../runtime/engine.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

/**
 * Removes a container of `stack run`, and the socket that its own words may have bound, which takes an agent that
 * mounts the volume; a socket that none reaches stays until a plan brings one.
 */
export async function removeRun(
  context: CommandContext,
  engine: Engine,
  agents: readonly ObservedAgent[],
  { id, spec }: Pick<ObservedRun, 'id' | 'spec'>,
): Promise<void> {
  await engine.removeContainer(id, { volumes: true });
  const place = socketPlace(spec, new Set(socketVolumes([{ spec }])));
  const agent =
    place === null ? undefined : agents.find((one) => one.state === 'running' && mounts(one, place.volume));
  if (place === null || agent === undefined) return;
  try {
    const session = await execAgentConnector(engine).open(agent.name);
    try {
      await session.unlink(agentVolumePath(place.volume, place.volumePath), fileName(place));
    } finally {
      session.close();
    }
  } catch (error) {
    if (!(error instanceof AgentError) && !(error instanceof EngineError)) throw error;
    // What was run is over, and its exit code counts.
    writeNote(context, `${place.published} stays behind: ${error.message}`);
  }
}

/** By the label, which holds the agent's spec as JSON. */
function mounts({ spec }: ObservedAgent, volume: string): boolean {
  return spec.includes(JSON.stringify(volume));
}
