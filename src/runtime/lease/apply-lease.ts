import { isUpkeep } from '../../compiler/heal/settled.ts';
import {
  AgentError,
  type AgentConnector,
  type AgentSession,
  type Holder,
  type LeaseAnswer,
  type LeaseLost,
  type LeaseRequest,
} from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import { EngineError } from '../engine.ts';
import type { Sessions } from '../perform/sessions.ts';
import { ownerState } from '../run-owner.ts';

/** Well below what the agent waits for a word. */
const RENEW_MS = 4_000;

/** Whoever was killed holds it until the agent has seen the session's end. */
const LEAVING_MS = 500;

/** Longer where its process has ended on this machine: at the latest, the agent misses its word. */
const GONE_MS = 15_000;

/** Nobody has to come back because something is being healed or scaled just then: a gate of it may take a minute. */
const UPKEEP_MS = 120_000;

/** Between two questions whether it is free by now: while somebody may be leaving, and from then on. */
const ASK_AGAIN_MS = { soon: 100, later: 500 };

/** Who wants to be the only one to change a stack. */
export interface LeaseOptions {
  readonly request: Omit<LeaseRequest, 'again'>;
  /** Null: there is none, and the plan brings none up. */
  readonly agent: string | null;
  /** When the engine was looked at for the plan, by the clock. */
  readonly observedAtMs: number;
  /** How long somebody else is waited for; half a second at least, and two minutes where the agent heals or scales. */
  readonly timeoutMs: number;
  readonly onWait: (holder: Holder) => void;
}

/** Why nothing may be done. `stale`: somebody else has changed the stack since the plan was made. */
export type Refused = { readonly why: 'held'; readonly holder: Holder } | { readonly why: 'stale' };

/** The lease of an apply: taken before its first operation, renewed while this process lives, given back at its end. */
export class ApplyLease {
  readonly #options: LeaseOptions;
  readonly #sessions: Sessions;
  readonly #clock: Clock;
  readonly #onLost: (lost: LeaseLost) => void;
  #renewing: NodeJS.Timeout | null = null;
  #isOver = false;
  #leaving: AgentSession | null = null;
  #renew: () => Promise<void> = () => Promise.resolve();
  #askedAtMs = 0;

  constructor(
    options: LeaseOptions,
    { sessions, clock }: { readonly sessions: Sessions; readonly clock: Clock },
    onLost: (lost: LeaseLost) => void,
  ) {
    this.#options = options;
    this.#sessions = sessions;
    this.#clock = clock;
    this.#onLost = onLost;
  }

  get id(): string {
    return this.#options.request.id;
  }

  /** Resolves to null once it is held. Rejects with `AgentError`, `EngineError`. */
  async take(): Promise<Refused | null> {
    const { agent } = this.#options;
    if (agent === null) return null;
    const ask: Asking = (request) => this.#sessions.ask(agent, (session) => this.#ask(session, request));
    const refused = await this.#await(ask);
    if (refused?.why === 'stale') await this.free();
    else if (refused === null) this.#keep(agent, ask);
    return refused;
  }

  /**
   * The same from an agent that is about to be replaced; it ends with that agent. One that cannot be asked, for it does not
   * run, or is of another version, keeps nobody out.
   */
  async takeFromLeaving(agents: AgentConnector): Promise<Refused | null> {
    const { agent } = this.#options;
    if (agent === null) return null;
    try {
      const session = await agents.open(agent);
      this.#leaving = session;
      return await this.#await((request) => this.#ask(session, request));
    } catch (error) {
      if (error instanceof AgentError || error instanceof EngineError) return null;
      throw error;
    }
  }

  /** A session may have to be opened first: what counts is when it is asked. */
  #ask(session: AgentSession, request: LeaseRequest): Promise<LeaseAnswer> {
    this.#askedAtMs = this.#clock.now();
    return session.lease(request);
  }

  async #await(ask: Asking): Promise<Refused | null> {
    const { observedAtMs, timeoutMs, onWait, request } = this.#options;
    const askedFirstMs = this.#clock.now();
    let isTold = false;
    for (;;) {
      const answer = await ask({ ...request, again: false });
      if (answer.granted) {
        const { idleMs } = answer;
        return idleMs !== null && idleMs < this.#askedAtMs - observedAtMs ? { why: 'stale' } : null;
      }
      const { holder } = answer;
      if (holder === null) return { why: 'stale' };
      const waitedMs = this.#clock.now() - askedFirstMs;
      const isLeaving = waitedMs < (ownerState(holder.mark) === 'gone' ? GONE_MS : LEAVING_MS);
      const patienceMs = isUpkeep(holder.command) && !isUpkeep(request.command) ? UPKEEP_MS : 0;
      if (!isLeaving && waitedMs >= Math.max(timeoutMs, patienceMs)) return { why: 'held', holder };
      if (!isLeaving && !isTold) {
        onWait(holder);
        isTold = true;
      }
      await this.#clock.sleep(isLeaving ? ASK_AGAIN_MS.soon : ASK_AGAIN_MS.later);
    }
  }

  /** Asks now whether it is held, where no line of the journal says so; whoever has lost it hears so before this resolves. */
  async renew(): Promise<void> {
    await this.#renew();
  }

  /** Whoever has lost it hears so once. */
  lose(lost: LeaseLost): void {
    if (this.#isOver) return;
    this.#stop();
    this.#onLost(lost);
  }

  /** Never rejects: the session's end gives it back as well. */
  async free(): Promise<void> {
    const { agent } = this.#options;
    const isOver = this.#isOver;
    this.#stop();
    this.#leaving?.close();
    if (agent === null || isOver || !this.#sessions.has(agent)) return;
    await this.#sessions.ask(agent, (session) => session.free(this.id)).catch(() => undefined);
  }

  #keep(agent: string, ask: Asking): void {
    this.#renew = async () => {
      try {
        const answer = await ask({ ...this.#options.request, again: true });
        if (!answer.granted) this.lose({ holder: answer.holder });
      } catch {
        // An agent that does not answer is asked again; until then the journal says whether it may go on.
      }
    };
    this.#renewing = setInterval(() => void this.#renew(), RENEW_MS);
    // An agent that ends in the middle is started again at once, and has forgotten who had it.
    this.#sessions.remember(agent, 'lease', async (session) => {
      const answer = await session.lease({ ...this.#options.request, again: true });
      if (!answer.granted) this.lose({ holder: answer.holder });
    });
  }

  #stop(): void {
    this.#isOver = true;
    if (this.#renewing !== null) clearInterval(this.#renewing);
    if (this.#options.agent !== null) this.#sessions.forget(this.#options.agent, 'lease');
  }
}

type Asking = (request: LeaseRequest) => Promise<LeaseAnswer>;
