import fc from 'fast-check';
import { expect, test } from 'vitest';

import { journalLine, readJournal } from '../../../src/compiler/journal/lines.ts';
import { timesOf } from '../../../src/compiler/journal/times.ts';
import { checksum } from '../../../src/compiler/journal/checksum.ts';
import { DRAIN, GATE, START, STOP } from '../journal/records.ts';
import { inTime, runs } from './runs.ts';

const LINES = [START, GATE, DRAIN, STOP].map(journalLine);
const TEXT = `${LINES.join('\n')}\n`;

const read = (text: string) =>
  inTime(() => {
    const records = readJournal(text);
    timesOf(records);
    return records;
  });

test('damaged anywhere, it gives the lines that are whole', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: TEXT.length - 1 }),
      fc.nat({ max: 300 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      (at, length, put) => {
        const damaged = TEXT.slice(0, at) + put + TEXT.slice(at + length);
        const whole = damaged.split('\n').filter((line) => LINES.includes(line)).length;
        expect(read(damaged)).toHaveLength(whole);
      },
    ),
    runs(1_000),
  );
}, 3_600_000);

test('whatever another program or version has written with the right sum, it is read or passed over', () => {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      1.5,
      1e308,
      '',
      '9999-99-99',
      '+275760-09-13T00:00:00.001Z',
      [],
      {},
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const changed = fc
    .tuple(
      fc.constantFrom(START, GATE, DRAIN, STOP),
      fc.dictionary(
        fc.constantFrom(
          'v',
          'type',
          'at',
          'took_ms',
          'told',
          'op',
          'container',
          'instance',
          'generation',
          'result',
          'apply',
          '__proto__',
        ),
        odd,
      ),
    )
    .map(([record, fields]) => {
      const written: object = JSON.parse(journalLine(record).replace(/,"sum":"[^"]*"\}$/, '}'));
      const body = JSON.stringify({ ...written, ...fields });
      return `${body.slice(0, -1)},"sum":"${checksum(body)}"}`;
    });
  fc.assert(
    fc.property(fc.array(changed, { maxLength: 5 }), (lines) => {
      const records = read([...LINES, ...lines].join('\n'));
      expect(records.length).toBeGreaterThanOrEqual(LINES.length);
      for (const { atMs, tookMs } of records) expect([atMs, tookMs].every(Number.isFinite)).toBe(true);
    }),
    runs(1_000),
  );
}, 3_600_000);
