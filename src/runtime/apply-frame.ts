import type { NodeId, Plan, PlanNode } from '../compiler/plan/plan.ts';
import type { Holder } from './agent/agent-session.ts';
import { EngineError } from './engine.ts';
import type { ExecuteOptions } from './execute-options.ts';
import type { ExecutionEvent } from './execution-event.ts';
import { agentSteps } from './journal/agent-steps.ts';
import { ApplyJournal } from './journal/apply-journal.ts';
import { ApplyLease, type Refused } from './lease/apply-lease.ts';
import type { Mask } from './mask-secrets.ts';
import type { Sessions } from './perform/sessions.ts';
import { preflight } from './preflight.ts';
import { RevisionKeeper } from './revisions/revision-keeper.ts';
import type { Outcome } from './walk.ts';

/** What an apply has and tells while it is under way. */
interface Inside {
  readonly sessions: Sessions;
  readonly emit: (event: ExecutionEvent) => void;
  readonly mask: Mask;
  /** Somebody else may be at work by now. */
  readonly onLost: () => void;
}

/** How far an apply has come. */
export interface Progress {
  readonly done: number;
  readonly failed: number;
  /** Operations, those of ways back that have begun among them. */
  readonly all: number;
  readonly startedAt: number;
}

/** How an apply begins and ends: the lock, what is looked at beforehand, the journal, and what is kept to go back by. */
export class ApplyFrame {
  readonly journal: ApplyJournal | null;
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #inside: Inside;
  readonly #lease: ApplyLease | null;
  readonly #keeper: RevisionKeeper | null;
  /** What brings up the agent that writes all else down. */
  readonly #agentSteps: ReadonlySet<NodeId>;
  #beginning: Promise<boolean> | null = null;
  #revision: number | null = null;
  #isRefused = false;
  #isLost = false;

  constructor(plan: Plan, options: ExecuteOptions, inside: Inside) {
    const { clock, lease, keep, journal } = options;
    this.#plan = plan;
    this.#options = options;
    this.#inside = inside;
    this.#keeper = keep === undefined ? null : new RevisionKeeper(options.engine, clock, keep);
    const over = { sessions: inside.sessions, clock };
    this.#lease =
      lease === undefined ? null : new ApplyLease(lease, over, ({ holder }) => this.#lose(holder));
    this.journal =
      journal === undefined ? null : new ApplyJournal(plan, journal, { ...over, lease: this.#lease });
    this.#agentSteps = agentSteps(plan, this.journal?.agent ?? lease?.agent ?? '');
  }

  /** Nothing may be done any more, or nothing ever. */
  get isClosed(): boolean {
    return this.#isRefused || this.#isLost;
  }

  /** Its number; null: it has not begun, or nobody writes it down. */
  get revision(): number | null {
    return this.#revision;
  }

  /** The lock is somebody else's by now. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Before the first operation: where the agent is there already the apply begins, and one that is replaced may be somebody's. */
  async open(): Promise<void> {
    if (this.#isKept && this.#agentSteps.size === 0) await this.#begin();
    const isReplaced = this.#plan.nodes.some(
      ({ id, op }) => op.kind === 'agent.remove' && this.#agentSteps.has(id),
    );
    if (isReplaced) this.#mayGoOn(await this.#lease?.takeFromLeaving(this.#options.agents));
  }

  /** Whether an operation may run: nothing is done, before it is on the disk that the apply begins. */
  async mayRun({ id }: PlanNode): Promise<boolean> {
    return !this.#isKept || this.#agentSteps.has(id) || this.#begin();
  }

  /** Somebody else has made a container of this name: whoever it is, is at work on the stack. */
  refuse(): void {
    this.#mayGoOn({ why: 'stale' });
  }

  /** An operation is about to run: one that removes the agent which writes the journal, and no other comes, is the last that it hears of. */
  async letGoOf({ op }: PlanNode, progress: Progress): Promise<void> {
    const agent = this.journal?.agent ?? this.#options.lease?.agent;
    if (op.kind !== 'agent.remove' || op.name !== agent || this.#agentSteps.size > 0) return;
    await this.#endJournal({ ...progress, all: progress.done + progress.failed });
    await this.#lease?.free();
  }

  /** All is over. An agent that this plan has not brought up cannot write; what keeps it from coming up is told already. */
  async close(outcome: ReadonlyMap<NodeId, Outcome>, progress: Progress): Promise<void> {
    const isUp = [...this.#agentSteps].every((id) => outcome.get(id) === 'done');
    // Bringing up the agent was all there was to do.
    if (isUp && this.#isKept && !this.#isRefused) await this.#begin();
    const isWritten = isUp && !this.isClosed;
    const isWhole = [...outcome.values()].every((result) => result === 'done');
    if (isWritten) await this.#keep((keeper) => keeper.end(isWhole));
    const why = isWritten ? await this.#endJournal(progress) : null;
    if (why) this.#inside.emit({ type: 'journal-lost', atMs: this.#options.clock.now(), why });
    await this.#lease?.free();
  }

  async #endJournal({ done, failed, all, startedAt }: Progress): Promise<string | null> {
    const left = all - done - failed;
    const result = failed > 0 ? 'failed' : left > 0 ? 'stopped' : 'done';
    const tookMs = this.#options.clock.now() - startedAt;
    return (await this.journal?.end({ tookMs, result, done, failed, left })) ?? null;
  }

  #begin(): Promise<boolean> {
    this.#beginning ??= (async () => {
      const { emit } = this.#inside;
      const { clock } = this.#options;
      try {
        if (!this.#mayGoOn(await this.#lease?.take()) || !(await this.#isReady())) return false;
        const revision = (await this.journal?.begin()) ?? null;
        this.#revision = revision;
        if (revision !== null) await this.#keep((keeper) => keeper.begin(revision));
        emit({ type: 'begun', atMs: clock.now(), revision });
        return true;
      } catch (error) {
        this.#isRefused = true;
        const why = error instanceof Error ? error.message : String(error);
        emit({ type: 'not-begun', atMs: clock.now(), why });
        return false;
      }
    })();
    return this.#beginning;
  }

  /** Only for an apply that is written down: whoever looks is the agent that writes. */
  async #isReady(): Promise<boolean> {
    const { desired, engine, clock } = this.#options;
    const agent = this.journal?.agent ?? null;
    const problems = await preflight(this.#plan, desired, {
      engine,
      host:
        agent === null ? null : (ports) => this.#inside.sessions.ask(agent, (session) => session.host(ports)),
    });
    if (problems.length === 0) return true;
    this.#isRefused = true;
    this.#inside.emit({ type: 'not-ready', atMs: clock.now(), problems });
    return false;
  }

  /** No deploy fails for what is kept of it. */
  async #keep(work: (keeper: RevisionKeeper) => Promise<void>): Promise<void> {
    if (this.#keeper === null) return;
    const { emit, mask } = this.#inside;
    try {
      await work(this.#keeper);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      emit({ type: 'not-kept', atMs: this.#options.clock.now(), why: mask(error.message) });
    }
  }

  #mayGoOn(refused: Refused | null | undefined): boolean {
    if (refused === null || refused === undefined) return true;
    this.#isRefused = true;
    const holder = refused.why === 'held' ? refused.holder : null;
    this.#inside.emit({ type: 'locked', atMs: this.#options.clock.now(), holder });
    return false;
  }

  /** What is under way ends, and nothing is begun, nor taken back. */
  #lose(holder: Holder | null): void {
    this.#isLost = true;
    this.#inside.onLost();
    this.#inside.emit({ type: 'lock-lost', atMs: this.#options.clock.now(), holder });
  }

  get #isKept(): boolean {
    return this.journal !== null || this.#lease !== null;
  }
}
