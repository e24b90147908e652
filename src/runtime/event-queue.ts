/** Lets one side push values and the other iterate over them, in order, without a limit. For one reader. */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #ended = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;

  push(value: T): void {
    this.#values.push(value);
    this.#wake?.();
  }

  /** The reader's loop ends once it has seen everything. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The reader's loop throws once it has seen everything. */
  fail(error: unknown): void {
    this.#error = error ?? new Error('failed without a reason');
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const next = this.#values.shift();
      if (next !== undefined) {
        yield next;
      } else if (this.#ended) {
        if (this.#error !== null) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
      }
    }
  }
}
