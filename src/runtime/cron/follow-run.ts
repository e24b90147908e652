import type { RunEnd } from '../../compiler/cron/fold.ts';
import { EngineError, type ContainerDetails } from '../engine.ts';
import { elapsed } from '../elapsed.ts';
import type { Begun, JobRun } from './begin-run.ts';
import { wordsOf } from './outage.ts';
import type { RunWorld } from './world.ts';

/** The exit code of what KILL has ended: 128 and the number of the signal. */
const KILLED = 137;

/** Why a run is lost. */
export const REMOVED = 'somebody has removed its container';

const LONGEST_SLEEP_MS = 20 * 86_400_000;

/** From a stop that the engine failed to the next one. */
const STOP_AGAIN_MS = 30_000;

/** How a run ended, and the last of what it has written. */
export interface Followed {
  readonly end: RunEnd;
  readonly log: string;
}

/**
 * Waits for the end of a run, stops it by its own signal and in its own time where it takes too long, and keeps its log. The engine
 * may go down and come back meanwhile. Rejects when the agent ends: the run goes on.
 */
export async function followRun(
  world: RunWorld,
  run: JobRun,
  started: Extract<Begun, { readonly kind: 'started' }>,
): Promise<Followed> {
  const { outage, stop, engine } = world;
  const limit = limitRun(world, started);
  let code: number | null;
  try {
    code = await outage.outlast(stop, () => engine.waitContainer(started.id, stop));
  } catch (error) {
    stop.throwIfAborted();
    if (!(error instanceof EngineError) || error.kind !== 'not-found') throw error;
    code = null;
  } finally {
    limit.end();
  }
  const followed = await world.ends.add(() => deal(world, run, started, code, limit.wasStopped()));
  stop.throwIfAborted();
  if (followed === undefined) throw new Error('a queue gave nothing back');
  return followed;
}

async function deal(
  world: RunWorld,
  { job, run }: JobRun,
  { id, startedMs, timeoutMs }: Extract<Begun, { readonly kind: 'started' }>,
  code: number | null,
  wasStopped: boolean,
): Promise<Followed> {
  const { outage, stop, engine, clock } = world;
  const details = code === null ? null : await outage.outlast(stop, () => engine.inspectContainer(id));
  const fromMs = Date.parse(details?.startedAt ?? '') || startedMs;
  const endedMs = Date.parse(details?.endedAt ?? '') || clock.wallMs();
  const tookMs = Math.max(0, endedMs - fromMs);
  const log = details === null ? '' : await keepLog(world, { job, run }, id);
  const atMs = Math.floor(clock.wallMs());
  if (code === null || isTakenAway(code, details))
    return { log, end: { atMs, result: 'lost', exitCode: null, tookMs, why: REMOVED } };
  // Who was killed in between has stopped it as well.
  const isLate = timeoutMs !== null && (wasStopped || tookMs >= timeoutMs);
  const why = isLate ? `it was stopped after ${elapsed(timeoutMs)}` : null;
  const result = isLate ? 'timed-out' : code === 0 ? 'succeeded' : 'failed';
  return { log, end: { atMs, result, exitCode: code, tookMs, why } };
}

/**
 * Whether it has ended because somebody removes it (`docker rm -f`): the engine says that it is being removed before it kills it, and
 * nobody but that kill gives this code. Whoever removes one that is over takes nothing from it but its output.
 */
function isTakenAway(code: number, details: ContainerDetails | null): boolean {
  if (code !== KILLED) return false;
  return details === null || details.state === 'removing' || details.state === 'dead';
}

async function keepLog(
  { outage, stop, engine, store, note }: RunWorld,
  { job, run }: { readonly job: string; readonly run: number },
  id: string,
): Promise<string> {
  const read = () => engine.logs(id, { tail: null, follow: false, timestamps: false });
  try {
    return await outage.outlast(stop, () => store.keepLog(job, run, read()));
  } catch (error) {
    stop.throwIfAborted();
    note(`${job} ${run}: its log cannot be kept: ${wordsOf(error)}`);
    return '';
  }
}

/** Stops a run when its time is over. */
function limitRun(
  { clock, stop, outage, engine, note }: RunWorld,
  { id, startedMs, timeoutMs }: Extract<Begun, { readonly kind: 'started' }>,
): { readonly end: () => void; readonly wasStopped: () => boolean } {
  const over = new AbortController();
  let wasStopped = false;
  const watch = async (limitMs: number): Promise<void> => {
    let leftMs = limitMs - Math.max(0, clock.wallMs() - startedMs);
    // A timer takes no more than 24 days.
    for (; leftMs > LONGEST_SLEEP_MS; leftMs -= LONGEST_SLEEP_MS) {
      await clock.sleep(LONGEST_SLEEP_MS, over.signal);
    }
    await clock.sleep(leftMs, over.signal);
    // Until it has ended: a stop that the engine fails leaves it running.
    for (;;) {
      try {
        const hasRun = await outage.outlast(stop, () => engine.stopContainer(id, null));
        wasStopped ||= hasRun;
        return;
      } catch (error) {
        if (over.signal.aborted || stop.aborted) return;
        note(`a run cannot be stopped, which is tried again: ${wordsOf(error)}`);
        await clock.sleep(STOP_AGAIN_MS, over.signal);
      }
    }
  };
  // It rejects where there is nothing left to be stopped.
  if (timeoutMs !== null) watch(timeoutMs).catch(() => undefined);
  return { end: () => over.abort(), wasStopped: () => wasStopped };
}
