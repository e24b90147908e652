import type { Operation } from '../../compiler/plan/operation.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine } from '../engine.ts';
import { lookAtProcesses } from './processes.ts';

/** Between two looks. A worker tells only every few seconds. */
const LOOK_MS = 250;

/** What is asked while a worker finishes. */
export interface IdleContext {
  readonly engine: Pick<Engine, 'processes'>;
  readonly clock: Clock;
  readonly containerId: string;
}

/** What a worker says of itself: jobs that it has, and whether it still takes new ones. */
interface Work {
  readonly busy: number;
  readonly isQuiet: boolean;
}

/**
 * Waits until a worker that was told to take no new work has none left, as its processes call themselves: Sidekiq's
 * `sidekiq 6.4.1 app [1 of 10 busy] stopping`, written every five seconds (lib/sidekiq/launcher.rb). Where none says
 * so there is nothing to wait for but its own graceful stop. Gives a note.
 */
export async function awaitIdle(
  { limitS }: Extract<Operation, { kind: 'container.idle' }>,
  { engine, clock, containerId }: IdleContext,
): Promise<string> {
  const startedAt = clock.now();
  for (;;) {
    const seen = await lookAtProcesses(containerId, engine);
    if (seen instanceof EngineError)
      return `warning: what work it has cannot be seen (${seen.message}): its stop has to finish it`;
    const all = seen.flatMap(({ title }) => workOf(title) ?? []);
    if (all.length === 0) return 'it does not say what work it has: its stop has to finish it';
    const busy = all.reduce((sum, work) => sum + work.busy, 0);
    const took = elapsed(clock.now() - startedAt);
    if (busy === 0 && all.every(({ isQuiet }) => isQuiet)) return `no job left after ${took}`;
    if (clock.now() - startedAt >= limitS * 1000) {
      const left = `${busy} ${busy === 1 ? 'job' : 'jobs'}`;
      return all.every(({ isQuiet }) => isQuiet)
        ? `warning: ${left} still under way after ${took} (\`drain_timeout\`)`
        : `warning: it still takes new jobs after ${took}: \`quiet_signal\` does not tell it to stop that`;
    }
    await clock.sleep(LOOK_MS);
  }
}

function workOf(title: string): Work | null {
  const found = /\[(\d+) of \d+ busy\](.*)$/.exec(title);
  return found === null ? null : { busy: Number(found[1]), isQuiet: found[2]?.includes('stopping') === true };
}
