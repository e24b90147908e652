import type { DocumentNode } from '../../source/document.ts';
import { plainText } from '../template.ts';
import { notSupportedYet } from './later-keys.ts';
import type { Reader } from './reader.ts';

/** `notifications` are for a later version; a Rollbar entry with an empty token would send nothing anyway. */
export function readNotifications(node: DocumentNode | undefined, reader: Reader): void {
  for (const [kind, { keyRange, value }] of reader.fields(node)) {
    if (kind !== 'rollbar') {
      notSupportedYet(`notifications.${kind}`, keyRange, reader);
      continue;
    }
    const token = reader.fields(value).get('access_token');
    const text = reader.template(token?.value, 'hidden');
    if (token !== undefined && text !== null && plainText(text) === '') {
      reader.problems.warn('STK352', 'the Rollbar token is empty: nobody is notified', token.value.range, {
        help: 'write a token, or take `notifications.rollbar` out',
      });
    } else {
      notSupportedYet('notifications.rollbar', keyRange, reader);
    }
  }
}
