import { createHmac, randomUUID } from 'node:crypto';

import type { Notification } from '../../compiler/desired/desired-state.ts';
import { unreachable } from '../../compiler/unreachable.ts';

/** What is told of a container's deploy. The webhook gets it as it is. */
export interface Told {
  readonly event: 'success' | 'failure' | 'rollback';
  readonly stack: string;
  readonly application: string;
  readonly container: string;
  readonly instances: readonly string[];
  /** `apply`, `rollback`, … */
  readonly command: string;
  /** Of the stack; null: it is not written down. */
  readonly revision: number | null;
  readonly image: string;
  /** The beginning of the image's id; null: the image never came. */
  readonly release: string | null;
  /** Of the stack file. */
  readonly commit: string | null;
  readonly user: string;
  readonly host: string;
  /** ISO 8601. */
  readonly finished_at: string;
  readonly took_ms: number;
  readonly error: string | null;
}

/** A POST. */
export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a notification says; `variable` tells a variable of the container, null where it has none. */
export function messageOf(to: Notification, told: Told, variable: (name: string) => string | null): Message {
  switch (to.kind) {
    case 'rollbar':
      return json(to.url, rollbarDeploy(to, told, variable), { 'x-rollbar-access-token': to.token });
    case 'webhook':
      return webhookMessage(to, told);
    case 'slack':
      return slackMessage(to, sentence(told));
    default:
      return unreachable(to);
  }
}

/** A webhook's message, signed where it has a secret. */
export function webhookMessage(
  { url, headers, secret }: Extract<Notification, { kind: 'webhook' }>,
  told: object,
): Message {
  const message = json(url, told, Object.fromEntries(headers));
  return { ...message, headers: { ...message.headers, ...webhookHeaders(message.body, secret) } };
}

/** https://docs.slack.dev/messaging/formatting-message-text: three characters are escaped; `code` goes below, as it is. */
export function slackMessage(
  { url, channel }: Extract<Notification, { kind: 'slack' }>,
  text: string,
  code = '',
): Message {
  const escaped = (words: string) =>
    words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const block = code === '' ? '' : `\n\`\`\`${escaped(code)}\`\`\``;
  return json(url, { text: `${escaped(text)}${block}`, ...(channel === null ? {} : { channel }) });
}

/** A POST of a JSON body. */
export function json(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Message {
  return { url, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** https://docs.rollbar.com/reference/post-deploy: `environment` and `revision` are required. */
function rollbarDeploy(
  { envVar, revVar }: Extract<Notification, { kind: 'rollbar' }>,
  told: Told,
  variable: (name: string) => string | null,
) {
  // Set to nothing is as good as not set.
  const own = (name: string | null) => (name === null ? null : variable(name) || null);
  return {
    environment: own(envVar) ?? 'production',
    revision: own(revVar) ?? own('RELEASE_TAG') ?? told.release ?? told.image,
    local_username: told.user,
    comment: sentence(told),
    // A command that goes back and does has succeeded.
    status: told.error === null ? 'succeeded' : 'failed',
  };
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md; the same at each try. */
function webhookHeaders(body: string, secret: string | null): Readonly<Record<string, string>> {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const headers = { 'webhook-id': id, 'webhook-timestamp': timestamp };
  if (secret === null) return headers;
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { ...headers, 'webhook-signature': `v1,${signature}` };
}

const VERBS = { success: 'deployed', failure: 'not deployed', rollback: 'rolled back' } as const;

/** `shop/app deployed: shop:2, revision 41 of stack shop, by deploy on laptop, in 12 s`. */
function sentence(told: Told): string {
  const { event, stack, application, container, image, revision, user, host, took_ms: tookMs, error } = told;
  const what = revision === null ? `stack ${stack}` : `revision ${revision} of stack ${stack}`;
  const facts = [image, what, `by ${user} on ${host}`, `in ${Math.round(tookMs / 1000)} s`];
  return `${application}/${container} ${VERBS[event]}: ${facts.join(', ')}${error === null ? '' : `: ${error}`}`;
}
