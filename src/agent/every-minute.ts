const MINUTE_MS = 60_000;

/** How long at most it takes to see that somebody has set the clock. */
const LOOK_MS = 15_000;

/**
 * Ticks at the begin of each minute by the clock that people see, whatever is done to that clock. Not by node-cron, which loads the
 * time zones for it: 6 MB, all day, of an agent that need not have a job in one.
 */
export function everyMinute(tick: () => void): void {
  let minute = Math.floor(Date.now() / MINUTE_MS);
  const rest = (): void => {
    // One that is over too soon, as timers are by a millisecond, rests once more.
    setTimeout(look, Math.min(LOOK_MS, MINUTE_MS - (Date.now() % MINUTE_MS)));
  };
  const look = (): void => {
    const now = Math.floor(Date.now() / MINUTE_MS);
    const isOther = now !== minute;
    minute = now;
    rest();
    if (isOther) tick();
  };
  rest();
}
