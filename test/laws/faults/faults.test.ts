import { expect, test } from 'vitest';
import { play } from './scenario.ts';

const first = Number(process.env['STACKC_FIRST_SEED'] ?? 1);
const count = Number(process.env['STACKC_SEEDS'] ?? 40);
/** One that is played again is told from its beginning. */
const isTold = count === 1;
/** Enough to see what they have in common. */
const ENOUGH = 10;

test(
  'stacks, changes and failures: when the failures stop, an apply puts all right, and whoever served went on serving',
  async () => {
    const failed: string[] = [];
    for (let seed = first; seed < first + count && failed.length < ENOUGH; seed += 1) {
      const lines: string[] = [];
      const again = `  again: npm run test:laws -- --seed ${seed}`;
      await play(seed, isTold ? (line) => lines.push(line) : undefined).catch((error: unknown) =>
        failed.push(...lines, `${error instanceof Error ? error.message : String(error)}\n${again}`),
      );
    }
    expect(failed.join('\n')).toBe('');
  },
  // As long as the seeds take that somebody asked for.
  24 * 3_600_000,
);
