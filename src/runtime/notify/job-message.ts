import type { RunResult } from '../../compiler/cron/job.ts';
import type { Notification } from '../../compiler/desired/desired-state.ts';
import { shortId } from '../../compiler/short-id.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { elapsed } from '../elapsed.ts';
import { json, slackMessage, webhookMessage, type Message } from './message.ts';

/** What is told of a job's run that did not succeed. The webhook gets it as it is. */
export interface JobTold {
  readonly event: 'job-failure';
  readonly stack: string;
  readonly application: string;
  readonly container: string;
  readonly run: number;
  readonly result: RunResult;
  readonly exit_code: number | null;
  /** What went wrong besides an exit code. */
  readonly why: string | null;
  /** ISO 8601; null: somebody asked for it. */
  readonly due_at: string | null;
  readonly began_at: string;
  readonly finished_at: string;
  readonly took_ms: number;
  /** The image's id. */
  readonly image: string;
  /** The end of what it has written. */
  readonly log: string;
}

/** What a notification says of it; `variable` tells a variable of the container, null where it has none. */
export function jobMessage(
  to: Notification,
  told: JobTold,
  variable: (name: string) => string | null,
): Message {
  switch (to.kind) {
    case 'rollbar':
      return rollbarItem(to, told, variable);
    case 'webhook':
      return webhookMessage(to, told);
    case 'slack':
      return slackMessage(to, sentence(told), told.log);
    default:
      return unreachable(to);
  }
}

/** https://docs.rollbar.com/reference/create-item: beside where deploys are told; `environment` and `body` are required. */
function rollbarItem(
  { url, token, envVar, revVar }: Extract<Notification, { kind: 'rollbar' }>,
  told: JobTold,
  variable: (name: string) => string | null,
): Message {
  // Set to nothing is as good as not set.
  const own = (name: string | null) => (name === null ? null : variable(name) || null);
  const { log, ...facts } = told;
  const data = {
    environment: own(envVar) ?? 'production',
    level: 'error',
    timestamp: Math.floor(Date.parse(told.finished_at) / 1000),
    code_version: own(revVar) ?? own('RELEASE_TAG') ?? shortId(told.image),
    // One item for each job and result, however often it comes.
    fingerprint: `stackc ${told.stack} ${told.application}/${told.container} ${told.result}`,
    title: `${told.application}/${told.container}: ${told.result}`,
    body: { message: { body: sentence(told), log } },
    custom: facts,
  };
  return json(url.replace(/\/deploy\/?$/, '/item/'), { data }, { 'x-rollbar-access-token': token });
}

/** `shop/backup failed: run 17, exit code 2, due 2026-01-01T03:00:00.000Z, of stack shop, after 12 s`. */
function sentence(told: JobTold): string {
  const { stack, application, container, run, exit_code: code, why, due_at: due, took_ms: tookMs } = told;
  const facts = [
    `run ${run}`,
    ...(code === null ? [] : [`exit code ${code}`]),
    due === null ? 'asked for by hand' : `due ${due}`,
    `of stack ${stack}`,
    `after ${elapsed(tookMs)}`,
  ];
  return `${application}/${container} ${VERBS[told.result]}: ${facts.join(', ')}${why === null ? '' : `: ${why}`}`;
}

const VERBS: Readonly<Record<RunResult, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  'timed-out': 'took too long',
  'not-started': 'could not be started',
  lost: 'is lost',
};
