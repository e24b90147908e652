import { idle } from './idle.ts';
import { serveSession } from './session.ts';

const [mode, ...rest] = process.argv.slice(2);
// Another root is for tests only, which have no `/stackc`.
const root = process.env['STACKC_VOLUME_ROOT'] ?? '/stackc/v';

if (mode === undefined) {
  idle();
} else if (mode === 'session' && rest.length === 0) {
  // Whoever asked is gone: nobody is left to answer.
  process.stdout.on('error', () => process.exit(0));
  await serveSession(process.stdin, process.stdout, root);
  // At once: a look-up of a host name that is still under way would hold the process up.
  process.exit(0);
} else {
  process.stderr.write('usage: agent.mjs [session]\n');
  process.exitCode = 64;
}
