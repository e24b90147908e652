import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { HealRoster } from '../compiler/heal/roster.ts';
import { SERVED_FILE, type ServedPlace, type ServedPlaces } from '../compiler/metrics/served-places.ts';
import { METRICS_FOLDER } from '../compiler/plan/agent-spec.ts';
import type { ScaleReport } from '../compiler/scale/report.ts';
import type { JobClock } from '../runtime/cron/job-clock.ts';
import type { JobNow } from '../runtime/cron/job-now.ts';
import type { Engine } from '../runtime/engine.ts';
import type { MetricsPlaces } from './serve-metrics.ts';
import { systemError } from './system-error.ts';
import { writeBeside } from './write-beside.ts';

/** What metrics are told of. */
export interface Measured {
  readonly stack: string;
  readonly engine: Pick<Engine, 'listContainers' | 'watchChanges'>;
  /** The folder with the stack's journal. */
  readonly folder: string;
  readonly clock: JobClock;
  readonly jobs: () => readonly JobNow[];
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
}

/** What others of the agent know. */
interface ToldOf {
  readonly onRoster: (roster: HealRoster | null) => void;
  readonly onReport: (report: ScaleReport | null) => void;
}

const NOBODY: ToldOf = { onRoster: () => undefined, onReport: () => undefined };

/**
 * Serves metrics where the environment says so (`metricsEnv`), and loads what that takes only then. Gives whom to tell what
 * should run, and what is scaled. Never rejects: jobs and healing do not depend on being seen.
 */
export async function startMetrics(measured: Measured): Promise<ToldOf> {
  const { STACKC_METRICS_SOCKET: socket, STACKC_METRICS_LISTEN: listen, STACKC_METRICS_AT: at } = process.env;
  if (!socket && !listen) return NOBODY;
  const [host = '', port] = listen?.split(':') ?? [];
  try {
    return await serve(measured, {
      socket: socket ? { path: join(METRICS_FOLDER, basename(socket)), shown: socket } : null,
      listen: listen ? { host, port: Number(port), shown: at ?? listen } : null,
    });
  } catch (error) {
    measured.note(`no metrics are served: ${systemError(error)}`);
    return NOBODY;
  }
}

async function serve(measured: Measured, places: Pick<MetricsPlaces, 'socket' | 'listen'>): Promise<ToldOf> {
  const [{ Scraper }, { serveMetrics }] = await Promise.all([
    import('../runtime/metrics/scrape.ts'),
    import('./serve-metrics.ts'),
  ]);
  const scraper = await Scraper.begin({
    ...measured,
    version: process.env['STACKC_VERSION'] ?? 'unknown',
    process: () => {
      const { user, system } = process.cpuUsage();
      const [residentBytes, startS] = [process.memoryUsage.rss(), performance.timeOrigin / 1000];
      return { cpuS: (user + system) / 1e6, residentBytes, startS };
    },
  });
  const { note, stop } = measured;
  const { contentType } = scraper;
  const onPlace = keepPlaces(measured);
  serveMetrics({ ...places, text: () => scraper.text(), contentType, onPlace, note, stop });
  return {
    onRoster: (roster) => scraper.takeRoster(roster),
    onReport: (report) => scraper.takeScale(report),
  };
}

/** Keeps what became of each place, for `stack status`; of what an agent before this one has kept nothing holds any more. */
function keepPlaces({ folder, note }: Pick<Measured, 'folder' | 'note'>): MetricsPlaces['onPlace'] {
  const path = join(folder, basename(SERVED_FILE));
  const known = new Map<string, ServedPlace>();
  const tried = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      note(`where metrics are served cannot be written down: ${systemError(error)}`);
    }
  };
  tried(() => rmSync(path, { force: true }));
  return (place) => {
    known.set(place.at, place);
    const kept: ServedPlaces = { version: 1, places: [...known.values()] };
    tried(() => writeBeside(path, kept));
  };
}
