import type { MeasuredSource } from '../../compiler/scale/roster.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { runExec } from '../perform/run-exec.ts';

type CommandSource = Pick<Extract<MeasuredSource, { readonly kind: 'command' }>, 'command' | 'timeoutMs'>;

/** How long a command is left alone that did not end in time, twice as long each time: it may run on in its container, and so may the next. */
const LATE_MS = { first: 60_000, longest: 60 * 60_000 };

/** Between TERM and KILL, in seconds. */
const KILL_S = 1;

/** How long the engine may take, beyond what `timeout` does, to tell of its end. */
const ANSWER_MS = 2_000;

/** How long it may take to find out whether there is a `timeout`. */
const ASK_MS = 5_000;

/**
 * Whether there is GNU's. Busybox's, which does not know that option, leaves its watcher to process 1 at each run, and mostly nobody
 * there waits for it: thousands of dead ones a day.
 */
const ASK = ['timeout', '--foreground', '-k', String(KILL_S), '1', 'true'];

/** As it tells that time was over, by TERM, or by KILL. */
const OVER = new Set([124, 137]);

interface World {
  readonly engine: Pick<Engine, 'exec'>;
  readonly clock: Clock;
}

/**
 * The numbers that commands in containers print. The engine cannot end what it runs in one: where the container has GNU's `timeout`,
 * that does, with all it has started; elsewhere one that does not end is run ever more seldom.
 */
export class CommandNumbers {
  /** Until when a command is not run, and how long that is, by container and words. */
  readonly #late = new Map<string, Map<string, { readonly untilMs: number; readonly waitMs: number }>>();
  /** Whether a container has such a `timeout`. */
  readonly #ending = new Map<string, Promise<boolean>>();

  /** The last line that is a number, and not below 0. Throws with why there is none; what else it says may be secret. */
  async number(id: string, { command, timeoutMs }: CommandSource, world: World): Promise<number> {
    const { engine, clock } = world;
    const late = this.#late.get(id) ?? new Map<string, { untilMs: number; waitMs: number }>();
    const key = command.join('\0');
    const before = late.get(key);
    if (before !== undefined && before.untilMs > clock.now()) throw new Error(tooLate(timeoutMs));
    const seconds = Math.max(1, Math.ceil(timeoutMs / 1000));
    const isEnded = await this.#isEnded(id, world);
    const words = isEnded ? ['timeout', '-k', String(KILL_S), String(seconds), ...command] : command;
    const limitMs = isEnded ? (seconds + KILL_S) * 1000 + ANSWER_MS : timeoutMs;
    const beganMs = clock.now();
    const { code, output } = await runExec(engine, clock, id, words, limitMs).catch((error: unknown) => {
      if (!isTimeout(error)) throw error;
      const waitMs = before === undefined ? LATE_MS.first : Math.min(LATE_MS.longest, 2 * before.waitMs);
      this.#late.set(id, late.set(key, { untilMs: clock.now() + waitMs, waitMs }));
      throw new Error(tooLate(timeoutMs));
    });
    late.delete(key);
    // A command may end so by itself, before.
    if (isEnded && OVER.has(code) && clock.now() - beganMs >= timeoutMs) throw new Error(tooLate(timeoutMs));
    if (code === 126 || code === 127) throw new Error('there is no such command in the container');
    if (code !== 0) throw new Error(`the command ended with code ${code}`);
    return numberIn(output);
  }

  /** Forgets all containers but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const known of [this.#late, this.#ending])
      for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
  }

  #isEnded(id: string, { engine, clock }: World): Promise<boolean> {
    const known = this.#ending.get(id);
    if (known !== undefined) return known;
    const asked = runExec(engine, clock, id, ASK, ASK_MS).then(
      ({ code }) => code === 0,
      (error: unknown) => {
        if (isTimeout(error)) return false;
        // It may tell at the next look.
        this.#ending.delete(id);
        throw error;
      },
    );
    this.#ending.set(id, asked);
    return asked;
  }
}

function numberIn(output: readonly string[]): number {
  const line = output.findLast((one) => /^\s*\d+(?:\.\d+)?(?:e\+?\d+)?\s*$/i.test(one));
  if (line === undefined) throw new Error('the command printed no number');
  const number = Number(line);
  if (!Number.isFinite(number)) throw new Error('the command printed a number that is too large');
  return number;
}

function isTimeout(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'timeout';
}

function tooLate(timeoutMs: number): string {
  return `the command did not end within ${timeoutMs / 1000} s`;
}
