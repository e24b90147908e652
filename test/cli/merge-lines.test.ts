import { describe, expect, it } from 'vitest';
import { mergeByTime, splitTime } from '../../src/cli/merge-lines.ts';

async function* lines(...texts: readonly string[]): AsyncGenerator<string> {
  for (const text of texts) {
    await new Promise(setImmediate);
    yield text;
  }
}

describe('mergeByTime', () => {
  it('puts the lines of several outputs in the order of their times', async () => {
    const merged: string[] = [];
    const sources = [
      { from: 'a', lines: lines('2026-01-01T00:00:01.000000000Z a1', '2026-01-01T00:00:04.000000000Z a2') },
      { from: 'b', lines: lines('2026-01-01T00:00:02.000000000Z b1', '2026-01-01T00:00:03.000000000Z ') },
      { from: 'c', lines: lines() },
    ];
    for await (const { from, text } of mergeByTime(sources)) merged.push(`${from}:${text}`);
    expect(merged).toEqual(['a:a1', 'b:b1', 'b:', 'a:a2']);
  });

  it('keeps a line without a time whole', () => {
    expect(splitTime('no time here')).toEqual({ time: '', text: 'no time here' });
    expect(splitTime('2026-01-01T00:00:01.5Z  indented')).toEqual({
      time: '2026-01-01T00:00:01.5Z',
      text: ' indented',
    });
  });
});
