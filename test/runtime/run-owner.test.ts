import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ownerState, ownMark } from '../../src/runtime/run-owner.ts';

const mark = () => {
  const own = ownMark();
  if (own === null) throw new Error('/proc does not tell of this process');
  return own;
};

describe('the owner of a run', () => {
  it('is told apart from whoever had its id before', () => {
    expect(ownerState(mark())).toBe('running');
    expect(ownerState(mark().replace(/\d+$/, '1'))).toBe('gone');
  });

  it('is gone when its process is', async () => {
    const child = spawn('sleep', ['60']);
    const other = mark().replace(/\d+\/\d+$/, `${child.pid}/1`);
    child.kill();
    await once(child, 'exit');
    expect(ownerState(other)).toBe('gone');
  });

  it.each([
    ['nobody', undefined],
    ['another boot', mark().replace(/^./, 'x')],
    ['another namespace', mark().replace(/^([^/]+)\/\d+/, '$1/1')],
    ['nonsense', 'nonsense'],
  ])('is unknown for %s', (_, text) => {
    expect(ownerState(text)).toBe('unknown');
  });
});
