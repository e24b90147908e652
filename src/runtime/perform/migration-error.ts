/** A migration did not succeed; its container is kept as the record. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
  readonly log: readonly string[];

  constructor(message: string, log: readonly string[]) {
    super(message);
    this.log = log;
  }
}
