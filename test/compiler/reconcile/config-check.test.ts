import { expect, test } from 'vitest';

import { configCheck } from '../../../src/compiler/plan/config-check.ts';

test.each([
  [['nginx', '-g', 'daemon off;'], null, 'nginx -t', ['nginx', '-g', 'daemon off;', '-t']],
  [
    ['docker-entrypoint.sh'],
    ['/usr/sbin/haproxy', '-W', '-f', '/a.cfg'],
    'haproxy -c',
    ['/usr/sbin/haproxy', '-W', '-f', '/a.cfg', '-c'],
  ],
  [['tini', '--', 'haproxy', '-f', '/a'], [], 'haproxy -c', ['haproxy', '-f', '/a', '-c']],
] as const)('%j %j is checked by its own words', (entrypoint, command, shown, words) => {
  expect(configCheck(entrypoint, command)).toEqual({ program: shown.split(' ')[0], shown, command: words });
});

test.each([
  [null, null],
  [['sh', '-c', 'nginx -g x'], null],
  [['serve'], ['--nginx']],
])('%j %j is not', (entrypoint, command) => {
  expect(configCheck(entrypoint, command)).toBeNull();
});
