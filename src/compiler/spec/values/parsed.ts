/** What is wrong with a string, and where in it: a half-open stretch of UTF-16 units. */
export interface TextProblem {
  readonly message: string;
  readonly start: number;
  readonly end: number;
  readonly help: string | null;
}

/** A value read from a string, or the one problem that stopped the reading. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: TextProblem };

/** A value that was read. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** A problem at a stretch of the string. */
export function unparsed(
  message: string,
  start: number,
  end: number,
  help: string | null = null,
): { readonly ok: false; readonly problem: TextProblem } {
  return { ok: false, problem: { message, start, end, help } };
}
