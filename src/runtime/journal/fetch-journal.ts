import { readRecords } from '../../compiler/journal/lines.ts';
import type { JournalRecord } from '../../compiler/journal/record.ts';
import { JOURNAL_FILE } from '../../compiler/plan/agent-spec.ts';
import { EngineError, type Engine } from '../engine.ts';

/**
 * A stack's journal, fetched out of its agent's container by the engine itself; the agent need not run. Null where there is
 * none. Rejects with `EngineError`.
 */
export async function fetchJournal(
  engine: Pick<Engine, 'fetchFile'>,
  agent: string,
): Promise<readonly JournalRecord[] | null> {
  const found = await engine.fetchFile(agent, JOURNAL_FILE);
  return found?.kind === 'file' ? readRecords(new TextDecoder().decode(found.content)) : null;
}

/** The same, where a plan or a status goes on without it: null too where it cannot be read. */
export async function fetchJournalIfAny(
  engine: Pick<Engine, 'fetchFile'>,
  agents: readonly { readonly id: string }[],
): Promise<readonly JournalRecord[] | null> {
  const [agent] = agents;
  if (agent === undefined) return null;
  try {
    return await fetchJournal(engine, agent.id);
  } catch (error) {
    if (error instanceof EngineError) return null;
    throw error;
  }
}
