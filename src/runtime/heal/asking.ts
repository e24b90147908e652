import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import type { AgentSession } from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import { probeQuestion } from '../gate/probe-question.ts';
import type { HealQuestion } from './questions.ts';

/** From one round of questions to the next. */
export const ASK_MS = 10_000;

/** A server that is slow is not one that hangs. */
const PATIENCE_MS = 10_000;

/** Asked at the same time: a round of many is spread. */
const AT_ONCE = 4;

/** Of those that are well, asked in one round: three a second cost a third of a percent of a core. The others come first in the next. */
const WELL_A_ROUND = 30;

/** What is known of one container's answers. */
interface Answers {
  readonly id: string;
  /** It has answered well since it was started: from then on a failure counts. */
  readonly isReady: boolean;
  readonly firstMs: number;
  /** What its last answer was, where that was none or a bad one. */
  readonly words: string | null;
}

/** Asks instances that run, round by round, what their gates asked when they were started. */
export class Asking {
  readonly #agent: Pick<AgentSession, 'probe'>;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  /** In the order in which they were asked last. */
  readonly #answers = new Map<InstanceKey, Answers>();

  constructor(agent: Pick<AgentSession, 'probe'>, clock: Clock, stop: AbortSignal) {
    this.#agent = agent;
    this.#clock = clock;
    this.#stop = stop;
  }

  /** Asks all that fail or are starting, and others; `onChange` hears at once that one fails which did not, or the other way round. */
  async round(questions: ReadonlyMap<InstanceKey, HealQuestion>, onChange: () => void): Promise<void> {
    for (const key of this.#answers.keys()) if (!questions.has(key)) this.#answers.delete(key);
    const left = this.#turn(questions);
    const worker = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [key, question] = next;
        const before = this.#stateOf(key);
        await this.#ask(key, question);
        if (before !== this.#stateOf(key)) onChange();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  #turn(questions: ReadonlyMap<InstanceKey, HealQuestion>): [InstanceKey, HealQuestion][] {
    const isWell = (key: InstanceKey): boolean => this.isReady(key) && this.fails(key) === null;
    const urgent = [...questions].filter(([key]) => !isWell(key));
    const well = [...this.#answers.keys()].filter(isWell).slice(0, WELL_A_ROUND);
    return [
      ...urgent,
      ...well.flatMap((key): typeof urgent => {
        const question = questions.get(key);
        return question === undefined ? [] : [[key, question]];
      }),
    ];
  }

  /** It was started: it may take its time again. */
  forget(key: InstanceKey): void {
    this.#answers.delete(key);
  }

  /** What a failing one answers; null for one that is well, and while it may still be starting. */
  fails(key: InstanceKey): string | null {
    return this.#answers.get(key)?.words ?? null;
  }

  /** Whether it has answered well since it was started. */
  isReady(key: InstanceKey): boolean {
    return this.#answers.get(key)?.isReady ?? false;
  }

  #stateOf(key: InstanceKey): string {
    return `${this.isReady(key)} ${this.fails(key) === null}`;
  }

  async #ask(key: InstanceKey, { id, gate, target }: HealQuestion): Promise<void> {
    const known = this.#answers.get(key);
    const before = known?.id === id ? known : { id, isReady: false, firstMs: this.#clock.now(), words: null };
    this.#answers.set(key, before);
    const patient = { ...gate, timeoutMs: Math.max(gate.timeoutMs, PATIENCE_MS) };
    const question = probeQuestion(patient, target, this.#agent);
    const { good, words } = await question.ask(patient.timeoutMs, this.#stop);
    // Forgotten meanwhile: the answer was that of another start.
    if (this.#answers.get(key) !== before) return;
    const isStarting = !before.isReady && this.#clock.now() < before.firstMs + gate.limitMs;
    this.#answers.delete(key);
    this.#answers.set(key, {
      ...before,
      isReady: before.isReady || good,
      words: good || isStarting ? null : words,
    });
  }
}
