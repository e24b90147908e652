import type { Range } from '../span.ts';
import type { Problems } from './problems.ts';

// With the `u` flag a surrogate only matches when its other half is missing.
const loneSurrogate = /[\u{d800}-\u{dfff}]/u;

/**
 * Refuses what no argument, variable or path can hold, even when it is written as an escape: NUL (`STK105`), and
 * half of a surrogate pair (`STK102`), which has no UTF-8.
 */
export function checkString(value: string, range: Range, problems: Problems): void {
  if (value.includes('\0')) {
    problems.add('STK105', 'the text holds a NUL character', range, { help: 'remove `\\u0000` or `\\0`' });
  }
  if (loneSurrogate.test(value)) {
    problems.add('STK102', 'the text holds half of a surrogate pair', range, {
      help: 'write both halves, such as `\\ud83d\\ude00`, or the character itself',
    });
  }
}
