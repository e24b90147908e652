import { EngineError, type Engine } from '../engine.ts';

/** One that has ended meanwhile needs no signal any more; the engine tells that only in words, under 409. */
export async function sendSignal(
  id: string,
  signal: string,
  engine: Pick<Engine, 'killContainer'>,
): Promise<string | null> {
  try {
    await engine.killContainer(id, signal);
    return null;
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'conflict' && /is not running/.test(error.message))
      return 'it had ended already';
    throw error;
  }
}
