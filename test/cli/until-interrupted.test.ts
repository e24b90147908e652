import { describe, expect, it } from 'vitest';

import type { Interruption } from '../../src/cli/io.ts';
import { untilInterrupted } from '../../src/cli/until-interrupted.ts';

/** A terminal on which somebody may press Ctrl-C. */
function terminal() {
  const listeners = new Set<(by: Interruption) => void>();
  return {
    listeners,
    press: (by: Interruption) => listeners.forEach((each) => each(by)),
    io: {
      onSignal: (callback: (by: Interruption) => void) => {
        listeners.add(callback);
        return () => listeners.delete(callback);
      },
    },
  };
}

describe('work', () => {
  it('that is done gives what it came to, and lets go of what it held', async () => {
    const { io, listeners } = terminal();
    let held: AbortSignal | null = null;
    const found = await untilInterrupted(io, async (signal) => {
      held = signal;
      return 17;
    });
    expect([found, listeners.size, held]).toEqual([
      { kind: 'done', value: 17 },
      0,
      expect.objectContaining({ aborted: true }),
    ]);
  });

  it('that fails fails', async () => {
    const { io } = terminal();
    await expect(untilInterrupted(io, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('that does not listen is not waited for', async () => {
    const { io, press } = terminal();
    const working = untilInterrupted(io, () => new Promise(() => undefined));
    press('SIGTERM');
    expect(await working).toEqual({ kind: 'interrupted', by: 'SIGTERM' });
  });
});
