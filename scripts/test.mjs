// `npm test [-- VITEST ARGUMENTS]`: sets everything up, then runs every test; none is skipped for want of an engine.
import { ensurePackages, run } from './install.mjs';

ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const { ensureEngine, hasCommand, installPackages, logToStderr } = await import('./engine.mjs');
const { ensureBase, ensureImages } = await import('./images.mjs');
try {
  await ensureEngine();
  await ensureBase();
  await ensureImages();
  // One test applies through a real sshd on loopback.
  if (!hasCommand('sshd'))
    installPackages(['openssh-server', 'openssh-client'], 'tests over ssh', logToStderr);
  if (!hasCommand('ip')) installPackages(['iproute2'], 'a second engine that is restarted', logToStderr);
  if (!hasCommand('openssl')) installPackages(['openssl'], 'tests over TLS', logToStderr);
  if (!hasCommand('docker-registry'))
    installPackages(['docker-registry'], 'tests with a registry', logToStderr);
  if (!hasCommand('rsyslogd')) installPackages(['rsyslog'], 'tests that forward logs', logToStderr);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
// Node reads that file before any program: nothing that is tested needs it.
run('npx', ['--no-install', 'vitest', 'run', ...process.argv.slice(2)], { NODE_EXTRA_CA_CERTS: '' });
