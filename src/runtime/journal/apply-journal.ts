import { containerKey } from '../../compiler/desired/keys.ts';
import { journalLine } from '../../compiler/journal/lines.ts';
import { plannedRecords } from '../../compiler/journal/planned.ts';
import type {
  ApplyRecord,
  EndRecord,
  JournalRecord,
  OperationRecord,
  RecordedImage,
} from '../../compiler/journal/record.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../../compiler/plan/plan.ts';
import type { Clock } from '../clock.ts';
import type { Failure } from '../execution-event.ts';
import type { ApplyLease } from '../lease/apply-lease.ts';
import type { Sessions } from '../perform/sessions.ts';
import { within } from '../within.ts';
import { recordedFailure } from './recorded-failure.ts';

/** What is sent at once at the most, well below the longest line of the agent's. */
const BATCH_CHARACTERS = 256 * 1024;

/** How long an operation waits for its begin to be on the disk, and the end of an apply for its last lines. */
const WRITE_MS = 2_000;

/** Where an apply is recorded, and as what. */
export interface JournalOptions {
  /** Of this apply, unlike any other's. */
  readonly applyId: string;
  /** An agent that runs and mounts the journal, for a plan without agents of its own; null: there is none. */
  readonly agent: string | null;
  readonly begin: ApplyBegin;
  /** Whether it is done even where nobody can write down that it begins: a journal that goes as well keeps nothing. */
  readonly isLeaving?: boolean;
  /** The number of this revision is above it, whatever the journal has lost; default 0. */
  readonly above?: number;
  /** What the stack has and is to get, for whoever asks later which images it has used; absent: that is not said. */
  readonly images?: readonly RecordedImage[];
}

/** Who applies what, from where. */
export type ApplyBegin = Pick<
  ApplyRecord,
  'command' | 'of' | 'user' | 'host' | 'program' | 'file' | 'git' | 'counts'
>;

/** What came of an operation. */
export type Ended = Pick<OperationRecord, 'atMs' | 'tookMs' | 'result' | 'told'> & {
  readonly failure: Failure | null;
};

/**
 * Writes an apply down, through the agent: that it begins, and each operation before it begins, which wait for the disk;
 * and what came of them, which nobody waits for but `end`. Lines go out one write at a time, as many as there are by then.
 * Once a write has failed no operation waits any more; its lines are kept for the next write.
 */
export class ApplyJournal {
  readonly #options: JournalOptions;
  readonly #sessions: Sessions;
  readonly #plan: Plan;
  readonly #clock: Clock;
  readonly #lease: ApplyLease | null;
  /** The operation that began last. */
  #doing: string | null = null;
  #lines: string[] = [];
  #writing: Promise<string | null> | null = null;
  #begun = false;
  #isLost = false;
  #isOver = false;

  /** The agent that is written through; null: nobody keeps a journal. */
  readonly agent: string | null;

  constructor(
    plan: Plan,
    options: JournalOptions,
    {
      sessions,
      clock,
      lease,
    }: { readonly sessions: Sessions; readonly clock: Clock; readonly lease: ApplyLease | null },
  ) {
    this.#plan = plan;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#lease = lease;
    this.#options = options;
    this.agent = plan.agents[0]?.name ?? options.agent;
  }

  /**
   * Resolves to the revision's number when the begin and the plan are on the disk; to null where nobody keeps a journal, or one
   * that goes cannot be written. Rejects with why they are not: nothing may be done then.
   */
  async begin(): Promise<number | null> {
    const { agent } = this;
    if (agent === null) return null;
    if (this.#options.isLeaving !== true) return this.#begin(agent);
    return this.#begin(agent).catch(() => null);
  }

  async #begin(agent: string): Promise<number> {
    const { applyId: apply, begin, above = 0, images } = this.#options;
    const atMs = this.#clock.now();
    const newest = await this.#sessions.ask(agent, (session) => session.revision());
    const plan = plannedRecords(apply, this.#plan);
    const operations = plan.reduce((sum, part) => sum + part.operations.length, 0);
    const revision = Math.max(newest, above) + 1;
    const first = { type: 'apply' as const, apply, revision, atMs, ...begin, operations };
    // What brought up the agent is written after it.
    const used = images === undefined ? [] : [{ type: 'images' as const, apply, images }];
    this.#lines.unshift(...[first, ...used, ...plan].map(journalLine));
    const why = await this.#write(agent);
    if (why !== null) throw new Error(why);
    this.#begun = true;
    return revision;
  }

  /** Resolves when it is on the disk that a node begins, or that it is taken back; or when nobody can write it. */
  async ahead(node: PlanNode, back = false): Promise<void> {
    const atMs = this.#clock.now();
    this.#doing = node.id;
    this.#add({ type: 'start', apply: this.#options.applyId, atMs, nodes: [node.id], back });
    if (!this.#begun || this.#isLost || this.agent === null) return;
    await within(WRITE_MS, this.#write(this.agent), () => {
      this.#isLost = true;
    });
  }

  /** Operations that come on top of the plan, on the disk before the first of them begins. */
  plan(nodes: readonly PlanNode[]): void {
    for (const part of plannedRecords(this.#options.applyId, { changes: [], nodes })) this.#add(part);
  }

  note(node: PlanNode, { failure, ...ended }: Ended): void {
    this.#add({
      type: 'operation',
      apply: this.#options.applyId,
      node: node.id,
      op: node.op.kind,
      ...aboutOf(this.#plan, node),
      ...ended,
      failure: failure === null ? null : recordedFailure(failure),
    });
    this.#writeSoon();
  }

  noteBack(node: PlanNode['id'], ended: { readonly atMs: number; readonly result: 'done' | 'failed' }): void {
    const tookMs = this.#clock.now() - ended.atMs;
    this.#add({ type: 'back', apply: this.#options.applyId, node, tookMs, ...ended });
    this.#writeSoon();
  }

  /** The last line, once. Resolves to why it, or one before it, is not on the disk, else to null. Never rejects. */
  async end(end: Omit<EndRecord, 'type' | 'apply' | 'atMs'>): Promise<string | null> {
    const { agent } = this;
    if (agent === null || !this.#begun || this.#isOver) return null;
    this.#add({ type: 'end', apply: this.#options.applyId, atMs: this.#clock.now(), ...end });
    this.#isOver = true;
    const late = () => `the agent did not write it within ${WRITE_MS / 1000} s`;
    return within(WRITE_MS, this.#write(agent), late);
  }

  #add(record: JournalRecord): void {
    if (this.agent !== null && !this.#isOver) this.#lines.push(journalLine(record));
  }

  /** With the begin of whatever follows at once. */
  #writeSoon(): void {
    setImmediate(() => {
      const { agent } = this;
      if (agent !== null && this.#begun && this.#sessions.has(agent)) void this.#write(agent);
    });
  }

  /** Resolves when all lines so far are written, to null, or to why they are not. */
  async #write(agent: string): Promise<string | null> {
    // What is under way may have left without the newest lines.
    await this.#writing;
    this.#writing ??= this.#writeAll(agent).finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  /** Until nothing is left, or the first failure. */
  async #writeAll(agent: string): Promise<string | null> {
    try {
      while (this.#lines.length > 0) {
        const lines = this.#nextBatch();
        const lost = await this.#sessions.ask(agent, (session) =>
          session.journal(lines, this.#lease?.id ?? null, this.#doing),
        );
        if (lost !== null) {
          this.#lease?.lose(lost);
          throw new Error('somebody else has the lock');
        }
        this.#lines = this.#lines.slice(lines.length);
      }
      this.#isLost = false;
      return null;
    } catch (error) {
      this.#isLost = true;
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
