import { isFields } from '../journal/field-kinds.ts';

/** Counts by the values of some labels, in a fixed order; what nobody counted is 0. */
export class Counts {
  readonly #counts = new Map<string, number>();

  add(values: readonly string[], by = 1): void {
    const key = JSON.stringify(values);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + by);
  }

  of(...values: readonly string[]): number {
    return this.#counts.get(JSON.stringify(values)) ?? 0;
  }

  toJSON(): object {
    return Object.fromEntries(this.#counts);
  }

  /** Goes on with what {@link toJSON} gave; what is none is left out. */
  take(value: unknown): void {
    if (!isFields(value)) return;
    for (const [key, count] of Object.entries(value))
      if (typeof count === 'number' && Number.isFinite(count) && count >= 0) this.#counts.set(key, count);
  }
}

/** How many of some amounts are at most as large as each bound. */
export class Spread {
  readonly bounds: readonly number[];
  /** Of each bound those that are no larger, without those of the bound before; last what is above all. */
  readonly #within: number[];
  #sum = 0;

  /** `bounds` ascend. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#within = [...bounds, Infinity].map(() => 0);
  }

  add(amount: number): void {
    const at = this.bounds.findIndex((bound) => amount <= bound);
    const bucket = at === -1 ? this.bounds.length : at;
    this.#within[bucket] = (this.#within[bucket] ?? 0) + 1;
    this.#sum += amount;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#within.reduce((all, each) => all + each, 0);
  }

  /** Of each bound, in their order, how many are no larger. */
  upTo(): readonly number[] {
    let all = 0;
    return this.bounds.map((_, index) => (all += this.#within[index] ?? 0));
  }

  toJSON(): object {
    return { bounds: this.bounds, within: this.#within, sum: this.#sum };
  }

  /** Goes on with what {@link toJSON} gave; with other bounds nothing is known. */
  take(value: unknown): void {
    if (!isFields(value)) return;
    const { bounds, within, sum } = value;
    const isSame = JSON.stringify(bounds) === JSON.stringify(this.bounds);
    if (!isSame || !Array.isArray(within) || within.length !== this.#within.length) return;
    if (typeof sum !== 'number' || !within.every((each) => typeof each === 'number')) return;
    this.#within.splice(0, within.length, ...within);
    this.#sum = sum;
  }
}
