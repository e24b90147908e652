import { expect, test } from 'vitest';

import { configPaths, runningBalancers } from '../../../src/compiler/balancer/running.ts';
import type { ObservedContainer } from '../../../src/compiler/observed/observed-state.ts';
import { desiredState, settled } from '../../support/desired.ts';

function found(name: string, change: Partial<ObservedContainer> = {}) {
  const observed = settled(desiredState([{ name }]));
  const containers = observed.containers.map((container) => ({ ...container, ...change }));
  return runningBalancers({ ...observed, containers }).map(({ program, version, paths }) => ({
    program,
    version,
    ...paths,
  }));
}

test('is told by the words that run, then by a name', () => {
  const words = { entrypoint: ['docker-entrypoint.sh'], command: ['haproxy', '-f', '/etc/h.cfg'] };
  expect(found('front', words)).toEqual([
    { program: 'haproxy', version: null, paths: ['/etc/h.cfg'], all: true },
  ]);
  expect(found('nginx', { entrypoint: ['/start.sh'], env: ['NGINX_VERSION=1.29.8'] })).toMatchObject([
    { program: 'nginx', version: '1.29.8', all: false },
  ]);
  expect(found('app', { command: ['unicorn'] })).toEqual([]);
});

test('runs, and is current', () => {
  expect(found('nginx', { state: 'exited' })).toEqual([]);
  expect(found('nginx', { phase: 'old' })).toEqual([]);
  expect(found('nginx', { role: 'migration' })).toEqual([]);
});

test.each([
  ['haproxy', ['haproxy', '-W', '-f', '/a.cfg', '-f', '/b'], ['/a.cfg', '/b']],
  ['haproxy', ['sh', '-c', 'exec haproxy -db -f /a.cfg'], ['/a.cfg']],
  ['haproxy', ['haproxy', '-f/a.cfg'], ['/a.cfg']],
  ['nginx', ['nginx', '-g', 'daemon off;', '-c', '/a.conf'], ['/a.conf']],
  ['nginx', ['nginx', '-c', 'a.conf'], ['a.conf']],
] as const)('%s: %j names %j', (program, words, paths) => {
  expect(configPaths(program, words)).toEqual({ paths, all: true });
});
