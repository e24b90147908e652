import {
  AgentError,
  AgentLostError,
  AgentRefusedError,
  type AgentConnector,
  type AgentSession,
} from '../../../src/runtime/agent/agent-session.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { EngineError, type Engine, type EngineErrorKind } from '../../../src/runtime/engine.ts';
import type { Chance } from './chance.ts';
import type { Machine } from './machine.ts';

/** How likely a call goes wrong, and after how many the process is killed. */
export interface Weather {
  readonly trouble: number;
  /** Null: never. */
  readonly callsToLive: number | null;
  /** How likely the clock leaps at a call: the machine slept. */
  readonly leaps: number;
}

export const CALM: Weather = { trouble: 0, callsToLive: null, leaps: 0 };

/** Who looks at every call before it is made, and does what others do meanwhile. */
export interface Onlooker {
  readonly onCall: (method: string, args: readonly unknown[]) => Promise<void>;
  readonly onAgentCall: (method: string, args: readonly unknown[]) => Promise<void>;
  /** An answer that has reached the program. */
  readonly onAnswer: (method: string, answer: unknown) => void;
  /** It has been told that a container is gone. */
  readonly onGone: (id: string) => void;
}

const NEVER = new Promise<never>(() => {});
const READS = /^(facts|list|inspect|find|stat|read|fetch|volumeProcesses|processes|registryDigest|wait)/;
const FAILURES: readonly (readonly [EngineErrorKind, number | null])[] = [
  ['server', 500],
  ['server', 503],
  ['timeout', null],
  ['unreachable', null],
  ['cut-off', null],
];

/**
 * The engine, its agents and the time as one process sees them, in some weather: calls fail before or after they took effect,
 * answers and streams break off, and once it is killed nothing of it goes on.
 */
export class Client {
  readonly engine: Engine;
  readonly agents: AgentConnector;
  readonly clock: Clock;
  /** Resolves when it is killed. */
  readonly death: Promise<void>;
  readonly #machine: Machine;
  readonly #chance: Chance;
  readonly #onlooker: Onlooker;
  #weather: Weather;
  #left: number;
  #leaptMs = 0;
  #die = () => {};
  #isDead = false;

  constructor(machine: Machine, chance: Chance, weather: Weather, onlooker: Onlooker) {
    this.#machine = machine;
    this.#chance = chance;
    this.#weather = weather;
    this.#onlooker = onlooker;
    this.#left = weather.callsToLive ?? Number.POSITIVE_INFINITY;
    this.death = new Promise((resolve) => {
      this.#die = resolve;
    });
    const { clock } = machine;
    this.clock = {
      now: () => clock.now() + this.#leaptMs,
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        if (this.#isDead) await NEVER;
      },
    };
    this.engine = new Proxy<Engine>(machine.engine, {
      get: (engine, name) => {
        const method: unknown = Reflect.get(engine, name);
        if (typeof method !== 'function') return method;
        if (name === 'close') return () => {};
        const call = (...args: readonly unknown[]): unknown => Reflect.apply(method, engine, args);
        return name === 'logs'
          ? (...args: readonly unknown[]) => this.#stream(call, args)
          : (...args: readonly unknown[]) => this.#call(String(name), args, () => call(...args));
      },
    });
    this.agents = { open: (name) => this.#open(name) };
  }

  /** The process ends here. */
  kill(): void {
    this.#isDead = true;
    this.#die();
  }

  async #call(method: string, args: readonly unknown[], act: () => unknown): Promise<unknown> {
    await this.#step(() => this.#onlooker.onCall(method, args), act);
    const { trouble } = this.#weather;
    const isRead = READS.test(method);
    if (this.#chance.whether(trouble)) await this.#wait();
    if (this.#chance.whether(trouble)) {
      // A call that took effect is answered by an error, or by nothing at all.
      const isDone = !isRead && this.#chance.whether(0.5);
      if (isDone) await Promise.resolve(act()).catch(() => {});
      await this.#live();
      throw this.#failure(method, isDone);
    }
    const answer = await this.#answer(act).catch((error: unknown) => {
      if (error instanceof EngineError && error.kind === 'not-found') this.#onlooker.onGone(String(args[0]));
      throw error;
    });
    this.#onlooker.onAnswer(method, answer);
    if (this.#chance.whether(trouble)) await this.#wait();
    return answer;
  }

  async #answer(act: () => unknown): Promise<unknown> {
    try {
      return await act();
    } finally {
      await this.#live();
    }
  }

  /** Breaks off somewhere. */
  async *#stream(call: (...args: readonly unknown[]) => unknown, args: readonly unknown[]): AsyncGenerator {
    await this.#live();
    const isCut = this.#chance.whether(this.#weather.trouble * 3);
    let left = isCut ? this.#chance.between(0, 3) : Number.POSITIVE_INFINITY;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `logs` gives nothing else
    for await (const chunk of call(...args) as AsyncIterable<unknown>) {
      await this.#live();
      if (left <= 0) break;
      left -= 1;
      yield chunk;
    }
    if (isCut)
      throw new EngineError('cut-off', 'read the log', 'the engine broke off in the middle of its answer');
  }

  async #open(name: string): Promise<AgentSession> {
    await this.#live();
    const { trouble } = this.#weather;
    if (this.#chance.whether(trouble)) throw new AgentError(`the agent \`${name}\` did not answer`);
    const session = this.#machine.agent(name);
    return new Proxy<AgentSession>(session.session, {
      get: (agent, method) => {
        const found: unknown = Reflect.get(agent, method);
        if (typeof found !== 'function') return found;
        if (method === 'close') return () => {};
        return async (...args: readonly unknown[]) => {
          const act = () => session.while((): unknown => Reflect.apply(found, agent, args));
          await this.#step(() => this.#onlooker.onAgentCall(String(method), args), act);
          if (this.#chance.whether(trouble)) {
            const isDone = this.#chance.whether(0.5);
            if (isDone) await Promise.resolve(act()).catch(() => {});
            await this.#live();
            throw this.#agentFailure(name, isDone);
          }
          return this.#answer(act);
        };
      },
    });
  }

  /** One more call; the last one of a process may still get through. */
  async #step(look: () => Promise<void>, act: () => unknown): Promise<void> {
    await this.#live();
    if (this.#chance.whether(this.#weather.leaps))
      this.#leaptMs += this.#chance.pick([1_000, 60_000, 3_600_000]);
    await look();
    await this.#live();
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#chance.whether(0.5)) void Promise.resolve(act()).catch(() => {});
    this.kill();
    await NEVER;
  }

  async #live(): Promise<void> {
    if (this.#isDead) await NEVER;
  }

  #wait(): Promise<void> {
    return this.clock.sleep(this.#chance.pick([10, 500, 5_000]));
  }

  #failure(method: string, isDone: boolean): EngineError {
    if (!isDone && /^(rename|updateRestart)/.test(method) && this.#chance.whether(0.3))
      return new EngineError('between-runs', method, 'it is between two runs', 500);
    if (!isDone && /^(create|rename|remove|stop|kill|connect)/.test(method) && this.#chance.whether(0.3))
      return new EngineError('conflict', method, 'the engine is busy with it', 409);
    const [kind, status] = this.#chance.pick(FAILURES);
    return new EngineError(kind, method, 'as the weather is', status);
  }

  #agentFailure(name: string, isDone: boolean): AgentError {
    if (!isDone && this.#chance.whether(0.4)) return new AgentRefusedError('ENOSPC (the disk is full)');
    return this.#chance.whether(0.5)
      ? new AgentLostError(`the session with \`${name}\` has ended`)
      : new AgentError(`\`${name}\` did not answer within 20 s`);
  }
}
