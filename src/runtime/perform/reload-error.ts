/** A program did not take its new files; the old ones are in their place again, or about to be. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
  /** What the program said. */
  readonly output: readonly string[];
  /** Whose log tells why; null: `output` does. */
  readonly containerId: string | null;

  constructor(message: string, output: readonly string[], containerId: string | null = null) {
    super(message);
    this.output = output;
    this.containerId = containerId;
  }
}
