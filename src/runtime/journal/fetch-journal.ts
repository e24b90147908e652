import { readRecords } from '../../compiler/journal/lines.ts';
import type { JournalRecord } from '../../compiler/journal/record.ts';
import { JOURNAL_FILE } from '../../compiler/plan/agent-spec.ts';
import { EngineError, type Engine } from '../engine.ts';
import { within } from '../within.ts';

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

/** Reads a stack's journal when it is first asked for; null where a plan or a status goes on without it. */
export type JournalReader = () => Promise<readonly JournalRecord[] | null>;

/** What a plan is worth more than. */
const LIMIT_MS = 1000;

/** Asks the engine once, and not longer than a second. */
export function journalReader(
  engine: Pick<Engine, 'fetchFile'>,
  agents: readonly { readonly id: string }[],
): JournalReader {
  let reading: Promise<readonly JournalRecord[] | null> | null = null;
  return () => (reading ??= within(LIMIT_MS, fetchJournalIfAny(engine, agents), () => null));
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
