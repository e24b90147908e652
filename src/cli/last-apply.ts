import type { Revision } from '../compiler/journal/revisions.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Engine } from '../runtime/engine.ts';
import type { JournalReader } from '../runtime/journal/fetch-journal.ts';
import { within } from '../runtime/within.ts';
import type { Holder } from '../runtime/agent/agent-session.ts';
import type { CommandContext } from './io.ts';
import { writeNote } from './output.ts';

/** A plan or a status is worth more than knowing who is at it: so long that is waited for, in milliseconds. */
export const HOLDER_MS = 5_000;

/** The last apply of a stack, where there is something to say of it. */
export interface LastApply {
  readonly revision: Revision;
  /** `unfinished`: it has no end. `back`: it made an earlier revision again, and whoever applies the stack file undoes that. */
  readonly kind: 'unfinished' | 'failed' | 'stopped' | 'back';
  /** Who is at it right now; null for one that has ended, was cut off, or of which nobody can tell. */
  readonly holder: Holder | null;
  /** Whether a revision is kept that `stack abort` goes back to. */
  readonly canAbort: boolean;
  /** Whether something of the stack was started outside of it, which `stack destroy` would remove. */
  readonly hasAdopted: boolean;
}

/** Null where the last apply came to its end, and where nobody can tell. */
export async function lastApply(
  engine: Engine,
  stack: string,
  { agents, kept, adoptions }: Pick<ObservedState, 'agents' | 'kept' | 'adoptions'>,
  read: JournalReader | null = null,
): Promise<LastApply | null> {
  if (agents.length === 0) return null;
  const [{ journalReader }, { revisionsOf }, { keptRevisions }, { withoutUpkeep }] = await Promise.all([
    import('../runtime/journal/fetch-journal.ts'),
    import('../compiler/journal/revisions.ts'),
    import('../compiler/revision/kept-revisions.ts'),
    import('../compiler/heal/settled.ts'),
  ]);
  const records = await (read ?? journalReader(engine, agents))();
  const revisions = revisionsOf(records ?? []);
  // How a healing ended is for the history: what should run is what it was.
  const revision = withoutUpkeep(revisions).at(-1);
  const kind = revision === undefined ? null : kindOf(revision);
  if (revision === undefined || kind === null) return null;
  const canAbort = keptRevisions(stack, kept).length > 0;
  const ways = { canAbort, hasAdopted: adoptions.length > 0 };
  if (kind !== 'unfinished') return { revision, kind, holder: null, ...ways };
  // Only now: a session takes longer than all else here.
  const own = agents.find(({ name }) => !name.endsWith('-host')) ?? agents[0];
  const asking = own === undefined ? Promise.resolve(null) : holderOf(engine, own.name);
  return { revision, kind, holder: await within(HOLDER_MS, asking, () => null), ...ways };
}

function kindOf({ end, steps, command }: Revision): LastApply['kind'] | null {
  // Only its last line is missing.
  if (end === null) return steps.every(({ result }) => result === 'done') ? null : 'unfinished';
  if (end.result !== 'done') return end.result;
  // It ends with the agent, which is there yet.
  if (command === 'destroy') return 'unfinished';
  return command === 'rollback' || command === 'abort' ? 'back' : null;
}

/** Whether the last apply was cut off: nobody is at it any more. */
export function isCutOff(last: LastApply | null): boolean {
  return last?.kind === 'unfinished' && last.holder === null;
}

/** Who changes the stack right now; null where nobody does, or nobody can tell. */
export async function holderOf(engine: Engine, agent: string): Promise<Holder | null> {
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

/** One line for people. */
export async function noteLastApply(context: CommandContext, last: LastApply | null): Promise<void> {
  if (last === null) return;
  const [{ second, whereOf, whoOf }, { holderWords }] = await Promise.all([
    import('./render/history.ts'),
    import('./render/holder.ts'),
  ]);
  const { revision, kind, holder } = last;
  const { revision: number, atMs, command, of } = revision;
  const made = `${command} ${number} (${second(atMs)}, ${whoOf(revision)})`;
  if (holder !== null) return writeNote(context, `${command} ${number} goes on: ${holderWords(holder)}`);
  if (kind === 'back')
    return writeNote(
      context,
      `${made} went back to revision ${of ?? 0}; a plain \`stack apply\` applies the stack file again`,
    );
  const how =
    kind === 'unfinished' ? `was cut off ${whereOf(revision)}` : kind === 'failed' ? 'failed' : 'was stopped';
  const tells = kind === 'failed' ? 'tells why' : 'tells how far it came';
  writeNote(context, `${made} ${how}: ${nextWords(last)}; \`stack history ${number}\` ${tells}`);
}

/** Which command goes on with an apply that did not come to its end. */
export function nextWords({
  revision: { command, steps },
  kind,
  canAbort,
  hasAdopted,
}: Omit<LastApply, 'holder'>): string {
  if (command === 'destroy') return '`stack destroy` goes on with it';
  const isOnItsWayBack = steps.some(({ isBack, result }) => isBack && result !== 'left');
  const isToBeMended = kind === 'failed' || isOnItsWayBack;
  if (canAbort)
    return isToBeMended
      ? '`stack abort` goes back to the revision before, `stack resume` tries it again'
      : '`stack resume` goes on with it, `stack abort` goes back to the revision before';
  // What ran before the stack had it is nobody's to take down.
  const [first, down] = isToBeMended
    ? ['mend the stack file and `stack apply`', ', or `stack destroy`']
    : ['`stack resume` goes on with it', ', `stack destroy` takes it down'];
  return `${first}${hasAdopted ? '' : down}: there is no revision to go back to`;
}

/** For programs: an apply without an end. */
export async function unfinishedJson(last: LastApply | null): Promise<object | null> {
  if (last?.kind !== 'unfinished') return null;
  const { cutOffAt } = await import('../compiler/journal/revisions.ts');
  const { revision, holder } = last;
  const { atMs, user, host } = revision;
  const at = new Date(atMs).toISOString();
  return { revision: revision.revision, at, user, host, cut_off_at: cutOffAt(revision), holder };
}
