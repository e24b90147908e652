import { idle } from './idle.ts';
import { relay } from './relay.ts';
import { systemError } from './system-error.ts';

const [mode, ...rest] = process.argv.slice(2);
// Other places are for tests only, which have no `/stackc`.
const root = process.env['STACKC_VOLUME_ROOT'] ?? '/stackc/v';
const journal = process.env['STACKC_JOURNAL'] ?? '/stackc/journal';
const control = process.env['STACKC_AGENT_SOCKET'] ?? '/run/stackc/agent.sock';

if (mode === undefined) {
  idle({ root, journal }, control);
} else if (mode === 'session' && rest.length === 0) {
  // Whoever asked is gone: nobody is left to answer.
  process.stdout.on('error', () => process.exit(0));
  try {
    await relay(process.stdin, process.stdout, control);
  } catch (error) {
    process.stderr.write(`its first process cannot be reached: ${systemError(error)} (${control})\n`);
    process.exit(1);
  }
  process.exit(0);
} else {
  process.stderr.write('usage: agent.mjs [session]\n');
  process.exitCode = 64;
}
