import { expect, test } from 'vitest';
import { play } from './scenario.ts';

const only = process.env['STACKC_SEED'];
const first = Number(process.env['STACKC_FIRST_SEED'] ?? 1);
const count = Number(process.env['STACKC_SEEDS'] ?? 60);

test.runIf(only === undefined)(
  `${count} stories of stacks, changes and failures end well`,
  async () => {
    const failed: string[] = [];
    for (let seed = first; seed < first + count; seed += 1) {
      try {
        await play(seed);
      } catch (error) {
        failed.push(
          `${error instanceof Error ? error.message : String(error)}\n  again: npm run test:laws -- --seed ${seed}`,
        );
        if (failed.length === 10) break;
      }
    }
    expect(failed.join('\n')).toBe('');
  },
  24 * 3_600_000,
);

test.runIf(only !== undefined)(`the story of seed ${only}`, async () => {
  const lines: string[] = [];
  try {
    await play(Number(only), (line) => lines.push(line));
  } catch (error) {
    process.stderr.write(`${lines.join('\n')}\n`);
    throw error;
  }
});
