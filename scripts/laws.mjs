// `npm run test:laws -- --seeds 5000 [--from 1]` plays so many stories of failures (test/laws/faults), beside the other laws; `-- --seed 42`
// plays one, and tells it.
import { parseArgs } from 'node:util';

import { ensurePackages, run } from './install.mjs';

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' } },
});
for (const [name, value] of Object.entries(values)) {
  if (/^[0-9]+$/.test(String(value))) continue;
  console.error(`--${name} takes a whole number, not \`${value}\``);
  process.exit(64);
}
const { seeds = '1000', from = '1', seed } = values;
ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const laws = seed === undefined ? 'test/laws' : 'test/laws/faults';
run('npx', ['--no-install', 'vitest', 'run', '--project', 'unit', laws], {
  STACKC_SEEDS: seed === undefined ? seeds : '1',
  STACKC_FIRST_SEED: seed ?? from,
});
