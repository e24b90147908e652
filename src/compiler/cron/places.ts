import { JOURNAL_FOLDER } from '../plan/agent-spec.ts';
import type { JobKey } from './job.ts';

/** The record of jobs, as agents see it. */
export const CRON_FILE = `${JOURNAL_FOLDER}/cron.jsonl`;

/** What a run has written, as agents see it. */
export function runLogFile(job: JobKey, run: number): string {
  return `${JOURNAL_FOLDER}/cron/${encodeURIComponent(job)}/${run}.log`;
}

/** In a template: whom its job tells what, in JSON. It is for the agent alone, and no run gets it. */
export const JOB_FILE = '/stackc-job.json';

/** Whether a file of a template is one that runs get. */
export function isOfRuns({ path }: { readonly path: string }): boolean {
  return path !== JOB_FILE;
}
