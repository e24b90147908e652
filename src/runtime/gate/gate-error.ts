/** A generation is not ready and will not be waited for any longer; the message says why, with the last answer. */
export class GateError extends Error {
  override readonly name = 'GateError';
}
