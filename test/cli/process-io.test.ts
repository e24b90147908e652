import { expect, test } from 'vitest';
import { processIo } from '../../src/cli/process-io.ts';

test.each([
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGTERM'],
  ['SIGHUP', 'SIGTERM'],
] as const)('%s is told as %s until nobody listens any more', (signal, told) => {
  const before = process.listenerCount(signal);
  const heard: string[] = [];
  const letGo = processIo().onSignal((one) => heard.push(one));
  process.emit(signal);
  expect(heard).toEqual([told]);
  letGo();
  expect(process.listenerCount(signal)).toBe(before);
});
