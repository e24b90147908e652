import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import { instanceKey } from '../../compiler/desired/keys.ts';
import type { Condition } from '../../compiler/heal/condition.ts';
import { HEAL_LIMITS, type HealLimits } from '../../compiler/heal/limits.ts';
import {
  advise,
  ended,
  engineCameUp,
  healed,
  takeUp,
  type Advice,
  type HealState,
} from '../../compiler/heal/policy.ts';
import { rosterFrom, type HealRoster } from '../../compiler/heal/roster.ts';
import { labels } from '../../compiler/labels.ts';
import { wordsOf } from '../cron/outage.ts';
import type { AgentSession } from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import type { ContainerChange, Engine } from '../engine.ts';
import { LOCKED, type RunOwnCommand } from '../own-command.ts';
import { phaseOf } from '../observe.ts';
import { Asking, ASK_MS } from './asking.ts';
import { lookAtInstances } from './conditions.ts';
import { Pauses } from './pauses.ts';
import type { HealQuestion } from './questions.ts';
import { troubleWords } from './trouble-words.ts';

/** Without a word from the engine it is looked this often all the same: nobody tells of a link that is gone. */
const LOOK_MS = 60_000;

/** The engine tells that a container ended before its own list says so: it is looked again for a while, so often. */
const AGAIN_MS = 200;
const AGAIN_FOR_MS = 2_000;

/** After an engine that does not answer: twice as long each time. */
const PAUSE_MS = { first: 1_000, longest: 10_000 };

/** After an answer that says nothing of what should run: each takes the start of a command. */
const ROSTER_PAUSE_MS = { first: 5_000, longest: 300_000 };

/** What healing works in. */
export interface HealWorld {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers' | 'statPath' | 'inspectContainer' | 'watchChanges'>;
  /** Asks instances. */
  readonly agent: Pick<AgentSession, 'probe'>;
  readonly clock: Clock;
  /** Runs `stack heal` with these words, to its end. */
  readonly run: RunOwnCommand;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
  readonly limits?: HealLimits;
  /** What should run, whenever that is asked for; null: nothing says so. */
  readonly onRoster?: (roster: HealRoster | null) => void;
}

/**
 * Watches over the instances of a stack, and has those brought back that broke, by a command of its own each time (ADR 0023).
 * Resolves when it is stopped and no command runs any more; an engine that goes down is waited for.
 */
export async function watchOver(world: HealWorld): Promise<void> {
  const watch = new Watch(world);
  await Promise.all([watch.listen(), watch.look(), watch.ask()]);
}

/** Three loops over the same state: what the engine tells, what a look finds, and what instances answer. */
class Watch {
  readonly #world: HealWorld;
  readonly #limits: HealLimits;
  readonly #asking: Asking;
  #roster: HealRoster | null = null;
  #state: HealState | null = null;
  /** When what should run is asked for again, since another revision may be the one; never before somebody listens. */
  #renewMs = Infinity;
  readonly #rosterPauses = new Pauses(ROSTER_PAUSE_MS);
  #questions: ReadonlyMap<InstanceKey, HealQuestion> = new Map();
  #left: ReadonlySet<InstanceKey> = new Set();
  #spared: ReadonlySet<InstanceKey> = new Set();
  /** When something happened last. */
  #changedMs = -Infinity;
  /** Which of its loops the engine fails right now. */
  readonly #outages = new Set<'listen' | 'look'>();
  /** Ends the rest; something has happened. */
  #wake: AbortController = new AbortController();

  constructor(world: HealWorld) {
    this.#world = world;
    this.#limits = world.limits ?? HEAL_LIMITS;
    this.#asking = new Asking(world.agent, world.clock, world.stop);
    world.stop.addEventListener('abort', () => this.#wake.abort(), { once: true });
  }

  /** Hears what happens; whatever happened while nobody listened is found by the next look. */
  async listen(): Promise<void> {
    const { stack, engine, clock, stop } = this.#world;
    const pauses = new Pauses(PAUSE_MS);
    while (!stop.aborted) {
      try {
        const changes = await engine.watchChanges([`${labels.stack}=${stack}`], stop);
        this.#recover('listen');
        pauses.reset();
        this.#renewMs = -Infinity;
        this.#stir();
        for await (const change of changes) this.#hear(change);
      } catch (error) {
        this.#fail('listen', error);
        // It ends with the engine, which starts by itself what its policies say.
        if (this.#state !== null) this.#state = engineCameUp(this.#state, clock.now());
      }
      await this.#rest(pauses.next(), stop);
    }
  }

  /** Looks when something has happened or is due, and has done what is to be done. */
  async look(): Promise<void> {
    const { clock, stop } = this.#world;
    const pauses = new Pauses(PAUSE_MS);
    while (!stop.aborted) {
      this.#wake = new AbortController();
      let restMs: number;
      try {
        const wakeMs = await this.#once();
        const nowMs = clock.now();
        const lookMs = nowMs < this.#changedMs + AGAIN_FOR_MS ? AGAIN_MS : LOOK_MS;
        restMs = Math.min(lookMs, Math.max(0, (wakeMs ?? Infinity) - nowMs));
        pauses.reset();
      } catch (error) {
        this.#fail('look', error);
        restMs = pauses.next();
      }
      // Not `AbortSignal.any`: Node 20 may collect one that only a timer waits for.
      await this.#rest(restMs, this.#wake.signal);
    }
  }

  /** Asks those that run how they are. */
  async ask(): Promise<void> {
    const { stop } = this.#world;
    while (!stop.aborted) {
      await this.#asking.round(this.#questions, () => this.#stir());
      await this.#rest(ASK_MS, stop);
    }
  }

  #hear({ what, name, labels: own }: ContainerChange): void {
    const role = own[labels.role];
    // It is called otherwise once its apply has come to its end.
    if (role === 'revision' && (what === 'rename' || what === 'removal')) this.#renewMs = -Infinity;
    // Jobs come and go by the hundred.
    if (role !== 'instance' && role !== 'revision') return;
    if (role === 'instance' && phaseOf(name) === 'current' && this.#state !== null) {
      const key = instanceKey(own[labels.application] ?? '', own[labels.instance] ?? '');
      if (what === 'end') this.#state = ended(this.#state, key, this.#world.clock.now(), this.#limits);
      if (what === 'start') this.#asking.forget(key);
    }
    // Whether it is one too many now, only who is asked again can tell.
    if (role === 'instance' && what !== 'health' && this.#isScaled(own)) this.#renewMs = -Infinity;
    this.#stir();
  }

  #isScaled(own: ContainerChange['labels']): boolean {
    const key = instanceKey(own[labels.application] ?? '', own[labels.instance] ?? '');
    const known = this.#roster?.instances.find((one) => one.key === key);
    if (known !== undefined) return known.scaled === true;
    return this.#roster?.instances.some(({ scaled }) => scaled === true) ?? false;
  }

  #stir(): void {
    this.#changedMs = this.#world.clock.now();
    this.#wake.abort();
  }

  /** Looks, and has done what is due. Resolves to when to look again. Rejects with `EngineError`. */
  async #once(): Promise<number | null> {
    const { clock, engine } = this.#world;
    if (clock.now() >= this.#renewMs) await this.#renewRoster();
    if (this.#roster === null || this.#state === null) return this.#renewMs;
    const { conditions, questions } = await lookAtInstances(engine, this.#roster);
    this.#recover('look');
    this.#questions = questions;
    const advice = advise(this.#state, this.#withAnswers(conditions), clock.now(), this.#limits);
    this.#state = advice.state;
    this.#tellLeft(advice);
    if (advice.heal.length + advice.replace.length === 0) return advice.wakeMs;
    await this.#heal(advice);
    return clock.now();
  }

  /** One that runs and does not answer well is unhealthy, whoever finds that out. */
  #withAnswers(conditions: ReadonlyMap<InstanceKey, Condition>): ReadonlyMap<InstanceKey, Condition> {
    const withAnswer = (key: InstanceKey, condition: Condition): Condition => {
      if (condition !== 'well' || !this.#questions.has(key)) return condition;
      if (this.#asking.fails(key) !== null) return 'unhealthy';
      return this.#asking.isReady(key) ? 'well' : 'starting';
    };
    return new Map([...conditions].map(([key, condition]) => [key, withAnswer(key, condition)]));
  }

  async #renewRoster(): Promise<void> {
    const { run, note, clock, stop } = this.#world;
    this.#renewMs = Infinity;
    const { code, stdout } = await run(['--roster']);
    if (stop.aborted) return;
    const roster = code === 0 ? rosterFrom(stdout) : null;
    this.#world.onRoster?.(roster);
    if (roster !== null) {
      this.#rosterPauses.reset();
      this.#roster = roster;
      this.#state = takeUp(roster, this.#state, clock.now());
      return;
    }
    // It may have been the engine: what was to run before may run no more.
    this.#renewMs = Math.min(this.#renewMs, clock.now() + this.#rosterPauses.next());
    if (this.#roster !== null || this.#rosterPauses.isFirst)
      note('nothing says what should run: nothing is healed until an apply comes to its end');
    this.#roster = null;
  }

  async #heal({ heal, replace, troubles }: Advice): Promise<void> {
    const { run, note, clock, stop } = this.#world;
    const all = [...heal, ...replace];
    // A scaling that goes on removes it first, and says so at its end.
    if (all.some(({ scaled }) => scaled === true)) this.#renewMs = -Infinity;
    const words = all.map(
      ({ key }) => `${key} (${troubleWords(troubles.get(key), this.#asking.fails(key))})`,
    );
    note(`healing ${words.join(', ')}`);
    const forced = replace.flatMap(({ key }) => ['--replace', key]);
    const { code } = await run(['--by', 'agent', ...heal.map(({ key }) => key), ...forced]);
    if (stop.aborted) return;
    const keys = all.map(({ key }) => key);
    if (code === LOCKED) note('somebody changes the stack: healed later');
    else if (code !== 0) {
      note(`${keys.join(', ')} could not be healed: what is above tells why`);
      // It may have been cut off, which the journal tells.
      this.#renewMs = -Infinity;
    }
    if (this.#state === null) return;
    const result = code === LOCKED ? 'locked' : 'tried';
    this.#state = healed(this.#state, keys, result, clock.now(), this.#limits);
  }

  #tellLeft({ left, spared }: Advice): void {
    for (const { key, name } of left)
      if (!this.#left.has(key))
        this.#world.note(
          `${key} breaks again and again: it is left alone for an hour, or until the next \`stack apply\`; \`stack logs ${name}\` may tell why`,
        );
    this.#left = new Set(left.map(({ key }) => key));
    for (const { key } of spared)
      if (!this.#spared.has(key))
        this.#world.note(
          `${key} is unhealthy, and so is all beside it or what it needs: a new one would be no better, it is left alone`,
        );
    this.#spared = new Set(spared.map(({ key }) => key));
  }

  /** An engine that is away for hours fills no log. */
  #fail(loop: 'listen' | 'look', error: unknown): void {
    if (this.#world.stop.aborted) return;
    if (this.#outages.size === 0) this.#world.note(`nobody watches over instances: ${wordsOf(error)}`);
    this.#outages.add(loop);
  }

  #recover(loop: 'listen' | 'look'): void {
    if (!this.#outages.delete(loop)) return;
    // The first list behind it may be an old one.
    this.#changedMs = this.#world.clock.now();
    if (this.#outages.size === 0) this.#world.note('instances are watched over again');
  }

  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    await this.#world.clock.sleep(ms, signal).catch(() => undefined);
  }
}
