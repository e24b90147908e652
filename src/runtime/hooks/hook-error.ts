/** A hook did not succeed. */
export class HookError extends Error {
  override readonly name = 'HookError';
  /** Its last lines. */
  readonly log: readonly string[];

  constructor(message: string, log: readonly string[]) {
    super(message);
    this.log = log;
  }
}
