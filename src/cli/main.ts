#!/usr/bin/env node
import { VERSION } from './version.ts';

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  // Answered before anything else is loaded: prompts and scripts ask it often.
  process.stdout.write(`${VERSION}\n`);
} else {
  const [{ main }, { processIo }] = await Promise.all([import('./program.ts'), import('./process-io.ts')]);
  const code = await main(words, processIo());
  // Sockets and terminals would keep the process; what is written must be out before it ends.
  await new Promise<void>((written) => process.stdout.write('', () => written()));
  process.exit(code);
}
