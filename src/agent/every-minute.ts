import { schedule, type ScheduledTask } from 'node-cron';

/** A tick that comes so much before its minute waits for it: timers are that inexact. */
const EARLY_MS = 1000;
const MINUTE_MS = 60_000;

/** Without a tick for so long, the timer stands still: somebody has set the clock back. */
const SILENT_MS = 75_000;
const LOOK_MS = 15_000;

/** Ticks at the begin of each minute by the clock that people see, whatever is done to that clock. */
export function everyMinute(tick: () => void): void {
  let tickedAt = performance.now();
  const act = (): void => {
    tickedAt = performance.now();
    const leftMs = MINUTE_MS - (Date.now() % MINUTE_MS);
    if (leftMs <= EARLY_MS) setTimeout(tick, leftMs);
    else tick();
  };
  const start = (): ScheduledTask => schedule('* * * * *', act, { suppressMissedWarning: true });
  let task = start();
  setInterval(() => {
    if (performance.now() - tickedAt < SILENT_MS) return;
    void task.destroy();
    task = start();
    act();
  }, LOOK_MS);
}
