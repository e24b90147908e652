import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';

const RETRY_MS = 50;
const PATIENCE_MS = 1_000;

/**
 * Renames a container in whatever state it is. The engine does not while one waits to be started again by its policy; one that
 * keeps ending is stopped for that, and started again.
 */
export async function renameContainer(
  id: string,
  name: string,
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
): Promise<string | null> {
  const deadline = clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      await engine.renameContainer(id, name);
      return null;
    } catch (error) {
      if (!isBetweenRuns(error)) throw error;
    }
    if (clock.now() >= deadline) break;
    await clock.sleep(RETRY_MS);
  }
  await engine.stopContainer(id, null);
  await engine.renameContainer(id, name);
  await engine.startContainer(id);
  return 'it keeps ending, and was stopped for this and started again';
}

/** Whether a call failed because the container has ended, and waits to be started again. */
export function isBetweenRuns(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'between-runs';
}
