/** An image could not be built. */
export class BuildError extends Error {
  override readonly name = 'BuildError';
  readonly help: string;
  /** The last lines of the build. */
  readonly log: readonly string[];

  constructor(message: string, help: string, log: readonly string[] = []) {
    super(message);
    this.help = help;
    this.log = log;
  }
}
