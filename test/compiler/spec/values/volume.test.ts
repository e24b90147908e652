import { expect, test } from 'vitest';
import { normalizePath, parseVolume } from '../../../../src/compiler/spec/values/volume.ts';
import { outcome } from './outcome.ts';

const plain = { readOnly: false, noCopy: false, relabel: null };

test.each([
  ['/a:/b', { ...plain, type: 'bind', source: '/a', target: '/b' }],
  ['/a/../c//d/:/b/.', { ...plain, type: 'bind', source: '/c/d', target: '/b' }],
  ['data:/b', { ...plain, type: 'volume', source: 'data', target: '/b' }],
  ['data:/b:rw', { ...plain, type: 'volume', source: 'data', target: '/b' }],
  ['/a:/b:ro', { ...plain, type: 'bind', source: '/a', target: '/b', readOnly: true }],
  ['/a:/b:ro,z', { ...plain, type: 'bind', source: '/a', target: '/b', readOnly: true, relabel: 'shared' }],
  ['/a:/b:Z', { ...plain, type: 'bind', source: '/a', target: '/b', relabel: 'private' }],
  ['data:/b:nocopy', { ...plain, type: 'volume', source: 'data', target: '/b', noCopy: true }],
])('%s', (text, expected) => {
  expect(outcome(text, parseVolume(text))).toEqual(expected);
});

test.each([
  ['/b', '«/b»: `/b` alone is an anonymous volume, lost at every replacement'],
  ['./a:/b', "«./a»:/b: `./a` is neither an absolute path nor a volume's name"],
  ['a/b:/b', "«a/b»:/b: `a/b` is neither an absolute path nor a volume's name"],
  ['~/a:/b', "«~/a»:/b: `~/a` is neither an absolute path nor a volume's name"],
  ['d:/b', "«d»:/b: `d` is too short for a volume's name"],
  [':/b', '«:»/b: the source is missing'],
  ['data:b', 'data:«b»: `b` is not an absolute path'],
  ['data:/', 'data:«/»: a volume cannot be mounted over `/`'],
  ['data:/b:ro:z', 'data:/b:ro«:»z: too many `:`'],
  ['data:/b:rx', 'data:/b:«rx»: `rx` is not an option of a volume'],
  ['data:/b:ro,rw', 'data:/b:ro,«rw»: `rw` contradicts or repeats an option before it'],
  ['data:/b:z,Z', 'data:/b:z,«Z»: `Z` contradicts or repeats an option before it'],
  ['/a:/b:nocopy', '/a:/b:«nocopy»: `nocopy` is for named volumes only'],
])('%j is a problem', (text, problem) => {
  expect(outcome(text, parseVolume(text))).toBe(problem);
});

test.each([
  ['/', '/'],
  ['//', '/'],
  ['/a/', '/a'],
  ['/a//b', '/a/b'],
  ['/a/./b', '/a/b'],
  ['/a/../b', '/b'],
  ['/../..', '/'],
  ['/a/..', '/'],
  ['/.a/..b', '/.a/..b'],
  ['/a.', '/a.'],
  ['a', null],
  ['', null],
])('the path %j', (path, expected) => {
  expect(normalizePath(path)).toBe(expected);
});
