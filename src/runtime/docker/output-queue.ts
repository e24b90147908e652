/** Bytes that wait for a reader; ends or fails once, after what was pushed before. One reader. */
export class OutputQueue implements AsyncIterable<Uint8Array> {
  readonly #onDemand: () => void;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;
  #end: { readonly error: unknown } | null = null;
  #waiting: (() => void) | null = null;

  /** `onDemand` is called when a reader finds nothing, or has taken something. */
  constructor(onDemand: () => void) {
    this.#onDemand = onDemand;
  }

  /** How much waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a reader waits for more. */
  get isWanted(): boolean {
    return this.#waiting !== null;
  }

  push(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#bytes += data.length;
    this.#wake();
  }

  /** `error` null is a good end. */
  end(error: unknown = null): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#bytes -= chunk.length;
        this.#onDemand();
        yield chunk;
      } else if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error;
        return;
      } else {
        const more = new Promise<void>((resolve) => {
          this.#waiting = resolve;
        });
        this.#onDemand();
        await more;
      }
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.();
  }
}
