import { journalLine } from '../../compiler/journal/lines.ts';
import type { OperationRecord } from '../../compiler/journal/record.ts';
import { containerKey } from '../../compiler/desired/keys.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../../compiler/plan/plan.ts';
import type { Sessions } from '../perform/sessions.ts';
import { within } from '../within.ts';

/** What is sent at once at the most, well below the longest line of the agent's. */
const BATCH_CHARACTERS = 256 * 1024;

/** How long the end of an apply waits for its last lines to be on the disk. */
const FLUSH_MS = 2_000;

/** Where an apply's operations are recorded. */
export interface JournalOptions {
  /** Of this apply, unlike any other's. */
  readonly applyId: string;
  /** An agent that runs and mounts the journal, for a plan that asks none by itself; null: there is none. */
  readonly agent: string | null;
}

/** What came of an operation. */
export type Ended = Pick<OperationRecord, 'atMs' | 'tookMs' | 'result' | 'told'>;

/**
 * Writes down each operation as it ends, through the agent. Nobody waits for it but `flush`: lines go out while a session is
 * open, one write at a time, and a write that fails keeps them for the flush.
 */
export class ApplyJournal {
  readonly #options: JournalOptions;
  readonly #sessions: Sessions;
  readonly #plan: Plan;
  /** The agent that is written through; null: nobody keeps a journal. */
  readonly #agent: string | null;
  #lines: string[] = [];
  #writing: Promise<string | null> | null = null;

  constructor(plan: Plan, sessions: Sessions, options: JournalOptions) {
    this.#plan = plan;
    this.#sessions = sessions;
    this.#options = options;
    this.#agent = plan.agents[0]?.name ?? options.agent;
  }

  note(node: PlanNode, ended: Ended): void {
    if (this.#agent === null) return;
    const about = aboutOf(this.#plan, node);
    const { applyId: apply } = this.#options;
    this.#lines.push(journalLine({ apply, op: node.op.kind, ...about, ...ended }));
    if (this.#writing === null && this.#sessions.has(this.#agent)) void this.#write(this.#agent);
  }

  /** Writes what is left; resolves to why it could not, else to null. Never rejects. */
  async flush(): Promise<string | null> {
    const late = () => `the agent did not write it within ${FLUSH_MS / 1000} s`;
    const rest = async (): Promise<string | null> => {
      await this.#writing;
      return this.#agent === null || this.#lines.length === 0 ? null : this.#write(this.#agent);
    };
    return within(FLUSH_MS, rest(), late);
  }

  #write(agent: string): Promise<string | null> {
    const writing = this.#writeAll(agent).finally(() => {
      this.#writing = null;
    });
    this.#writing = writing;
    return writing;
  }

  /** Until nothing is left, or the first failure. */
  async #writeAll(agent: string): Promise<string | null> {
    try {
      while (this.#lines.length > 0) {
        const lines = this.#nextBatch();
        await this.#sessions.ask(agent, (session) => session.journal(lines));
        this.#lines = this.#lines.slice(lines.length);
      }
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #nextBatch(): readonly string[] {
    let length = 0;
    const full = this.#lines.findIndex((line) => (length += line.length) > BATCH_CHARACTERS);
    return this.#lines.slice(0, full === -1 ? this.#lines.length : Math.max(1, full));
  }
}

type About = Pick<OperationRecord, 'container' | 'instance' | 'generation'>;

const NOTHING: About = { container: null, instance: null, generation: null };

/** The instance that an operation is done to. */
function aboutOf({ changes }: Plan, { op, group }: PlanNode): About {
  const own = changes.find(({ id }) => id === group)?.subject;
  if (own?.kind !== 'instance') return NOTHING;
  const { application } = own;
  if ('target' in op && op.target.kind === 'leaving') {
    // One that hands over to this one.
    const { instance, generation } = op.target;
    const leaving = changes.find(
      ({ subject }) =>
        subject.kind === 'instance' && subject.application === application && subject.instance === instance,
    )?.subject;
    return leaving?.kind === 'instance'
      ? { container: containerKey(application, leaving.container), instance, generation }
      : { ...NOTHING, instance, generation };
  }
  return {
    container: containerKey(application, own.container),
    instance: own.instance,
    generation: generationOf(op),
  };
}

function generationOf(op: Operation): number | null {
  if ('target' in op) return op.target.generation;
  return 'generation' in op ? op.generation : null;
}
