import { readJournal } from '../../compiler/journal/lines.ts';
import { timesOf, type Times } from '../../compiler/journal/times.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import { JOURNAL_FILE } from '../../compiler/plan/agent-spec.ts';
import { EngineError, type Engine } from '../engine.ts';
import { within } from '../within.ts';

/** A plan is worth more than times that take longer. */
const LIMIT_MS = 1000;

/**
 * What earlier applies have measured, by `application/container`: the journal, fetched out of an agent's container by the
 * engine itself. Empty where there is no agent, no journal yet, or none that can be read.
 */
export async function fetchTimes(
  engine: Pick<Engine, 'fetchFile'>,
  { agents }: Pick<ObservedState, 'agents'>,
): Promise<ReadonlyMap<string, Times>> {
  const [agent] = agents;
  if (agent === undefined) return new Map();
  const fetching = engine.fetchFile(agent.id, JOURNAL_FILE).catch((error: unknown) => {
    if (error instanceof EngineError) return null;
    throw error;
  });
  const found = await within(LIMIT_MS, fetching, () => null);
  return found?.kind === 'file' ? timesOf(readJournal(new TextDecoder().decode(found.content))) : new Map();
}
