import type { Range } from '../../span.ts';
import type { Fields, Reader } from './reader.ts';

/** Keys that the schema knows and that a later version will do. Nothing is ever ignored, so they are errors. */
const LATER = {
  stack: ['hosts', 'waves', 'target', 'balancer', 'route'],
  application: ['on', 'waves', 'target', 'balancer', 'route'],
  container: ['on', 'waves', 'target', 'route'],
} as const;

/** Reports the keys of an object that are not supported yet. */
export function reportLaterKeys(fields: Fields, where: keyof typeof LATER, reader: Reader): void {
  for (const key of LATER[where]) {
    const field = fields.get(key);
    if (field !== undefined) notSupportedYet(key, field.keyRange, reader);
  }
}

/** `STK301` for one key. */
export function notSupportedYet(key: string, range: Range, reader: Reader): void {
  reader.problems.error('STK301', `\`${key}\` is not supported yet`, range, {
    help: 'take it out, or name it `x-…` to keep it as a note',
  });
}
