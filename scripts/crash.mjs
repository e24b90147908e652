// `npm run test:crash` cuts an apply off in each of its steps and in each way (test/support/crash), for hours. `-- --strategy swap,told
// --fault kill --side before` takes some of them, `--at 7` one step, `--from 7` that one and all after it.
import { parseArgs } from 'node:util';

import { ensurePackages, run } from './install.mjs';

const text = /** @type {const} */ ({ type: 'string' });
const { values } = parseArgs({ options: { strategy: text, fault: text, side: text, at: text, from: text } });
for (const name of /** @type {const} */ (['at', 'from'])) {
  if (/^[1-9][0-9]*$/.test(values[name] ?? '1')) continue;
  console.error(`--${name} takes a whole number, not \`${values[name]}\``);
  process.exit(64);
}
ensurePackages();
run(process.execPath, ['scripts/test.mjs', '--project', 'e2e', 'test/e2e/crash.test.ts'], {
  STACKC_CRASH: JSON.stringify(values),
});
