import type { Clock } from '../clock.ts';
import { askFrontDoor, type FrontDoorAnswer, type FrontDoorQuestion } from './front-door.ts';
import { summarize, type TrafficSummary } from './traffic-summary.ts';

/** Before the first change, while changes are made, after the last one. */
export type ProofPhase = 'before' | 'during' | 'after';

/** A request that failed. */
export interface ProofFailure {
  readonly phase: ProofPhase;
  /** When it was sent. */
  readonly sentMs: number;
  readonly what: string;
}

/** What a proof has seen so far. */
export interface ProofReport {
  readonly phases: Readonly<Record<ProofPhase, TrafficSummary>>;
  readonly total: TrafficSummary;
  /** Those that are judged, in the order in which they were found; the first {@link KEPT_FAILURES}. */
  readonly failures: readonly ProofFailure[];
}

/** How the front door is asked while a proof lasts. */
export interface ProofOptions extends FrontDoorQuestion {
  /** Requests a second, above 0 and up to 1,000; each is sent in its time, whether or not earlier ones are answered. */
  readonly ratePerS: number;
  readonly clock: Clock;
  /** `after`: what fails before the last change is counted, and neither told nor kept. */
  readonly judgedFrom: 'before' | 'after';
  /** Called at each failure that is judged. */
  readonly onFailure: (failure: ProofFailure) => void;
  /** For tests: asks instead of the network. */
  readonly ask?: (question: FrontDoorQuestion) => Promise<FrontDoorAnswer>;
}

const KEPT_FAILURES = 10;

/**
 * Real requests through the front door, at a steady rate, from `start` to `stop`. A failure is: no complete answer, a
 * status of 500 and more, or one of 400 and more that was never given before the apply.
 */
export class Proof {
  readonly #options: ProofOptions;
  readonly #times: Readonly<Record<ProofPhase, number[]>> = { before: [], during: [], after: [] };
  readonly #sent: Record<ProofPhase, number> = { before: 0, during: 0, after: 0 };
  readonly #failed: Record<ProofPhase, number> = { before: 0, during: 0, after: 0 };
  readonly #failures: ProofFailure[] = [];
  readonly #statuses = new Set<number>();
  readonly #underWay = new Set<Promise<void>>();
  #phase: ProofPhase = 'before';
  #isWell = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ProofOptions) {
    this.#options = options;
  }

  /** Begins to ask; the phase is `before`. */
  start(): void {
    const startedAt = performance.now();
    let due = 0;
    const every = 1000 / this.#options.ratePerS;
    // By the clock and not by counting timers: a late timer sends what is due, so the rate holds.
    this.#timer = setInterval(
      () => {
        for (; due * every <= performance.now() - startedAt; due++) this.#send();
      },
      Math.min(every, 20),
    );
  }

  /** Requests count for the phase in which they are sent. */
  enter(phase: ProofPhase): void {
    this.#phase = phase;
  }

  /** Asks no more, waits for what is under way, and tells what came of it. */
  async stop(): Promise<ProofReport> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await Promise.all(this.#underWay);
    return this.report();
  }

  /** Whether the request that ended last did not fail. */
  get isWell(): boolean {
    return this.#isWell;
  }

  /** What is known so far. */
  report(): ProofReport {
    const of = (phase: ProofPhase): TrafficSummary =>
      summarize(this.#sent[phase], this.#failed[phase], this.#times[phase]);
    const sum = (counts: Record<ProofPhase, number>): number => counts.before + counts.during + counts.after;
    const { before, during, after } = this.#times;
    return {
      phases: { before: of('before'), during: of('during'), after: of('after') },
      total: summarize(sum(this.#sent), sum(this.#failed), [...before, ...during, ...after]),
      failures: this.#failures,
    };
  }

  #send(): void {
    const phase = this.#phase;
    const sentMs = this.#options.clock.now();
    this.#sent[phase] += 1;
    const asking = (this.#options.ask ?? askFrontDoor)(this.#options).then((answer) => {
      this.#underWay.delete(asking);
      this.#times[phase].push(answer.ms);
      const what = this.#failureOf(answer, phase);
      this.#isWell = what === null;
      if (what === null) return;
      this.#failed[phase] += 1;
      if (this.#options.judgedFrom === 'after' && phase !== 'after') return;
      const failure = { phase, sentMs, what };
      if (this.#failures.length < KEPT_FAILURES) this.#failures.push(failure);
      this.#options.onFailure(failure);
    });
    this.#underWay.add(asking);
  }

  #failureOf(answer: FrontDoorAnswer, phase: ProofPhase): string | null {
    if (!answer.ok) return answer.error;
    const { status } = answer;
    if (status >= 500) return `status ${status}`;
    if (phase === 'before') this.#statuses.add(status);
    return status >= 400 && !this.#statuses.has(status) ? `status ${status}, never given before` : null;
  }
}
