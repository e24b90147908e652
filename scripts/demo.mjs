// `npm run demo`: the example stack, running, from nothing. `npm run demo -- --down` removes it, volumes included.
import { ensurePackages, ROOT, run } from './install.mjs';

const FILE = 'examples/stack.json';
const ADDRESS = 'http://127.0.0.1:8080/';
const stack = (/** @type {readonly string[]} */ ...args) =>
  run(process.execPath, ['dist/stack.cjs', ...args]);

const unknown = process.argv.slice(2).filter((word) => word !== '--down');
if (unknown.length > 0) {
  console.error(`npm run demo [-- --down]: unknown ${unknown.join(' ')}`);
  process.exit(64);
}
ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const { ensureEngine } = await import('./engine.mjs');
const { ensureBase, ensureImages, EXAMPLE } = await import('./images.mjs');
try {
  await ensureEngine();
  if (process.argv.includes('--down')) {
    stack('destroy', FILE, '--volumes', '--yes');
  } else {
    await ensureBase();
    await ensureImages(EXAMPLE);
    stack('apply', FILE, '--yes');
    const answer = await fetch(ADDRESS, { signal: AbortSignal.timeout(10_000) });
    console.log(`\nGET ${ADDRESS} → ${answer.status}\n${(await answer.text()).trim()}\n`);
    if (!answer.ok) throw new Error(`the front door answered ${answer.status}`);
    stack('status', '-f', FILE);
    console.log(`\nOpen ${ADDRESS}\nChange ${ROOT}${FILE}, then: node dist/stack.cjs plan ${FILE}`);
    console.log('Remove it all, with its data: npm run demo -- --down');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(
    '\nPort 8080 of this machine must be free. What has been made so far, npm run demo -- --down removes.',
  );
  process.exit(1);
}
