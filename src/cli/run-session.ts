import type { Engine } from '../runtime/engine.ts';
import { converse } from './converse.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import type { CommandContext, Interruption } from './io.ts';
import { writeNote } from './output.ts';

/** As a raw terminal sends it. */
const CTRL_C = 0x03;

/** So many Ctrl-C, typed one right after the other within this time, stop what does not listen to them. */
const CTRL_C_COUNT = 3;
const CTRL_C_MS = 2_000;

/** How long what a stopped run still has to say is waited for, in milliseconds. */
const LAST_WORDS_MS = 2_000;

/**
 * Starts a created container with our input, output and terminal, and gives its exit code; 130 or 143 when a signal
 * stopped it, 0 when nobody reads its output any more, which stops it as well.
 */
export async function runSession(
  context: CommandContext,
  engine: Engine,
  id: string,
  { tty, timeoutS }: { readonly tty: boolean; readonly timeoutS: number },
): Promise<number> {
  const { io } = context;
  const over = new AbortController();
  let interruption: Interruption | null = null;
  // In a raw terminal a line's end alone does not go back to the left.
  const say = (text: string) => writeNote(context, tty ? `\r\n(${text})\r` : text);
  const stop = () => void engine.stopContainer(id, timeoutS).catch(() => undefined);
  const interrupt = (signal: Interruption) => {
    const again = interruption !== null;
    interruption ??= signal;
    // The first asks it to stop, the second does not wait for that.
    if (again) return void engine.killContainer(id, 'SIGKILL').catch(() => undefined);
    say(`stopping it (limit ${timeoutS} s); once more kills it`);
    return stop();
  };
  const letGo = io.onSignal(interrupt);
  io.outputClosed.addEventListener('abort', stop);
  try {
    // Both before the start, so that neither the first words nor an end at once are missed.
    const exit = engine.waitContainer(id, over.signal);
    exit.catch(() => undefined);
    const session = await engine.attach(id, { tty, stdin: true });
    if (interruption !== null) return exitCodeOf(interruption);
    await engine.startContainer(id);
    const onKeys = impatience(
      () => io.clock.now(),
      (isEnough) => {
        if (isEnough) interrupt('SIGINT');
        else say('Ctrl-C once more stops the container');
      },
    );
    const talk = converse(io, session, { tty, onKeys });
    talk.catch(() => undefined);
    // A connection that is lost ends the run: nobody would see how it goes on.
    const code = await Promise.race([exit, talk.then(() => exit)]);
    await Promise.race([talk, io.clock.sleep(LAST_WORDS_MS, over.signal)]);
    if (interruption !== null) return exitCodeOf(interruption);
    return io.outputClosed.aborted ? exitCode.done : code;
  } finally {
    io.outputClosed.removeEventListener('abort', stop);
    letGo();
    over.abort();
  }
}

/**
 * Sees Ctrl-C after Ctrl-C: a first process without a handler of its own never gets the signal. `tell` hears false for
 * the last but one, and true for the one that is enough.
 */
function impatience(now: () => number, tell: (isEnough: boolean) => void): (keys: Buffer | string) => void {
  let times: readonly number[] = [];
  return (keys) => {
    for (const key of Buffer.from(keys)) {
      const at = now();
      times = key === CTRL_C ? [...times.filter((time) => at - time < CTRL_C_MS), at] : [];
      if (times.length >= CTRL_C_COUNT - 1) tell(times.length >= CTRL_C_COUNT);
    }
  };
}
