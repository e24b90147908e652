import type { Told } from '../../compiler/journal/record.ts';
import { stopPrint } from '../../compiler/journal/stop-print.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import type { ContainerDetails, Engine } from '../engine.ts';
import { specOf } from '../parse-spec.ts';

/** What a container is stopped with. */
export interface StopContext {
  readonly engine: Pick<Engine, 'stopContainer' | 'inspectContainer'>;
  readonly clock: Clock;
  readonly onTold: (told: Told) => void;
}

/**
 * Stops a container. One that had to be killed may have lost what it had under way: that is worth a word; one whose stop signal
 * kills is not given the time.
 */
export async function stopContainer(
  id: string,
  timeoutS: number | null,
  { engine, clock, onTold }: StopContext,
): Promise<string | null> {
  const startedAt = clock.now();
  const wasRunning = await engine.stopContainer(id, timeoutS);
  const stopped = await engine.inspectContainer(id);
  const took = clock.now() - startedAt;
  const forced = wasRunning && stopped !== null && isForced(stopped, timeoutS, took);
  const spec = stopped === null ? null : specOf(stopped.labels);
  const limitMs = timeoutS === null ? null : timeoutS * 1000;
  if (wasRunning) onTold({ kind: 'stop', forced, limitMs, made: spec === null ? null : stopPrint(spec) });
  return forced ? `warning: it did not stop within ${elapsed(took)} and was killed` : null;
}

function isForced(
  { exitCode, stopSignal, stopTimeoutS }: ContainerDetails,
  timeoutS: number | null,
  tookMs: number,
): boolean {
  return (
    exitCode === 137 &&
    !/^((SIG)?KILL|9)$/i.test(stopSignal ?? '') &&
    tookMs >= (timeoutS ?? stopTimeoutS) * 1000
  );
}
