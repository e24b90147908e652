import { uptime } from 'node:os';

import { systemClock, type Clock } from '../clock.ts';

/** Time as the scheduler of jobs sees it: what people read off a clock decides when a job is due, and can be set. */
export interface JobClock extends Clock {
  /** Milliseconds since the epoch, by the clock that people see. */
  wallMs(): number;
  /** Milliseconds of a clock that nobody sets and that goes on while the machine sleeps. */
  upMs(): number;
}

/** The machine's own. */
export const systemJobClock: JobClock = {
  ...systemClock,
  wallMs: () => Date.now(),
  upMs: () => uptime() * 1000,
};
