import { nearest } from '../../nearest.ts';
import { parsed, unparsed, type Parsed } from './parsed.ts';

const SIGNALS =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );

/** Reads a signal, with or without `SIG`, in either case, or by its number on Linux; gives `SIGQUIT`. */
export function parseSignal(text: string): Parsed<string> {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (/^\d+$/.test(name)) {
    const known = SIGNALS[Number(name) - 1];
    if (known !== undefined) return parsed(`SIG${known}`);
  }
  const realTime = /^RT(MIN\+|MAX-)(\d{1,2})$/.exec(name);
  if (SIGNALS.includes(name) || (realTime !== null && Number(realTime[2]) <= 30)) return parsed(`SIG${name}`);
  const near = nearest(name, SIGNALS);
  return unparsed(
    `\`${text}\` is not a signal`,
    0,
    Math.max(text.length, 1),
    near[0] === undefined ? 'write a name such as `QUIT`, `TERM` or `USR1`' : `did you mean \`${near[0]}\`?`,
  );
}
