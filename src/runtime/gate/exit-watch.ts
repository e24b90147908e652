import type { Clock } from '../clock.ts';
import type { ContainerDetails, Engine } from '../engine.ts';

/** Between looks, where the engine's wait call is cut off (a proxy's idle limit). */
const LOOK_MS = 500;

/** How a container ended; the code is null when it is gone. */
export interface Exit {
  readonly code: number | null;
}

/**
 * Resolves once the container is not running any more, also when that was so before the call; never for one that
 * was created and not started yet. For generations with restart policy `no`, where an exit is final. Rejects with
 * `EngineError`, or the signal's reason.
 */
export async function watchExit(
  engine: Pick<Engine, 'inspectContainer' | 'waitContainer'>,
  id: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<Exit> {
  // The wait first, then one look: an exit between the two is seen by either.
  const waited = engine.waitContainer(id, signal).then(
    (code): Exit => ({ code }),
    (): null => null,
  );
  const seen = exitIn(await engine.inspectContainer(id));
  if (seen !== null) return seen;
  const exit = await waited;
  signal.throwIfAborted();
  if (exit !== null) return exit;
  for (;;) {
    const later = exitIn(await engine.inspectContainer(id));
    if (later !== null) return later;
    await clock.sleep(LOOK_MS, signal);
  }
}

function exitIn(details: ContainerDetails | null): Exit | null {
  if (details === null || details.state === 'removing') return { code: null };
  const ended = details.state === 'exited' || details.state === 'dead';
  return ended ? { code: details.exitCode } : null;
}
