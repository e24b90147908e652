import type { DocumentNode } from '../../source/document.ts';
import type { NotificationsSpec } from '../container-spec.ts';
import { plainText, type Template } from '../template.ts';
import { readEntries } from './environment.ts';
import type { Reader } from './reader.ts';

/** Headers that say how a message is sent, or sign it. */
const OURS =
  /^(?:webhook-.*|content-(?:type|length)|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|host)$/i;

/** Reads `notifications`: who is told what came of a deploy. */
export function readNotifications(node: DocumentNode | undefined, reader: Reader): NotificationsSpec {
  const fields = reader.fields(node);
  return {
    rollbar: readRollbar(fields.get('rollbar')?.value, reader),
    webhook: readWebhook(fields.get('webhook')?.value, reader),
    slack: readSlack(fields.get('slack')?.value, reader),
  };
}

function readRollbar(node: DocumentNode | undefined, reader: Reader): NotificationsSpec['rollbar'] {
  const fields = reader.fields(node);
  const field = fields.get('access_token');
  const token = hidden(field?.value, reader);
  if (field === undefined || token === null) return null;
  if (plainText(token) === '') {
    reader.problems.warn('STK352', 'the Rollbar token is empty: nobody is notified', field.value.range, {
      help: 'write a token, or take `notifications.rollbar` out',
    });
    return null;
  }
  return {
    token,
    envVar: reader.text(fields.get('env_var')?.value)?.text ?? null,
    revVar: reader.text(fields.get('rev_var')?.value)?.text ?? null,
    url: hidden(fields.get('url')?.value, reader),
  };
}

function readWebhook(node: DocumentNode | undefined, reader: Reader): NotificationsSpec['webhook'] {
  if (node === undefined) return null;
  if (node.kind !== 'object') {
    const url = hidden(node, reader);
    return url === null ? null : { url, secret: null, headers: [] };
  }
  const fields = reader.fields(node);
  const url = hidden(fields.get('url')?.value, reader);
  const secret = hidden(fields.get('secret')?.value, reader);
  const headers = readEntries(fields.get('headers')?.value, 'hidden', reader);
  for (const { name, range } of headers) {
    if (OURS.test(name))
      reader.problems.error('STK332', `the header \`${name}\` is stackc's own`, range, {
        help: 'leave it out',
      });
    else if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
      reader.problems.error('STK332', `\`${name}\` cannot be the name of a header`, range, {
        help: 'letters, digits and `-`',
      });
  }
  return url === null ? null : { url, secret, headers };
}

function readSlack(node: DocumentNode | undefined, reader: Reader): NotificationsSpec['slack'] {
  if (node === undefined) return null;
  if (node.kind !== 'object') {
    const url = hidden(node, reader);
    return url === null ? null : { url, channel: null };
  }
  const fields = reader.fields(node);
  const url = hidden(fields.get('url')?.value, reader);
  const channel = hidden(fields.get('channel')?.value, reader);
  return url === null ? null : { url, channel };
}

/** Known to stackc alone, and never written anywhere: secrets are welcome. */
function hidden(node: DocumentNode | undefined, reader: Reader): Template | null {
  return reader.template(node, 'hidden');
}
