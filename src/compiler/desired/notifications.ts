import type { ContainerSpec, NotificationsSpec } from '../spec/container-spec.ts';
import { parsed, unparsed, type Parsed } from '../spec/values/parsed.ts';
import { placeRange } from '../spec/text-place.ts';
import type { Template } from '../spec/template.ts';
import type { Notification } from './desired-state.ts';
import type { Resolution } from './resolution.ts';

/** https://docs.rollbar.com/reference/post-deploy */
const ROLLBAR_DEPLOYS = 'https://api.rollbar.com/api/1/deploy';

/** Who is told of something about a container. What cannot be known yet, as in a rehearsal, is left out. */
export function notificationsOf(
  { application, name }: Pick<ContainerSpec, 'application' | 'name'>,
  notifications: NotificationsSpec,
  { expander, problems }: Resolution,
): readonly Notification[] {
  const scope = { application, container: name, index: null };
  const text = (template: Template | null) => (template === null ? null : expander.expand(template, scope));
  const address = (template: Template) => expander.parse(template, scope, 'STK332', parseAddress);
  const { rollbar, webhook, slack } = notifications;
  const all: Notification[] = [];
  if (rollbar !== null) {
    const token = text(rollbar.token);
    const url = rollbar.url === null ? ROLLBAR_DEPLOYS : address(rollbar.url);
    if (token === '') {
      const { place } = rollbar.token;
      problems.warn('STK352', 'the Rollbar token is empty: nobody is notified', placeRange(place, 0, 0), {
        help: 'give it a value, or take `notifications.rollbar` out',
      });
    } else if (token !== null && url !== null) {
      const { envVar, revVar } = rollbar;
      all.push({ kind: 'rollbar', url, token, envVar, revVar });
    }
  }
  if (webhook !== null) {
    const url = address(webhook.url);
    const secret =
      webhook.secret === null ? null : expander.parse(webhook.secret, scope, 'STK332', parseSecret);
    const headers = webhook.headers.flatMap(({ name: header, value }) => {
      const words = expander.parse(value, scope, 'STK332', parseHeader);
      return words === null ? [] : [[header, words] as const];
    });
    const isWhole = headers.length === webhook.headers.length && (webhook.secret === null || secret !== null);
    if (url !== null && isWhole) all.push({ kind: 'webhook', url, secret, headers });
  }
  if (slack !== null) {
    const url = address(slack.url);
    if (url !== null) all.push({ kind: 'slack', url, channel: text(slack.channel) });
  }
  return all;
}

/** An address that can be asked. The text itself may be a secret, so that the problem never repeats it. */
export function parseAddress(text: string): Parsed<string> {
  const isOne = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
  if (!isOne) return unparsed('this is no address', 0, text.length, 'write an `http://` or `https://` URL');
  const { username, password } = new URL(text);
  // `fetch` sends none of them.
  return username === '' && password === ''
    ? parsed(text)
    : unparsed('an address with a user in it', 0, text.length, 'send it as a header: `Authorization`');
}

/** As Standard Webhooks has them: other ones no library of it would verify. */
function parseSecret(text: string): Parsed<string> {
  const [, key = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const { length } = Buffer.from(key, 'base64');
  return length >= 24 && length <= 64
    ? parsed(text)
    : unparsed(
        'this is no secret of Standard Webhooks',
        0,
        Math.max(text.length, 1),
        '`whsec_` and 24 to 64 bytes in base64: `echo whsec_$(openssl rand -base64 32)`',
      );
}

function parseHeader(text: string): Parsed<string> {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text)
    ? parsed(text)
    : unparsed('this cannot be a header', 0, text.length, 'one line, in Latin-1');
}
