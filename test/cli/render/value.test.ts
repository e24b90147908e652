import { expect, test } from 'vitest';
import { humanValue } from '../../../src/cli/render/value.ts';

test.each<[string, string | null, string]>([
  ['memory', '209715200', '200 MiB'],
  ['memory', '1610612736', '1.5 GiB'],
  ['memory', '1024', '1 KiB'],
  ['memory', '1500000001', '1500000001 bytes'],
  ['memory', '0', 'no limit'],
  ['memory', null, 'no limit'],
  ['shm_size', '67108864', '64 MiB'],
  ['shm_size', null, "the engine's default"],
  ['cpus', '0.5', '0.5'],
  ['cpus', '0', 'no limit'],
  ['cpus', null, 'no limit'],
  ['read_only', 'true', 'yes'],
  ['read_only', 'false', 'no'],
  ['init', null, "the engine's default"],
  ['init', 'false', 'no'],
  ['ulimits', 'nofile=1024:-1, core=-1:-1', 'nofile=1024:unlimited, core=unlimited'],
  ['ulimits', 'nofile=10:100, core=10:10', 'nofile=10:100, core=10'],
  ['env MEMORY', '"209715200"', '"209715200"'],
  ['user', null, '(none)'],
  ['user', '"\u001b"', '"\\x1b"'],
])('%s %s is %s', (field, value, text) => {
  expect(humanValue(field, value)).toBe(text);
});
