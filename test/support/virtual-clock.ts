import type { Clock } from '../../src/runtime/clock.ts';

/** A clock that stands still while there is work to do, and jumps to the next sleeper when all wait. */
export interface VirtualClock extends Clock {
  /** Lets time pass until the work is done. Fails when it waits for something that no time will bring. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** Turns of the event loop without anything happening before all are taken to wait. */
const QUIET_TURNS = 3;

/** Starts at 0. Nothing really sleeps. */
export function virtualClock(): VirtualClock {
  let now = 0;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const sleeper = {
        at: now + Math.max(0, ms),
        wake: (): void => {
          signal?.removeEventListener('abort', stop);
          resolve();
        },
      };
      const stop = (): void => {
        sleepers.splice(sleepers.indexOf(sleeper), 1);
        reject(signal?.reason);
      };
      sleepers.push(sleeper);
      signal?.addEventListener('abort', stop, { once: true });
    });

  const run = async <T>(work: Promise<T>): Promise<T> => {
    const state = { done: false };
    const finish = (): void => {
      state.done = true;
    };
    work.then(finish, finish);
    for (;;) {
      for (let turn = 0; turn < QUIET_TURNS && !state.done; turn += 1) await new Promise(setImmediate);
      if (state.done) return work;
      sleepers.sort((a, b) => a.at - b.at);
      const next = sleepers.shift();
      if (next === undefined)
        throw new Error(`at ${now} ms the work waits for something that no time brings`);
      now = next.at;
      next.wake();
    }
  };

  return { now: () => now, sleep, run };
}
