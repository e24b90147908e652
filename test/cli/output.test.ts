import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { columnsOf } from '../../src/cli/output.ts';

test.each<[boolean | undefined, number | undefined, number | null]>([
  [true, 120, 120],
  [true, 10, 40],
  [true, 0, 80],
  [true, undefined, 80],
  [false, 120, null],
  [undefined, undefined, null],
])('terminal %s of %s columns: %s', (isTTY, columns, expected) => {
  expect(columnsOf(Object.assign(new PassThrough(), { isTTY, columns }))).toBe(expected);
});
