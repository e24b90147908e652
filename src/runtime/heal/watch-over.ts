import type { InstanceKey } from '../../compiler/desired/desired-state.ts';
import { instanceKey } from '../../compiler/desired/keys.ts';
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
import type { Clock } from '../clock.ts';
import type { ContainerChange, Engine } from '../engine.ts';
import { lookAtInstances } from './conditions.ts';

/** Without a word from the engine it is looked this often all the same: nobody tells of a link that is gone. */
const LOOK_MS = 60_000;

/** The engine tells that a container ended before its own list says so: it is looked again for a while, so often. */
const AGAIN_MS = 200;
const AGAIN_FOR_MS = 2_000;

/** After an engine that does not answer. */
const PAUSE_MS = 1_000;

/** The exit code of a command that somebody else keeps out. */
const LOCKED = 75;

/** What healing works in. */
export interface HealWorld {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers' | 'statPath' | 'watchChanges'>;
  readonly clock: Clock;
  /** Runs `stack heal` with these words, to its end. */
  readonly run: (words: readonly string[]) => Promise<{ readonly code: number; readonly stdout: string }>;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
  readonly limits?: HealLimits;
}

/**
 * Watches over the instances of a stack, and has those brought back that broke, by a command of its own each time (ADR 0023).
 * Resolves when it is stopped; an engine that goes down is waited for.
 */
export async function watchOver(world: HealWorld): Promise<void> {
  const watch = new Watch(world);
  while (!world.stop.aborted) {
    try {
      await watch.untilCutOff();
    } catch (error) {
      if (world.stop.aborted) return;
      world.note(`nobody watches over instances: ${error instanceof Error ? error.message : String(error)}`);
      await world.clock.sleep(PAUSE_MS, world.stop).catch(() => undefined);
    }
  }
}

class Watch {
  readonly #world: HealWorld;
  readonly #limits: HealLimits;
  #roster: HealRoster | null = null;
  #state: HealState | null = null;
  /** Another revision may be the one that is to run. */
  #isRosterOld = true;
  #left: ReadonlySet<InstanceKey> = new Set();
  /** When something happened last. */
  #changedMs = -Infinity;
  /** Ends the rest; something has happened. */
  #wake: AbortController = new AbortController();

  constructor(world: HealWorld) {
    this.#world = world;
    this.#limits = world.limits ?? HEAL_LIMITS;
  }

  /** Rejects when the engine goes. */
  async untilCutOff(): Promise<void> {
    const { stack, engine, clock, stop } = this.#world;
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      this.#wake.abort();
    };
    stop.addEventListener('abort', end, { once: true });
    try {
      const changes = await engine.watchChanges([`${labels.stack}=${stack}`], over.signal);
      if (this.#state !== null) this.#state = engineCameUp(this.#state, clock.now());
      await Promise.race([this.#listen(changes), this.#look(over.signal)]);
    } finally {
      end();
      stop.removeEventListener('abort', end);
    }
  }

  async #listen(changes: AsyncIterable<ContainerChange>): Promise<void> {
    for await (const change of changes) {
      const { what, labels: own } = change;
      const role = own[labels.role];
      // It is called otherwise once its apply has come to its end.
      if (role === 'revision' && (what === 'rename' || what === 'removal')) this.#isRosterOld = true;
      if (role === 'instance' && what === 'end' && this.#state !== null) {
        const key = instanceKey(own[labels.application] ?? '', own[labels.instance] ?? '');
        this.#state = ended(this.#state, key, this.#world.clock.now(), this.#limits);
      }
      this.#changedMs = this.#world.clock.now();
      this.#wake.abort();
    }
  }

  async #look(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      this.#wake = new AbortController();
      const wakeMs = await this.#once();
      const nowMs = this.#world.clock.now();
      const lookMs = nowMs < this.#changedMs + AGAIN_FOR_MS ? AGAIN_MS : LOOK_MS;
      const restMs = Math.min(lookMs, Math.max(0, (wakeMs ?? Infinity) - nowMs));
      // Not `AbortSignal.any`: Node 20 may collect one that only a timer waits for.
      if (!over.aborted) await this.#world.clock.sleep(restMs, this.#wake.signal).catch(() => undefined);
    }
  }

  /** Looks, and has done what is due. Resolves to when to look again. */
  async #once(): Promise<number | null> {
    const { clock, engine } = this.#world;
    if (this.#isRosterOld) await this.#renewRoster();
    if (this.#roster === null || this.#state === null) return null;
    const conditions = await lookAtInstances(engine, this.#roster);
    const advice = advise(this.#state, conditions, clock.now(), this.#limits);
    this.#state = advice.state;
    this.#tellLeft(advice);
    if (advice.heal.length + advice.replace.length === 0) return advice.wakeMs;
    await this.#heal(advice);
    return clock.now();
  }

  async #renewRoster(): Promise<void> {
    const { run, note, clock } = this.#world;
    this.#isRosterOld = false;
    const { code, stdout } = await run(['--roster']);
    const roster = code === 0 ? rosterFrom(stdout) : null;
    if (roster === null) {
      // Whatever comes next may be kept whole.
      this.#roster = null;
      return note('nothing says what should run: nothing is healed until an apply comes to its end');
    }
    this.#roster = roster;
    this.#state = takeUp(roster, this.#state, clock.now());
  }

  async #heal({ heal, replace }: Advice): Promise<void> {
    const { run, note, clock } = this.#world;
    const names = [...heal, ...replace].map(({ key }) => key);
    note(`healing ${names.join(', ')}`);
    const forced = replace.flatMap(({ key }) => ['--replace', key]);
    const { code } = await run(['--by', 'agent', ...heal.map(({ key }) => key), ...forced]);
    if (code === LOCKED) note('somebody changes the stack: healed later');
    else if (code !== 0) note(`${names.join(', ')} could not be healed: \`stack history\` tells why`);
    if (this.#state === null) return;
    const result = code === LOCKED ? 'locked' : 'tried';
    this.#state = healed(this.#state, names, result, clock.now(), this.#limits);
  }

  #tellLeft({ left }: Advice): void {
    for (const { key } of left)
      if (!this.#left.has(key)) this.#world.note(`${key} breaks again and again: it is left alone`);
    this.#left = new Set(left.map(({ key }) => key));
  }
}
