// `npm run test:verdict` compares what the plan says of a change with what clients see, for every case of the matrix, and holds
// what comes while each server is replaced.
import { ensurePackages, run } from './install.mjs';

ensurePackages();
const files = ['test/e2e/verdict.test.ts', 'test/e2e/load.test.ts'];
run(process.execPath, ['scripts/test.mjs', '--project', 'e2e', ...files], { STACKC_VERDICT: 'all' });
