import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeSavedPlan, encodeSavedPlan, type SavedPlan } from '../../../src/cli/saved/saved-plan.ts';
import { inTime, runs } from './runs.ts';

const SAVED: SavedPlan = {
  made_at: '2026-01-01T00:00:00.000Z',
  engine: { id: 'MEMO:RY00', host: 'here' },
  stack: 'shop',
  file: { path: 'stack.json', sha256: 'a'.repeat(64) },
  files: { 'app.conf': 'b'.repeat(64) },
  selection: { name: null, include: ['jobs'], force: [], only: [], allow_remove_all: false },
  plan: {
    format_version: 1,
    changes: [{ id: 'shop/app0', action: 'replace', reasons: [{ field: 'image' }], judgement: null }],
    nodes: [{ id: 'shop/app0 create 2', after: [] }],
  },
};
const TEXT = encodeSavedPlan(SAVED);

const read = (text: string) => inTime(() => decodeSavedPlan(text));

test('damaged anywhere, it is what was saved or says why it is not', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: TEXT.length }),
      fc.nat({ max: 300 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      (at, length, put) => {
        const found = read(TEXT.slice(0, at) + put + TEXT.slice(at + length));
        if ('reason' in found) expect(found.reason).not.toBe('');
        else expect(found).toEqual(SAVED);
      },
    ),
    runs(1_000),
  );
}, 3_600_000);

test('of another version or any other shape, it says so', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(SAVED), 'stackc_plan', 'sum'),
      fc.jsonValue(),
      (key, value) => {
        const found = read(JSON.stringify({ ...JSON.parse(TEXT), [key]: value }));
        if ('reason' in found) expect(found.reason).not.toBe('');
        else expect(found).toEqual(SAVED);
      },
    ),
    runs(1_000),
  );
}, 3_600_000);

test.each([
  '',
  '{',
  'null',
  '[]',
  '"plan"',
  '{"stackc_plan":1}',
  `{"stackc_plan":1,"sum":"${'0'.repeat(64)}"}`,
])('%s is no plan', (text) => {
  expect(read(text)).toHaveProperty('reason');
});
