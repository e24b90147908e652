import type PQueue from 'p-queue';

import type { JobKey } from '../../compiler/cron/job.ts';
import type { Engine } from '../engine.ts';
import type { JobClock } from './job-clock.ts';
import type { Outage } from './outage.ts';
import type { CronStore } from './store.ts';
import type { JobTemplate } from './templates.ts';

/** What runs of jobs need of an engine. */
export type JobEngine = Pick<
  Engine,
  | 'listContainers'
  | 'inspectContainer'
  | 'findContainer'
  | 'cloneContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'waitContainer'
  | 'removeContainer'
  | 'logs'
  | 'fetchFile'
  | 'putFiles'
>;

/** What the runs of a stack's jobs are carried out with. */
export interface RunWorld {
  readonly stack: string;
  readonly engine: JobEngine;
  readonly clock: JobClock;
  readonly store: CronStore;
  readonly outage: Outage;
  /** The agent ends: runs are left as they are. */
  readonly stop: AbortSignal;
  /** Where containers are created and started, oldest due first. */
  readonly starts: PQueue;
  /** Where the end of runs is dealt with. */
  readonly ends: PQueue;
  readonly templateOf: (job: JobKey) => JobTemplate | undefined;
  /** Lists the templates again. */
  readonly look: () => Promise<void>;
  /** A line for people; never a secret. */
  readonly note: (line: string) => void;
}
