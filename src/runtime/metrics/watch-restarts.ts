import { labels } from '../../compiler/labels.ts';
import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';
import { containerOf } from './stack-view.ts';

/** After an engine that does not answer. */
const PAUSE_MS = 1_000;

/** What restarts are counted with. */
export interface RestartWatch {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers' | 'watchChanges'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly stop: AbortSignal;
  /** An instance's container that had run before has started; `application/container`. */
  readonly onRestart: (container: string) => void;
}

/**
 * Tells of each instance that starts again in its own container, whoever starts it. Resolves when it is stopped; an engine that
 * goes down is waited for, and what it starts by itself when it comes up is not told.
 */
export async function watchRestarts(watch: RestartWatch): Promise<void> {
  const { clock, stop } = watch;
  while (!stop.aborted) {
    await untilCutOff(watch).catch(() => undefined);
    await clock.sleep(PAUSE_MS, stop).catch(() => undefined);
  }
}

async function untilCutOff({ stack, engine, stop, onRestart }: RestartWatch): Promise<void> {
  const own = [`${labels.stack}=${stack}`, `${labels.role}=instance`];
  // Before it watches: what starts for the first time in between is better forgotten than told of as a restart.
  const rows = await engine.listContainers(own);
  const started = new Set(rows.filter(({ state }) => state !== 'created').map(({ id }) => id));
  for await (const { id, what, labels: found } of await engine.watchChanges(own, stop)) {
    if (what === 'removal') started.delete(id);
    if (what !== 'start') continue;
    if (started.has(id)) onRestart(containerOf({ labels: found }));
    started.add(id);
  }
}
