import {
  AgentLostError,
  AgentError,
  type AgentConnector,
  type AgentSession,
} from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';

/** An agent that ends more often is not to be helped. */
const TRIES = 4;
/** The engine may take a container for running for a moment after its end. */
const PAUSE_MS = 250;

/** What is asked of an agent. */
export type Ask<T> = (session: AgentSession) => Promise<T>;

interface Open {
  readonly session: Promise<AgentSession>;
  /** Rejects once the agent's container has ended: a session may hang then, since the engine does not always end its streams. */
  readonly ended: Promise<never>;
  readonly unwatch: () => void;
}

/**
 * The conversations with the agents, opened when one is asked and kept to the end; by the agent's name. An agent that ends
 * in the middle is started again and asked again: whatever is asked may be asked twice.
 */
export class Sessions {
  readonly #agents: AgentConnector;
  readonly #engine: Pick<Engine, 'inspectContainer' | 'startContainer' | 'waitContainer'>;
  readonly #clock: Clock;
  readonly #open = new Map<string, Open>();
  /** What an agent does in its own memory alone, by the agent and what it is about. */
  readonly #lasting = new Map<string, Map<string, Ask<unknown>>>();
  #starts = 0;

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
      const starts = this.#starts;
      try {
        return await this.#askOnce(agent, ask);
      } catch (error) {
        if (!(error instanceof AgentError) || attempt === TRIES) throw error;
        const isBack = await this.#revive(agent, error instanceof AgentLostError);
        // Somebody else who asked it may have started it.
        if (!isBack && starts === this.#starts) throw error;
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

  close(): void {
    for (const open of this.#open.values()) end(open);
    this.#open.clear();
  }

  async #askOnce<T>(agent: string, ask: Ask<T>): Promise<T> {
    const open = this.#opened(agent);
    try {
      return await Promise.race([open.session.then(ask), open.ended]);
    } catch (error) {
      if (error instanceof AgentError) this.#drop(agent, open);
      throw error;
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
    const open: Open = { session, ended, unwatch: () => watching.abort() };
    // One hiccup must not fail whatever asks after it, the way back included.
    session.catch(() => this.#drop(agent, open));
    ended.catch(() => {});
    this.#open.set(agent, open);
    return open;
  }

  #drop(agent: string, open: Open): void {
    if (this.#open.get(agent) === open) this.#open.delete(agent);
    end(open);
  }

  /** Never, where nobody can say. */
  async #end(agent: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#engine.waitContainer(agent, signal);
    } catch {
      await new Promise(() => {});
    }
  }

  /** Starts an agent that has ended, which shows in many ways; false when that is not what is wrong with it, or it is gone. */
  async #revive(agent: string, isLost: boolean): Promise<boolean> {
    try {
      await this.#clock.sleep(PAUSE_MS);
      const found = await this.#engine.inspectContainer(agent);
      if (found === null || (found.state === 'running' && !isLost)) return false;
      if (await this.#engine.startContainer(agent)) this.#starts += 1;
      for (const ask of this.#lasting.get(agent)?.values() ?? []) await this.#askOnce(agent, ask);
      return true;
    } catch (error) {
      return error instanceof AgentLostError;
    }
  }
}

function end({ session, unwatch }: Open): void {
  unwatch();
  session.then((lost) => lost.close()).catch(() => {});
}
