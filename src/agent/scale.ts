import { rm } from 'node:fs/promises';

import { JOURNAL_FOLDER } from '../compiler/plan/agent-spec.ts';
import { SCALE_FILE } from '../compiler/scale/places.ts';
import { systemJobClock } from '../runtime/cron/job-clock.ts';
import type { ScaleReport } from '../compiler/scale/report.ts';
import type { Engine } from '../runtime/engine.ts';
import { scaleAlong } from '../runtime/scale/scaler.ts';
import { ownCommand } from './own-command.ts';
import { redisLength } from './redis.ts';
import { haproxyStats } from './runtime-socket.ts';
import { writeBeside } from './write-beside.ts';

/** For whom it is scaled. */
interface Scaled {
  readonly stack: string;
  readonly engine: Engine;
  /** The engine's, as this container has it. */
  readonly socket: string;
  /** The folder of the journal. */
  readonly journal: string;
  /** Whoever else is told what was seen; null: nothing is scaled. */
  readonly onReport: (report: ScaleReport | null) => void;
  readonly note: (line: string) => void;
  readonly fail: (why: string) => void;
  readonly stop: AbortSignal;
}

/** Scales what the stack file says, by the program of this image, until it is stopped. */
export function scale({ stack, engine, socket, journal, onReport, note, fail, stop }: Scaled): Promise<void> {
  const path = `${journal}${SCALE_FILE.slice(JOURNAL_FOLDER.length)}`;
  return scaleAlong({
    stack,
    engine,
    clock: systemJobClock,
    run: ownCommand('scale', { stack, socket, stop, fail }),
    haproxyStats,
    redisLength,
    keep: async (report) => {
      onReport(report);
      if (report === null) return rm(path, { force: true });
      writeBeside(path, report);
    },
    note,
    stop,
  });
}
