/** What to say instead of an engine's words. `$1`, `$2` stand for the groups of the pattern. */
export interface Rule {
  readonly pattern: RegExp;
  readonly message: string;
  readonly help: string;
}
