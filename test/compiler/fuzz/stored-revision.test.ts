import fc from 'fast-check';
import { expect, test } from 'vitest';

import {
  decodeStoredRevision,
  encodeStoredRevision,
  type StoredRevision,
} from '../../../src/compiler/revision/stored-revision.ts';
import { inTime, runs } from './runs.ts';

const STORED: StoredRevision = {
  content: {
    stack: 'shop',
    source: '{"deploy": {}}',
    images: {
      'app:1': {
        id: `sha256:${'a'.repeat(64)}`,
        digests: [],
        config: {
          entrypoint: [],
          command: ['x'],
          env: [],
          stopSignal: null,
          healthcheck: false,
          exposedPorts: [],
        },
      },
      'app:2': { id: null, digests: [`app@sha256:${'b'.repeat(64)}`], config: null },
    },
    env: { HOME: '/root' },
    secrets: { KEY: 'word' },
    host: { name: 'here', publicIp: null, logDriver: 'json-file' },
    files: { 'app.conf': 'Zm9v' },
  },
  selection: { include: ['jobs'], force: [], only: [], allowRemoveAll: false, migrations: true },
};
const TEXT = encodeStoredRevision(STORED);

test('what was written is read', () => {
  expect(decodeStoredRevision(TEXT)).toEqual(STORED);
});

test('damaged anywhere, it is a revision or says why it is none', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: TEXT.length - 1 }),
      fc.nat({ max: 300 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
      (at, length, put) => {
        const found = inTime(() => decodeStoredRevision(TEXT.slice(0, at) + put + TEXT.slice(at + length)));
        expect('content' in found || found.reason !== '').toBe(true);
      },
    ),
    runs(1_000),
  );
}, 3_600_000);

test('of any other shape, it says so', () => {
  const keys = fc.constantFrom(
    'content',
    'selection',
    'images',
    'env',
    'secrets',
    'files',
    'host',
    'source',
    'id',
    'config',
  );
  fc.assert(
    fc.property(keys, fc.jsonValue({ maxDepth: 2 }), (key, value) => {
      const broken = JSON.parse(TEXT, (name, member: unknown) => (name === key ? value : member));
      const found = inTime(() => decodeStoredRevision(JSON.stringify(broken)));
      expect('content' in found || found.reason !== '').toBe(true);
    }),
    runs(1_000),
  );
}, 3_600_000);
