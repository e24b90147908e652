import type { ContainerState } from '../../compiler/observed/observed-state.ts';
import {
  AgentError,
  AgentLostError,
  AgentRefusedError,
  type AgentConnector,
  type AgentSession,
} from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';

/** An agent that ends more often is not to be helped. */
const TRIES = 4;
/** The engine may take a container for running for a moment after its end. */
const PAUSE_MS = 250;
/** The engine starts it again later each time that it ends soon after its start, and lets nobody else do it meanwhile. */
const RESTART_MS = 20_000;

/** What is asked of an agent. */
export type Ask<T> = (session: AgentSession) => Promise<T>;

interface Open {
  readonly session: Promise<AgentSession>;
  /** Rejects once the agent's container has ended: a session may hang then, since the engine does not always end its streams. */
  readonly ended: Promise<never>;
  readonly unwatch: () => void;
  /** Questions that wait for an answer. */
  asked: number;
}

/** What came of bringing an agent back. `lost`: it was started, and ended again. `not`: there is nothing to be done for it. */
type Revival = 'back' | 'lost' | 'not';

/**
 * The conversations with the agents, opened when one is asked and kept to the end; by the agent's name. An agent that ends
 * in the middle is started again and asked again: whatever is asked may be asked twice. One that keeps something in its
 * memory is started again as soon as it has ended, whether it is asked or not.
 *
 * One session serves all questions. A refusal is the affair of its question alone. After a question without an answer in time
 * new ones get a session of their own, and those under way go on with the old one.
 */
export class Sessions {
  readonly #agents: AgentConnector;
  readonly #engine: Pick<Engine, 'inspectContainer' | 'startContainer' | 'waitContainer'>;
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  /** Asked nothing more; each ends with its last question. */
  readonly #retired = new Set<Open>();
  readonly #revivals = new Map<string, Promise<Revival>>();
  /** What an agent does in its own memory alone, by the agent and what it is about. */
  readonly #lasting = new Map<string, Map<string, Ask<unknown>>>();
  #starts = 0;
  #isClosed = false;

  constructor(
    agents: AgentConnector,
    engine: Pick<Engine, 'inspectContainer' | 'startContainer' | 'waitContainer'>,
    clock: Clock,
  ) {
    this.#agents = agents;
    this.#engine = engine;
    this.#clock = clock;
  }

  /** How often an agent had to be started again. */
  get starts(): number {
    return this.#starts;
  }

  has(agent: string): boolean {
    return this.#open.has(agent);
  }

  /** Opens a session; whoever needs it hears why it failed, from an attempt of its own. */
  prepare(agent: string): void {
    this.#opened(agent);
  }

  /** Asks an agent; a session that is lost is opened anew by the next question. */
  async ask<T>(agent: string, ask: Ask<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      const revival = this.#revivals.get(agent);
      // What it is to remember comes first.
      if (revival !== undefined) await revival;
      const starts = this.#starts;
      try {
        return await this.#askOnce(agent, ask);
      } catch (error) {
        if (!(error instanceof AgentError) || attempt === TRIES) throw error;
        const came = await this.#revive(agent, error instanceof AgentLostError);
        // Somebody else who asked it may have started it.
        if (came === 'not' && starts === this.#starts) throw error;
      }
    }
  }

  /** Is asked of the agent again, should it be started anew before {@link forget}. */
  remember(agent: string, about: string, ask: Ask<unknown>): void {
    const known = this.#lasting.get(agent);
    if (known === undefined) this.#lasting.set(agent, new Map([[about, ask]]));
    else known.set(about, ask);
  }

  forget(agent: string, about: string): void {
    this.#lasting.get(agent)?.delete(about);
  }

  /** Whoever still waits for an answer gets none. */
  close(): void {
    this.#isClosed = true;
    for (const open of [...this.#open.values(), ...this.#retired]) end(open);
    this.#open.clear();
    this.#retired.clear();
  }

  async #askOnce<T>(agent: string, ask: Ask<T>): Promise<T> {
    if (this.#isClosed) throw new AgentLostError(`the session with the agent \`${agent}\` was closed`);
    const open = this.#opened(agent);
    open.asked += 1;
    try {
      return await Promise.race([open.session.then(ask), open.ended]);
    } catch (error) {
      if (error instanceof AgentLostError) this.#drop(agent, open);
      else if (error instanceof AgentError && !(error instanceof AgentRefusedError))
        this.#retire(agent, open);
      throw error;
    } finally {
      open.asked -= 1;
      if (open.asked === 0 && this.#retired.delete(open)) end(open);
    }
  }

  #opened(agent: string): Open {
    const known = this.#open.get(agent);
    if (known !== undefined) return known;
    const watching = new AbortController();
    const ended = this.#end(agent, watching.signal).then((): never => {
      throw new AgentLostError(`the agent \`${agent}\` has ended`);
    });
    const session = this.#agents.open(agent);
    const open: Open = { session, ended, unwatch: () => watching.abort(), asked: 0 };
    // One hiccup must not fail whatever asks after it, the way back included.
    session.catch(() => this.#drop(agent, open));
    ended.catch(() => void this.#bringBack(agent, open));
    this.#open.set(agent, open);
    return open;
  }

  #drop(agent: string, open: Open): void {
    if (this.#open.get(agent) === open) this.#open.delete(agent);
    this.#retired.delete(open);
    end(open);
  }

  #retire(agent: string, open: Open): void {
    if (this.#open.get(agent) !== open) return;
    this.#open.delete(agent);
    this.#retired.add(open);
    // One that keeps something is watched on.
    if (this.#keepsSomething(agent)) this.#opened(agent);
  }

  #keepsSomething(agent: string): boolean {
    return (this.#lasting.get(agent)?.size ?? 0) > 0;
  }

  /** Never, where nobody can say. */
  async #end(agent: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.waitContainer(agent, signal);
    } catch {
      await new Promise(() => {});
    }
  }

  /** Without anybody asking. What fails here is met again by the next question. */
  async #bringBack(agent: string, open: Open): Promise<void> {
    if (this.#open.get(agent) !== open || !this.#keepsSomething(agent)) return;
    this.#drop(agent, open);
    for (let attempt = 1; attempt < TRIES; attempt += 1) {
      if ((await this.#revive(agent, true)) !== 'lost') return;
    }
  }

  /** Starts an agent that has ended, which shows in many ways; not when that is not what is wrong with it, or it is gone. */
  async #revive(agent: string, isLost: boolean): Promise<Revival> {
    try {
      const state = await this.#stateOf(agent);
      if (state === null || (state === 'running' && !isLost)) return 'not';
    } catch {
      return 'not';
    }
    const known = this.#revivals.get(agent);
    if (known !== undefined) return known;
    const revival = this.#startAgain(agent).finally(() => this.#revivals.delete(agent));
    this.#revivals.set(agent, revival);
    return revival;
  }

  /** After a moment, and after a restart by the engine; null where there is nobody to ask, or nothing of that name. */
  async #stateOf(agent: string): Promise<ContainerState | null> {
    const until = this.#clock.now() + RESTART_MS;
    for (;;) {
      await this.#clock.sleep(PAUSE_MS);
      const found = this.#isClosed ? null : await this.#engine.inspectContainer(agent);
      if (found?.state !== 'restarting' || this.#clock.now() >= until) return found?.state ?? null;
    }
  }

  async #startAgain(agent: string): Promise<Revival> {
    try {
      if (await this.#engine.startContainer(agent)) {
        this.#starts += 1;
        // A session from before has ended with it, whether it knows or not.
        const open = this.#open.get(agent);
        if (open !== undefined) this.#drop(agent, open);
      }
      for (const ask of this.#lasting.get(agent)?.values() ?? []) await this.#askOnce(agent, ask);
      return 'back';
    } catch (error) {
      return error instanceof AgentLostError ? 'lost' : 'not';
    }
  }
}

function end({ session, unwatch }: Open): void {
  unwatch();
  session.then((lost) => lost.close()).catch(() => {});
}
