import { expect, test } from 'vitest';

import { rosterOf } from '../../../src/compiler/heal/roster.ts';
import { shop, spec } from '../spec/marked.ts';

const APP = 'app: { deploy: auto, image: "a:1", containers: 2 }';
const FREE = 'free: { deploy: manual, image: "a:1", heal: false }';
const JOB = 'job: { deploy: cron, image: "a:1", cron: "5 3 * * *" }';

const told = (containers: readonly string[], more = '') => {
  const { instances, wanted } = rosterOf(spec(shop(containers.join('\n'), more)), 1, []);
  return [instances.map(({ name }) => name), wanted.map(({ container, count }) => `${container} ${count}`)];
};

test('tells of all instances how many should run, and which of them are healed', () => {
  expect(told([APP, FREE], 'heal: true')).toEqual([
    ['app0', 'app1'],
    ['app 2', 'free 1'],
  ]);
  expect(told([APP, JOB])).toEqual([['app0', 'app1'], ['app 2']]);
});

test('an agent that only serves metrics heals nothing', () => {
  expect(told([APP], 'agent: { metrics: true }')).toEqual([[], ['app 2']]);
});
