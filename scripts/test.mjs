// `npm test [-- VITEST ARGUMENTS]`: sets everything up, then runs every test; none is skipped for want of an engine.
import { ensurePackages, run } from './install.mjs';

ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const { ensureEngine } = await import('./engine.mjs');
const { ensureBase, ensureImages } = await import('./images.mjs');
try {
  await ensureEngine();
  await ensureBase();
  await ensureImages();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
run('npx', ['--no-install', 'vitest', 'run', ...process.argv.slice(2)]);
