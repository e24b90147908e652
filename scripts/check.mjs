// `npm run check`: types, lint, format, dead code, package, tests. `-- --static` leaves the tests out.
import { ensurePackages, run } from './install.mjs';

ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const npx = (/** @type {readonly string[]} */ ...args) => run('npx', ['--no-install', ...args]);
npx('tsc', '-p', '.');
npx('oxlint', '--type-aware', '--quiet');
npx('biome', 'format');
npx('knip');
npx('publint', '--strict');
if (!process.argv.includes('--static')) run(process.execPath, ['scripts/test.mjs']);
