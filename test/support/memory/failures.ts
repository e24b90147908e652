import { EngineError } from '../../../src/runtime/engine.ts';

/** 404, as the engine words it. */
export function notFound(operation: string, what: string): EngineError {
  return new EngineError('not-found', operation, `No such ${what}`, 404);
}

/** 409. */
export function conflict(operation: string, message: string): EngineError {
  return new EngineError('conflict', operation, message, 409);
}

/** 500. */
export function serverError(operation: string, message: string): EngineError {
  return new EngineError('server', operation, message, 500);
}
