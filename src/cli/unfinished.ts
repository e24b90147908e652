import type { Revision } from '../compiler/journal/revisions.ts';
import type { Engine } from '../runtime/engine.ts';
import { within } from '../runtime/within.ts';
import type { Holder } from '../runtime/agent/agent-session.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

/** A plan or a status is worth more than knowing how the last apply ended. */
const LIMIT_MS = 1_000;
const HOLDER_MS = 5_000;

/** An apply without an end; `holder`: it goes on. */
export interface Unfinished {
  readonly revision: Revision;
  readonly holder: Holder | null;
}

/** The last apply of a stack, where it has no end; null where it has, or nobody can tell. */
export async function unfinishedApply(
  engine: Engine,
  agents: readonly { readonly id: string; readonly name: string }[],
): Promise<Unfinished | null> {
  if (agents.length === 0) return null;
  const [{ fetchJournalIfAny }, { revisionsOf }] = await Promise.all([
    import('../runtime/journal/fetch-journal.ts'),
    import('../compiler/journal/revisions.ts'),
  ]);
  const records = await within(LIMIT_MS, fetchJournalIfAny(engine, agents), () => null);
  const last = revisionsOf(records ?? []).at(-1);
  if (last === undefined || last.end !== null) return null;
  // Only its last line is missing.
  if (last.steps.every(({ result }) => result === 'done')) return null;
  // Only now: a session takes longer than all else here.
  const own = agents.find(({ name }) => !name.endsWith('-host')) ?? agents[0];
  const asking = own === undefined ? Promise.resolve(null) : holderOf(engine, own.name);
  return { revision: last, holder: await within(HOLDER_MS, asking, () => null) };
}

/** Who changes the stack right now; null where nobody does, or nobody can tell. */
async function holderOf(engine: Engine, agent: string): Promise<Holder | null> {
  const [{ execAgentConnector }, { AgentError }, { EngineError }] = await Promise.all([
    import('../runtime/agent/agent-connector.ts'),
    import('../runtime/agent/agent-session.ts'),
    import('../runtime/engine.ts'),
  ]);
  try {
    const session = await execAgentConnector(engine).open(agent);
    try {
      return await session.holder();
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof AgentError || error instanceof EngineError) return null;
    throw error;
  }
}

/** One line for people where an apply has no end. */
export async function noteUnfinished(context: CommandContext, unfinished: Unfinished | null): Promise<void> {
  if (unfinished === null) return;
  const [{ second, whereOf, whoOf }, { holderWords }] = await Promise.all([
    import('./render/history.ts'),
    import('./render/holder.ts'),
  ]);
  const { revision, holder } = unfinished;
  const { revision: number, atMs } = revision;
  writeNote(
    context,
    holder === null
      ? `apply ${number} (${second(atMs)}, ${whoOf(revision)}) was cut off ${whereOf(revision)}: \`stack apply\` goes on from there, \`stack history ${number}\` tells how far it came`
      : `apply ${number} goes on: ${holderWords(holder)}`,
  );
}

/** The same for programs. */
export async function unfinishedJson(unfinished: Unfinished | null): Promise<object | null> {
  if (unfinished === null) return null;
  const { cutOffAt } = await import('../compiler/journal/revisions.ts');
  const { revision, holder } = unfinished;
  const { atMs, user, host } = revision;
  const at = new Date(atMs).toISOString();
  return { revision: revision.revision, at, user, host, cut_off_at: cutOffAt(revision), holder };
}
