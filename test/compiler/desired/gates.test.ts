import { describe, expect, test } from 'vitest';
import type { ResolvedInputs } from '../../../src/compiler/desired/resolved-inputs.ts';
import { app, local } from './shop.ts';

const gateWith = (keys: string, more: Partial<ResolvedInputs> = {}) => app(keys, more).gate;

describe('gates', () => {
  const http = {
    kind: 'http',
    path: '/',
    status: [[100, 499]],
    timeoutMs: 2000,
    intervalMs: 50,
    limitMs: 60_000,
  };

  test.each([
    ['no health', '', { kind: 'engine', uptimeMs: 1000, limitMs: 60_000 }],
    ['startup_time alone', 'startup_time: 45', { kind: 'engine', uptimeMs: 45_000, limitMs: 75_000 }],
    [
      'a path and the port',
      'port: 8080, health: { path: /ping }',
      { ...http, over: { port: 8080 }, path: '/ping' },
    ],
    ['a port of its own', 'port: 8080, health: { port: 9090 }', { ...http, over: { port: 9090 } }],
    [
      'the only published port',
      'ports: ["8080:80", "53/udp"], health: { path: / }',
      { ...http, over: { port: 80 } },
    ],
    [
      'statuses',
      'port: 1, health: { status: [301, "200-204"] }',
      {
        ...http,
        over: { port: 1 },
        status: [
          [200, 204],
          [301, 301],
        ],
      },
    ],
    [
      'startup_time is the limit',
      'port: 1, startup_time: 5, health: { path: / }',
      { ...http, over: { port: 1 }, limitMs: 5000 },
    ],
    [
      'start_period comes before it',
      'port: 1, health: { start_period: 2m }',
      { ...http, over: { port: 1 }, limitMs: 180_000 },
    ],
    [
      'retries as in Compose',
      'port: 1, health: { retries: 3, start_period: 10s }',
      { ...http, over: { port: 1 }, limitMs: 100_000 },
    ],
    [
      'retries of an interval',
      'port: 1, health: { retries: 3, interval: 5s }',
      { ...http, over: { port: 1 }, intervalMs: 5000, limitMs: 15_000 },
    ],
    [
      'TCP',
      'port: 6379, health: { tcp: true, timeout: 1s }',
      { kind: 'tcp', over: { port: 6379 }, timeoutMs: 1000, intervalMs: 50, limitMs: 60_000 },
    ],
    [
      'a command',
      'health: { command: "pg_isready -U \'a b\'" }',
      {
        kind: 'command',
        command: ['pg_isready', '-U', 'a b'],
        timeoutMs: 2000,
        intervalMs: 500,
        limitMs: 60_000,
      },
    ],
  ])('%s', (_title, keys, expected) => {
    expect(gateWith(keys)).toEqual(expected);
  });

  test('the only port that the image exposes', () => {
    const images = local({ exposedPorts: ['53/udp', '8000/tcp'] });
    expect(gateWith('health: { path: / }', { images })).toEqual({ ...http, over: { port: 8000 } });
  });

  test("the image's own health check is limited by startup_time", () => {
    const images = local({ healthcheck: true });
    expect(gateWith('startup_time: 5', { images })).toEqual({
      kind: 'engine',
      healthcheck: true,
      uptimeMs: 5000,
      limitMs: 5000,
    });
  });
});
