import { miscounted, startLoad, type LoadResult } from '../load.ts';
import type { CrashScene } from './scene.ts';
import { textOf } from './volumes.ts';

/** What became of the requests of one case. */
export interface Traffic {
  readonly sent: number;
  readonly failures: Readonly<Record<string, number>>;
  /** Answered POSTs that were not counted exactly once. */
  readonly miscounted: readonly string[];
  /** Some client was served at the end. */
  readonly isServed: boolean;
}

/** Clients that connect anew, that keep their connections, and that ask for what takes longer than a drain looks. */
const KINDS = [
  { concurrency: 4, keepAlive: false },
  { concurrency: 3, keepAlive: true },
  { concurrency: 1, keepAlive: false, paths: ['/slow/0.7'] },
] as const;
const PAUSE_MS = 80;
/** After the end, for what comes late. */
const AFTERWARDS_MS = 300;

let runs = 0;

/** Clients that never retry, from now until they are told to stop. */
export function startTraffic(scene: CrashScene): { stop(): Promise<Traffic> } {
  runs += 1;
  const loads = KINDS.map((kind, index) =>
    startLoad(
      {
        url: scene.url,
        pauseMs: PAUSE_MS,
        paths: ['/ping', '/count/'],
        prefix: `${process.pid}-${runs}-${index}-`,
        ...kind,
      },
      scene.engine.entering,
    ),
  );
  return {
    stop: async () => {
      await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
      const results = await Promise.all(loads.map((load) => load.stop()));
      const ids = textOf(`${scene.engine.filesOf(scene.volume('counted-var-counted'))}/ids`).split('\n');
      return {
        sent: results.reduce((sum, { sent }) => sum + sent, 0),
        failures: added(results),
        miscounted: miscounted(results, ids),
        isServed: results.every(
          ({ failed, sinceBad }) => failed === 0 || (sinceBad ?? 0) >= AFTERWARDS_MS / 2,
        ),
      };
    },
  };
}

function added(results: readonly LoadResult[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { failures } of results)
    for (const [what, count] of Object.entries(failures)) sums[what] = (sums[what] ?? 0) + count;
  return sums;
}
