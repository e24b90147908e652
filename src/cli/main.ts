#!/usr/bin/env node
import { writeSync } from 'node:fs';

/** Set by the build to the package's version. */
// oxlint-disable-next-line no-underscore-dangle -- a define of the build, named so that nothing else can be meant
declare const __STACKC_VERSION__: string | undefined;

const version = typeof __STACKC_VERSION__ === 'string' ? __STACKC_VERSION__ : '0.0.0';
const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  // Prompts and scripts ask it often: answered before anything is loaded, `process.stdout` included.
  writeSync(1, `${version}\n`);
} else {
  const [{ main }, { processIo }] = await Promise.all([import('./program.ts'), import('./process-io.ts')]);
  const code = await main(words, processIo(), version);
  // Sockets and terminals would keep the process; what is written must be out before it ends.
  await new Promise<void>((written) => process.stdout.write('', () => written()));
  process.exit(code);
}
