import { answer } from './answer.ts';
import { forward, isKept } from './forward.ts';
import { idle } from './idle.ts';
import { serveSession } from './session.ts';

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
  await serveSession(process.stdin, process.stdout, async (request) => {
    const forwarded = isKept(request) ? await forward(request, control) : null;
    return forwarded ?? answer(request, { root, journal }, null);
  });
  // At once: a look-up of a host name that is still under way would hold the process up.
  process.exit(0);
} else {
  process.stderr.write('usage: agent.mjs [session]\n');
  process.exitCode = 64;
}
