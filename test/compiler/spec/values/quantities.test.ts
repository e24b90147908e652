import { expect, test } from 'vitest';
import { parseByteSize } from '../../../../src/compiler/spec/values/byte-size.ts';
import { parseDuration } from '../../../../src/compiler/spec/values/duration.ts';
import { parseStatus } from '../../../../src/compiler/spec/values/http-status.ts';
import { parseSignal } from '../../../../src/compiler/spec/values/signal.ts';
import { shortHash, slug } from '../../../../src/compiler/spec/values/slug.ts';
import { outcome } from './outcome.ts';

test.each([
  [10, 10_000],
  ['10', 10_000],
  [0.5, 500],
  [0, 0],
  ['500ms', 500],
  ['10s', 10_000],
  ['2m', 120_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['24h', 86_400_000],
  ['25h', '«25h»: `25h` is longer than a day'],
  ['10 s', '«10 s»: `10 s` is not a duration'],
  ['-1', '«-1»: `-1` is not a duration'],
  ['1d', '«1d»: `1d` is not a duration'],
  ['', '«»: `` is not a duration'],
  ['1e3', '«1e3»: `1e3` is not a duration'],
])('the duration %j', (text, expected) => {
  expect(outcome(String(text), parseDuration(text))).toEqual(expected);
});

test.each([
  [1024, 1024],
  ['64b', 64],
  ['1k', 1024],
  ['512m', 536_870_912],
  ['512M', 536_870_912],
  ['512MB', 536_870_912],
  ['512MiB', 536_870_912],
  ['1.5g', 1_610_612_736],
  ['1t', 1_099_511_627_776],
  ['0', '«0»: `0` is not a size'],
  ['-1', '«-1»: `-1` is not a size'],
  ['1x', '«1x»: `1x` is not a size'],
  ['99999999t', '«99999999t»: `99999999t` is not a size'],
])('the size %j', (text, expected) => {
  expect(outcome(String(text), parseByteSize(text))).toEqual(expected);
});

test.each([
  ['200', [[200, 200]]],
  ['2xx', [[200, 299]]],
  [
    '200-204, 301',
    [
      [200, 204],
      [301, 301],
    ],
  ],
  ['204-200', '«204-200»: `204-200` is not an HTTP status'],
  ['200,999', '200,«999»: `999` is not an HTTP status'],
])('the status %j', (text, expected) => {
  expect(outcome(text, parseStatus(text))).toEqual(expected);
});

test.each([
  ['QUIT', 'SIGQUIT'],
  ['sigquit', 'SIGQUIT'],
  ['15', 'SIGTERM'],
  ['9', 'SIGKILL'],
  ['28', 'SIGWINCH'],
  ['RTMIN+3', 'SIGRTMIN+3'],
  ['TREM', '«TREM»: `TREM` is not a signal'],
  ['0', '«0»: `0` is not a signal'],
  ['99', '«99»: `99` is not a signal'],
])('the signal %j', (text, expected) => {
  expect(outcome(text, parseSignal(text))).toEqual(expected);
});

test.each([
  ['amazing application', 'amazing-application'],
  ['/var/lib/haproxy/socks', 'var-lib-haproxy-socks'],
  ['  Café & Crème  ', 'cafe-creme'],
  ['a__b--c', 'a-b-c'],
  ['日本', ''],
])('the slug of %j', (name, expected) => {
  expect(slug(name)).toBe(expected);
});

test('a short hash is the same everywhere', () => {
  expect(['', 'a', '/Data', '/data'].map(shortHash)).toEqual(['1c9d44', '0c29c8', '9d09d2', 'f653b7']);
});
