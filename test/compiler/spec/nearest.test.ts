import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest } from '../../../src/compiler/nearest.ts';

test.each([
  ['reids', ['redis', 'nginx', 'read'], ['redis', 'read']],
  ['NGINX', ['nginx', 'redis'], ['nginx']],
  ['app', ['app0', 'app1', 'app10', 'apple', 'ape', 'zip'], ['ape', 'app0', 'app1']],
  ['x', ['a', 'b'], []],
  ['db', ['web', 'cache'], []],
  ['volumes_form', ['volumes_from', 'volumes'], ['volumes_from']],
])('%s among %j', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toEqual(expected);
});

test('at most four, whatever the order of the candidates', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 5 }), fc.array(fc.string({ maxLength: 5 })), (word, candidates) => {
      const found = nearest(word, candidates);
      expect(found.length).toBeLessThanOrEqual(4);
      expect(nearest(word, [...candidates].reverse())).toEqual(found);
    }),
  );
});
