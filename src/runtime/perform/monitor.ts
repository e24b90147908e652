import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';
import { endedHow } from './forerunners.ts';

/** Between two looks. */
const LOOK_MS = 500;

/** A new generation that is watched. */
export interface Watched {
  readonly id: string;
  readonly generation: number;
  /** When it was ready, by the clock. */
  readonly readyAt: number;
  /** How often the engine had started it again when the watch began. */
  readonly restarts: number;
}

/** A new generation has ended while it was watched. */
export class MonitorError extends Error {
  override readonly name = 'MonitorError';
  /** Of the container that has ended. */
  readonly containerId: string;

  constructor({ id, generation }: Watched, how: string) {
    super(`generation ${generation} ${how} after it was published`);
    this.containerId = id;
  }
}

/** What is asked while somebody is watched. */
export interface MonitorContext {
  readonly engine: Pick<Engine, 'inspectContainer' | 'lastExit'>;
  readonly clock: Clock;
  /** Aborted: nobody wants to know any more. */
  readonly cut: AbortSignal;
}

/** Looks until `ms` after the last of them was ready. Rejects with {@link MonitorError} when one has ended since. */
export async function monitor(
  watched: readonly Watched[],
  ms: number,
  { engine, clock, cut }: MonitorContext,
): Promise<void> {
  const endsAt = Math.max(...watched.map(({ readyAt }) => readyAt)) + ms;
  for (;;) {
    for (const one of watched) {
      const how = await endedHow(one.id, engine, one.restarts);
      if (how !== null) throw new MonitorError(one, how);
    }
    const leftMs = endsAt - clock.now();
    if (leftMs <= 0) return;
    await clock.sleep(Math.min(LOOK_MS, leftMs), cut);
  }
}
