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

/**
 * The conversations with the agents, opened when one is asked and kept to the end; by the agent's name. An agent that ends
 * in the middle is started again and asked again: whatever is asked may be asked twice.
 */
export class Sessions {
  readonly #agents: AgentConnector;
  readonly #engine: Pick<Engine, 'startContainer'>;
  readonly #clock: Clock;
  readonly #open = new Map<string, Promise<AgentSession>>();
  /** What an agent does in its own memory alone, by the agent and what it is about. */
  readonly #lasting = new Map<string, Map<string, Ask<unknown>>>();
  #revived: string | null = null;

  constructor(agents: AgentConnector, engine: Pick<Engine, 'startContainer'>, clock: Clock) {
    this.#agents = agents;
    this.#engine = engine;
    this.#clock = clock;
  }

  /** The name of an agent that had to be started again since this was asked last. */
  takeRevived(): string | null {
    const revived = this.#revived;
    this.#revived = null;
    return revived;
  }

  /** Opens a session; whoever needs it hears why it failed, from an attempt of its own. */
  prepare(agent: string): void {
    this.#session(agent).catch(() => {});
  }

  /** Asks an agent; a session that is lost is opened anew by the next question. */
  async ask<T>(agent: string, ask: Ask<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#askOnce(agent, ask);
      } catch (error) {
        if (!(error instanceof AgentLostError) || attempt === TRIES || !(await this.#revive(agent)))
          throw error;
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
    for (const session of this.#open.values()) session.then((s) => s.close()).catch(() => {});
    this.#open.clear();
  }

  async #askOnce<T>(agent: string, ask: Ask<T>): Promise<T> {
    const session = this.#session(agent);
    try {
      return await ask(await session);
    } catch (error) {
      if (error instanceof AgentError && this.#open.get(agent) === session) {
        this.#open.delete(agent);
        session.then((lost) => lost.close()).catch(() => {});
      }
      throw error;
    }
  }

  #session(agent: string): Promise<AgentSession> {
    const known = this.#open.get(agent);
    if (known !== undefined) return known;
    const opening = this.#agents.open(agent);
    // One hiccup must not fail whatever asks after it, the way back included.
    opening.catch(() => {
      if (this.#open.get(agent) === opening) this.#open.delete(agent);
    });
    this.#open.set(agent, opening);
    return opening;
  }

  /** False when there is nothing to start any more. */
  async #revive(agent: string): Promise<boolean> {
    try {
      await this.#clock.sleep(PAUSE_MS);
      if (await this.#engine.startContainer(agent)) this.#revived = agent;
      for (const ask of this.#lasting.get(agent)?.values() ?? []) await this.#askOnce(agent, ask);
      return true;
    } catch (error) {
      return error instanceof AgentLostError;
    }
  }
}
