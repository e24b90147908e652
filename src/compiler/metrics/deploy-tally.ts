import { isUpkeep } from '../heal/settled.ts';
import { isFields } from '../journal/field-kinds.ts';
import type { ApplyCommand, EndRecord, JournalRecord } from '../journal/record.ts';
import { Counts, Spread } from './counts.ts';

/** How an apply ended; `cut_off`: the next one began without its end. */
export type DeployResult = EndRecord['result'] | 'cut_off';

export const DEPLOY_KINDS = ['apply', 'rollback', 'resume', 'abort', 'heal', 'scale', 'destroy'] as const;
export const DEPLOY_RESULTS = ['done', 'failed', 'stopped', 'cut_off'] as const;

/** From a change that takes one call to one that migrates a database; in seconds. */
const DURATIONS_S = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

/** Each asks whether an instance is ready, or has stayed up. */
const GATES: ReadonlySet<string> = new Set([
  'container.gate',
  'container.up',
  'container.alive',
  'container.monitor',
  'canary.bake',
  'forerunners.alive',
]);

/** An apply that has begun. */
interface Begun {
  readonly apply: string;
  readonly command: ApplyCommand;
  /** `application/container` and instance of what it has done something to. */
  readonly touched: Set<string>;
}

/** The last apply, no healing or scaling, that came to an end or was cut off. */
export interface LastDeploy {
  readonly kind: ApplyCommand;
  readonly result: DeployResult;
  readonly revision: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** What the lines of a journal come to, one after the other: in the order in which they were written, each once. */
export class DeployTally {
  /** By kind and result. */
  readonly deploys = new Counts();
  /** By kind, in seconds; those that came to an end. */
  readonly durations: Readonly<Record<ApplyCommand, Spread>> = {
    apply: new Spread(DURATIONS_S),
    destroy: new Spread(DURATIONS_S),
    rollback: new Spread(DURATIONS_S),
    resume: new Spread(DURATIONS_S),
    abort: new Spread(DURATIONS_S),
    heal: new Spread(DURATIONS_S),
    scale: new Spread(DURATIONS_S),
  };
  /** By `application/container`. */
  readonly failedGates = new Counts();
  /** Instances by `application/container` and result. */
  readonly healings = new Counts();
  #begun: (Begun & { readonly revision: number }) | null = null;
  #last: LastDeploy | null = null;
  /** By instance key, since the last apply that is no healing; milliseconds since the epoch, ascending. */
  #healedMs = new Map<string, number[]>();

  /** Whether one goes on, or was cut off. */
  get isUnfinished(): boolean {
    return this.#begun !== null;
  }

  get last(): LastDeploy | null {
    return this.#last;
  }

  /** When an instance was healed since the last apply. */
  healedMs(instance: string): readonly number[] {
    return this.#healedMs.get(instance) ?? [];
  }

  add(record: JournalRecord): void {
    switch (record.type) {
      case 'apply':
        this.#end('cut_off', record.atMs);
        this.#begun = { ...record, touched: new Set() };
        if (!isUpkeep(record.command)) this.#healedMs = new Map();
        break;
      case 'operation':
        this.#note(record);
        break;
      case 'end':
        // Whose begin is lost is of no known kind.
        if (record.apply !== this.#begun?.apply) break;
        this.durations[this.#begun.command].add(record.tookMs / 1000);
        this.#end(record.result, record.atMs);
        break;
      case 'plan':
      case 'images':
      case 'start':
      case 'back':
        break;
    }
  }

  #note({
    apply,
    op,
    container,
    instance,
    result,
    atMs,
  }: Extract<JournalRecord, { type: 'operation' }>): void {
    if (container === null) return;
    if (result === 'failed' && GATES.has(op)) this.failedGates.add([container]);
    if (instance === null || apply !== this.#begun?.apply || this.#begun.command !== 'heal') return;
    const touched = JSON.stringify([container, instance]);
    if (this.#begun.touched.has(touched)) return;
    this.#begun.touched.add(touched);
    const key = `${container.slice(0, container.lastIndexOf('/'))}/${instance}`;
    this.#healedMs.set(key, [...(this.#healedMs.get(key) ?? []), atMs]);
  }

  #end(result: DeployResult, atMs: number): void {
    const begun = this.#begun;
    if (begun === null) return;
    this.#begun = null;
    this.deploys.add([begun.command, result]);
    for (const touched of begun.touched) {
      const [container = ''] = namesIn(touched);
      this.healings.add([container, result]);
    }
    // Healings come and go by themselves.
    if (!isUpkeep(begun.command))
      this.#last = { kind: begun.command, result, revision: begun.revision, atMs };
  }

  toJSON(): object {
    const begun = this.#begun && { ...plainBegun(this.#begun), touched: [...this.#begun.touched] };
    return {
      deploys: this.deploys,
      durations: this.durations,
      failedGates: this.failedGates,
      healings: this.healings,
      begun,
      last: this.#last,
      healedMs: Object.fromEntries(this.#healedMs),
    };
  }

  /** Goes on with what {@link toJSON} gave: the same version has written it. */
  take(value: unknown): void {
    if (!isFields(value)) return;
    const { deploys, durations, failedGates, healings, begun, last, healedMs } = value;
    this.deploys.take(deploys);
    this.failedGates.take(failedGates);
    this.healings.take(healings);
    for (const kind of DEPLOY_KINDS) this.durations[kind].take(isFields(durations) ? durations[kind] : null);
    this.#begun = begunIn(begun);
    this.#last = lastIn(last);
    for (const [key, times] of Object.entries(isFields(healedMs) ? healedMs : {}))
      if (Array.isArray(times)) this.#healedMs.set(key, times.map(Number));
  }
}

function plainBegun({ apply, command, revision }: Begun & { readonly revision: number }): object {
  return { apply, command, revision };
}

function begunIn(value: unknown): (Begun & { readonly revision: number }) | null {
  if (!isFields(value) || !Array.isArray(value['touched'])) return null;
  const { apply, command, revision, touched } = value;
  const kind = DEPLOY_KINDS.find((one) => one === command);
  if (typeof apply !== 'string' || kind === undefined || typeof revision !== 'number') return null;
  return { apply, command: kind, revision, touched: new Set(touched.map(String)) };
}

function lastIn(value: unknown): LastDeploy | null {
  if (!isFields(value)) return null;
  const { kind, result, revision, atMs } = value;
  const known = DEPLOY_KINDS.find((one) => one === kind);
  const end = DEPLOY_RESULTS.find((one) => one === result);
  if (known === undefined || end === undefined) return null;
  return { kind: known, result: end, revision: Number(revision), atMs: Number(atMs) };
}

function namesIn(text: string): readonly string[] {
  const names: unknown = JSON.parse(text);
  return Array.isArray(names) ? names.map(String) : [];
}
