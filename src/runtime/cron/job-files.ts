import { JOURNAL_FOLDER } from '../../compiler/plan/agent-spec.ts';
import type { JobKey } from '../../compiler/cron/job.ts';

/** The record of a stack's jobs, in the folder of its journal. */
export const CRON_FILE = 'cron.jsonl';

/** Where an agent sees it. */
export const CRON_PATH = `${JOURNAL_FOLDER}/${CRON_FILE}`;

/** The folder of the logs of a job's runs, in the folder of the stack's journal. */
export function jobLogFolder(job: JobKey): string {
  return `cron/${encodeURIComponent(job)}`;
}

/** The log of a run, in the folder of the stack's journal: what it has written, on both streams, in its order. */
export function runLogFile(job: JobKey, run: number): string {
  return `${jobLogFolder(job)}/${run}.log`;
}
