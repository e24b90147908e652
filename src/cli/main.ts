import { writeSync } from 'node:fs';
import { exitCode } from './exit-code.ts';
import { loadProgram } from './load-program.ts';

/** Set by the build to the package's version. */
// oxlint-disable-next-line no-underscore-dangle -- a define of the build, named so that nothing else can be meant
declare const __STACKC_VERSION__: string;

const words = process.argv.slice(2);
if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) {
  // Prompts and scripts ask it often: answered before anything is loaded, `process.stdout` included.
  writeSync(1, `${__STACKC_VERSION__}\n`);
} else {
  const { program, done } = loadProgram(words);
  const io = program.processIo();
  void program.main(words, io, __STACKC_VERSION__).then((code) => {
    if (code === exitCode.done || code === exitCode.pending) done();
    // Sockets and terminals would keep the process; what is written must be out before it ends.
    io.stdout.write('', () => io.stderr.write('', () => io.exit(code)));
  });
}
