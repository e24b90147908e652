import { EngineError } from '../engine.ts';

/** For `catch`: these statuses mean `value`, everything else stays a failure. */
export function unlessStatus<T>(statuses: readonly number[], value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof EngineError && error.status !== null && statuses.includes(error.status))
      return value;
    throw error;
  };
}

/** For `catch`: what engines tell only in words, under statuses that mean other things too, is no failure. */
export function unlessText(pattern: RegExp): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof EngineError) || !pattern.test(error.message)) throw error;
  };
}
