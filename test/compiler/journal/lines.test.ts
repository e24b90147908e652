import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { checksum } from '../../../src/compiler/journal/checksum.ts';
import { journalLine, readJournal } from '../../../src/compiler/journal/lines.ts';
import { DRAIN, GATE, START, STOP } from './records.ts';

const RECORDS = [START, GATE, DRAIN, STOP];
const TEXT = RECORDS.map((record) => `${journalLine(record)}\n`).join('');

/** A line with the right sum over whatever it says. */
function signed(body: string): string {
  return `${body.slice(0, -1)},"sum":"${checksum(body)}"}`;
}

test('a line is JSON with a checksum at its end', () => {
  expect(journalLine(STOP)).toBe(
    '{"v":1,"type":"operation","at":"1970-01-01T00:00:04.000Z","took_ms":412,"apply":"a1","node":"shop/app0 start 2","op":"container.stop","container":"shop/app","instance":"app0","generation":1,"result":"done","told":{"kind":"stop","forced":false,"made":"a1b2c3","limit_ms":30000},"failure":null,"sum":"ab7afe23"}',
  );
});

test('the sum is that of zip', () => {
  expect(checksum('123456789')).toBe('cbf43926');
});

test('what was written is read', () => {
  expect(readJournal(TEXT)).toEqual(RECORDS);
});

test('a torn last line is passed over, wherever it was torn', () => {
  const last = journalLine(STOP);
  for (let length = 0; length < last.length; length++)
    expect(readJournal(TEXT + last.slice(0, length))).toEqual(RECORDS);
});

test('what follows a torn line is read', () => {
  const torn = journalLine(GATE).slice(0, 40);
  expect(readJournal(`${torn}\n${TEXT}`)).toEqual(RECORDS);
});

describe('a line is passed over', () => {
  const body = journalLine(START).replace(/,"sum":.*/, '}');
  test.each<[string, string]>([
    ['with a byte changed', journalLine(START).replace('"took_ms":300', '"took_ms":301')],
    ['without a sum', body],
    ['of another version', signed(body.replace('"v":1', '"v":2'))],
    ['of another type', signed(body.replace('"operation"', '"apply"'))],
    ['without an operation', signed(body.replace('"op":"container.start"', '"op":5'))],
    ['with a strange time', signed(body.replace('1970-01-01', 'then'))],
    ['with a strange result', signed(body.replace('"done"', '"perhaps"'))],
    ['that is no object', signed('[1}')],
    ['with a negative length', signed(body.replace('"took_ms":300', '"took_ms":-1'))],
  ])('%s', (_, line) => {
    expect(readJournal(`${line}\n${journalLine(GATE)}\n`)).toEqual([GATE]);
  });
});

test('no text makes it throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(readJournal(text)).toEqual([]);
    }),
  );
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(() => readJournal(`${TEXT}${signed(text.endsWith('}') ? text : `{${text}}`)}`)).not.toThrow();
    }),
  );
});
