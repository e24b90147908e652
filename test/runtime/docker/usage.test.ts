import { expect, test } from 'vitest';

import { usageOf } from '../../../src/runtime/docker/usage.ts';

const answer = {
  read: '2026-01-02T03:04:05.678Z',
  cpu_stats: { cpu_usage: { total_usage: 5_000_000 }, online_cpus: 4 },
  memory_stats: { usage: 1000, limit: 4000, stats: { inactive_file: 300 } },
};

test('tells the processor and the memory, without what is only cached', () => {
  expect(usageOf(answer)).toEqual({
    atMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    cpuNs: 5_000_000,
    cpus: 4,
    memory: { bytes: 700, limit: 4000 },
  });
});

test('leaves out the cache of cgroups 1 as well', () => {
  const memory_stats = { usage: 1000, limit: 4000, stats: { total_inactive_file: 400, inactive_file: 1 } };
  expect(usageOf({ ...answer, memory_stats })?.memory).toEqual({ bytes: 600, limit: 4000 });
});

test.each([
  ['one that does not run', { ...answer, read: '0001-01-01T00:00:00Z' }],
  ['nothing', null],
  ['an answer without a processor', { ...answer, cpu_stats: {} }],
])('knows nothing of %s', (_, given) => {
  expect(usageOf(given)).toBeNull();
});

test('an engine that measures no memory is no engine whose memory is free', () => {
  expect(usageOf({ ...answer, memory_stats: {} })?.memory).toBeNull();
});
