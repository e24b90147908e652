import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { cronLine, readCronRecords } from '../../../src/compiler/cron/lines.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { openLine, sealLine } from '../../../src/compiler/journal/sealed-line.ts';
import { anyRecord, SPEC } from './cron-records.ts';

const BEGUN: CronRecord = {
  type: 'begun',
  job: 'shop/backup',
  atMs: 1_000,
  run: 7,
  dueMs: 0,
  by: null,
  image: 'sha256:1',
};

test('a line is JSON with a checksum at its end', () => {
  expect(cronLine(BEGUN)).toMatch(
    /^\{"v":1,"type":"begun","at":"1970-01-01T00:00:01.000Z","job":"shop\/backup","run":7,"due":"1970-01-01T00:00:00.000Z","by":null,"image":"sha256:1","sum":"[0-9a-f]{8}"\}$/,
  );
});

test('what was written is read, and a torn last line is passed over', () => {
  fc.assert(
    fc.property(fc.array(anyRecord), anyRecord, fc.nat(), (records, last, at) => {
      const text = records.map((record) => `${cronLine(record)}\n`).join('');
      expect(readCronRecords(text)).toEqual(records);
      const line = cronLine(last);
      expect(readCronRecords(text + line.slice(0, at % line.length))).toEqual(records);
    }),
  );
});

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e308, '', 'Z', '2026-01-01', [], {}, [null]),
  fc.jsonValue(),
);

test('whatever stands in a field of a line with the right sum, it is read or passed over', () => {
  fc.assert(
    fc.property(anyRecord, fc.nat(), odd, (record, which, value) => {
      const fields: unknown = openLine(cronLine(record));
      const keys = Object.keys(fields as object);
      const line = sealLine({ ...(fields as object), [keys[which % keys.length] ?? '']: value });
      // What is read is whole: it can be written, and comes to the same again.
      const read = readCronRecords(line);
      expect(readCronRecords(read.map(cronLine).join('\n'))).toEqual(read);
    }),
    { numRuns: 1_000 },
  );
});

describe('a job is passed over', () => {
  const line = (spec: object) =>
    sealLine({ v: 1, type: 'scheduled', at: '2026-01-01T00:00:00.000Z', job: 'shop/backup', spec });
  test('not as it is', () => {
    expect(readCronRecords(line(SPEC))).toMatchObject([{ spec: SPEC }]);
  });
  test.each<[string, object]>([
    ['of another version', { version: 2 }],
    ['with no line', { schedule: [] }],
    ['with a line of six fields', { schedule: ['0 0 0 * * *'] }],
    ['with an hour that is none', { schedule: ['0 24 * * *'] }],
    ['in a zone that is none', { timezone: 'Europe/Rom' }],
    ['with another overlap', { overlap: 'perhaps' }],
    ['with a negative timeout', { timeoutMs: -1 }],
    ['with no word on catching up', { catchUp: null }],
    ['with jitter in words', { jitterMs: '5s' }],
  ])('%s', (_, change) => {
    expect(readCronRecords(line({ ...SPEC, ...change }))).toEqual([]);
  });
});
