import { durationWords } from '../duration-words.ts';
import { takesConnections } from '../facts.ts';
import { INSTANT } from '../gap-length.ts';
import { gracefulSignal } from '../server.ts';
import { gap, short, unproven, within, zeroDowntime, type Rule } from './rule.ts';

/** Workers: nobody connects to them, but a stop may cost a job. */
export const workerRules: readonly Rule[] = within(
  (facts) => !takesConnections(facts),
  [
    {
      id: 'worker-forced',
      applies: ({ lastStop }) => lastStop?.forced === true,
      verdict: () =>
        gap('its last stop had to be forced: the job it had was cut off', 'a longer `stop_timeout`', INSTANT),
    },
    {
      id: 'worker-killed',
      applies: ({ stop }) => stop.effect === 'kills' || stop.timeoutMs === 0,
      verdict: ({ stop, server }) =>
        stop.effect === 'kills'
          ? gap(
              `${short(stop.signal)} ends it at once: the job it has is cut off`,
              `\`stop_signal: ${gracefulSignal(server.kind) ?? 'TERM'}\``,
              INSTANT,
            )
          : gap('`stop_timeout: 0` kills it: the job it has is cut off', 'a longer `stop_timeout`', INSTANT),
    },
    {
      id: 'worker-shell',
      applies: ({ stop }) => stop.effect === 'ignored',
      verdict: ({ stop }) =>
        gap(
          `a shell runs it and passes no ${short(stop.signal)} on: it is killed when \`stop_timeout\` is over`,
          '`exec` before the program, in its command',
          INSTANT,
        ),
    },
    {
      id: 'worker-long-job',
      applies: ({ inFlightMs, stop }) => inFlightMs !== null && inFlightMs > stop.timeoutMs,
      verdict: ({ inFlightMs, stop }) =>
        gap(
          `jobs of ${durationWords(inFlightMs ?? 0)} are cut off after \`stop_timeout\`, ${durationWords(stop.timeoutMs)}`,
          `\`stop_timeout: ${Math.ceil((inFlightMs ?? 0) / 1000)}\``,
          INSTANT,
        ),
    },
    {
      // Sidekiq has a time limit of its own (`-t`, 25 s): what takes longer goes back to its queue and is run again.
      id: 'worker-puts-back',
      applies: ({ server, stop }) => server.kind === 'sidekiq' && stop.quietSignal === null,
      verdict: () =>
        unproven(
          'no job takes longer than Sidekiq waits for it (`-t`), or with `quiet_signal: TSTP` it is waited for',
        ),
    },
    {
      id: 'worker-quiet',
      applies: ({ stop }) => stop.quietSignal !== null,
      verdict: ({ stop, drainMs }) =>
        zeroDowntime(
          `serves no requests; takes no new jobs after ${short(stop.quietSignal)}, has ${durationWords(drainMs)} to finish those it has, then ${short(stop.signal)}`,
        ),
    },
    {
      id: 'worker',
      applies: () => true,
      verdict: ({ stop }) =>
        zeroDowntime(
          `serves no requests; ${short(stop.signal)} and ${durationWords(stop.timeoutMs)} to finish its job`,
        ),
    },
  ],
);
