// `npm run test:fuzz -- --times 100 [--seed S]` feeds stack files, journals, revisions and saved plans that are broken in so many
// more ways (test/compiler/fuzz), none of which may take more than 2 s or 512 MB.
import { parseArgs } from 'node:util';

import { ensurePackages, run } from './install.mjs';

const { values } = parseArgs({ options: { times: { type: 'string' }, seed: { type: 'string' } } });
const { times = '20', seed } = values;
if (!/^[1-9][0-9]*$/.test(times) || !/^-?[0-9]+$/.test(seed ?? '0')) {
  console.error('--times and --seed take whole numbers');
  process.exit(64);
}
ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
run('npx', ['--no-install', 'vitest', 'run', '--project', 'unit', 'test/compiler/fuzz'], {
  STACKC_FUZZ_TIMES: times,
  // Whatever takes more ends the run.
  NODE_OPTIONS: '--max-old-space-size=512',
  ...(seed === undefined ? {} : { STACKC_FUZZ_SEED: seed }),
});
