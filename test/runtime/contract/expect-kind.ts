import { expect } from 'vitest';

import { EngineError, type EngineErrorKind } from '../../../src/runtime/engine.ts';

/** The call rejects with an {@link EngineError} of that kind. */
export async function expectKind(kind: EngineErrorKind, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ kind });
}
