import { expect, test } from 'vitest';

import { differences } from '../../../src/compiler/revision/differences.ts';

const settings = (deploy: unknown, more: object = {}) => ({
  source: JSON.stringify({ name: 'shop', deploy }),
  env: {},
  secrets: {},
  files: {},
  ...more,
});
const web = (app: unknown) => ({ web: { containers: [{ app }, { redis: { image: 'redis' } }] } });
const proto: unknown = JSON.parse('{"__proto__": 1}');

test.each([
  ['nothing', web({ scale: { max: 3 } }), web({ scale: { max: 3 } }), []],
  ['the order of keys', web({ a: 1, b: { c: 2, d: 3 } }), web({ b: { d: 3, c: 2 }, a: 1 }), []],
  [
    'a value',
    web({ scale: { max: 3 } }),
    web({ scale: { max: 5 } }),
    ['deploy.web.containers.app.scale.max'],
  ],
  ['a key more', web({}), web({ heal: false }), ['deploy.web.containers.app.heal']],
  ['a list', web({ links: ['a', 'b'] }), web({ links: ['b'] }), ['deploy.web.containers.app.links']],
  ['a key that all objects have', web({}), web(proto), ['deploy.web.containers.app.__proto__']],
  ['all of it', web({}), 'none', ['deploy']],
])('%s', (_what, before, after, places) => {
  expect(differences(settings(before), settings(after))).toEqual(places);
});

test('names what came from outside the file, without its values', () => {
  const before = settings(
    {},
    { secrets: { KEY: 'hush', OLD: 'x' }, env: { HOST: 'a' }, files: { 'a.cfg': '' } },
  );
  const after = settings(
    {},
    { secrets: { KEY: 'hush-hush' }, env: { HOST: 'b' }, files: { 'a.cfg': 'eA==' } },
  );
  expect(differences(before, after)).toEqual(['secret KEY', 'secret OLD', 'variable HOST', 'file a.cfg']);
});

test('cannot tell of what is no JSON', () => {
  expect(differences({ ...settings({}), source: '{' }, settings({}))).toBeNull();
});
