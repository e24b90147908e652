// `npm run test:verdict` compares what the plan says of a change with what clients see, for every case of the matrix.
import { ensurePackages, run } from './install.mjs';

ensurePackages();
run(process.execPath, ['scripts/test.mjs', '--project', 'e2e', 'test/e2e/verdict.test.ts'], {
  STACKC_VERDICT: 'all',
});
