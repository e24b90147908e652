/** Pauses between tries that fail: twice as long each time. */
export class Pauses {
  readonly #firstMs: number;
  readonly #longestMs: number;
  #times = 0;

  constructor({ first, longest }: { readonly first: number; readonly longest: number }) {
    this.#firstMs = first;
    this.#longestMs = longest;
  }

  /** Whether the last pause was the first one. */
  get isFirst(): boolean {
    return this.#times === 1;
  }

  /** How long to rest now, in milliseconds. */
  next(): number {
    const ms = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#times);
    this.#times += 1;
    return ms;
  }

  /** It has worked. */
  reset(): void {
    this.#times = 0;
  }
}
