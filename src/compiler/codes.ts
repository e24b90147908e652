/**
 * Every diagnostic code with its title. A code is never reused or renumbered; `docs/errors.md` explains each.
 * `STK1xx` syntax, `2xx` shape, `3xx` meaning, `4xx` plan, `5xx` engine.
 */
export const codes = {
  // 1xx: the text cannot be read
  STK101: 'the file cannot be read',
  STK102: 'syntax error',
  STK103: 'duplicate key',

  // 2xx: the shape is not a stack file's
  STK201: 'unknown key',
  STK202: 'wrong type',

  // 3xx: the meaning is wrong
  STK301: 'not supported yet',

  // 4xx: what a plan should be read for
  STK401: 'held container differs from the file',

  // 5xx: the engine
  STK501: 'the engine cannot be reached',
} as const;

/** A diagnostic code. */
export type Code = keyof typeof codes;
