import type { Reload } from '../../compiler/desired/desired-state.ts';
import type { ConfigCheck } from '../../compiler/plan/config-check.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine } from '../engine.ts';
import { lookAtProcesses } from './processes.ts';
import { ReloadError } from './reload-error.ts';

const LOOK_MS = 100;

/** Whose workers are looked at. */
export interface WorkersContext {
  readonly engine: Pick<Engine, 'processes'>;
  readonly clock: Clock;
  /** Of the container. */
  readonly id: string;
  readonly program: ConfigCheck['program'];
}

/** Its workers' process ids; none where it serves from a single process; the engine's error where they cannot be seen. */
export async function workersOf({
  engine,
  id,
  program,
}: WorkersContext): Promise<readonly number[] | EngineError> {
  const seen = await lookAtProcesses(id, engine);
  if (seen instanceof EngineError) return seen;
  const own = seen.filter(({ title }) => IS_OWN[program].test(title)).map(({ pid }) => pid);
  // haproxy's master bears the same name as its workers.
  return program === 'haproxy' && own.length < 2 ? [] : own;
}

const IS_OWN: Readonly<Record<ConfigCheck['program'], RegExp>> = {
  nginx: /^nginx: worker process/,
  // In brackets at the moment at which its master starts itself anew, when it has no arguments yet.
  haproxy: /^(?:(?:\S*\/)?haproxy(?: |$)|\[haproxy\]$)/,
};

/**
 * What nginx takes to the first answer with new files, many times over. haproxy tries for two seconds to bind what somebody
 * else has: from 3.1 on its new worker, which ends when it cannot; before, its master, which then starts none.
 */
const STAYS_MS: Readonly<Record<ConfigCheck['program'], number>> = { nginx: 1_000, haproxy: 2_500 };

/** Whether these ways of reading files again start new workers, and those that were there leave. */
export function startsWorkers(ways: readonly Reload[], program: ConfigCheck['program']): boolean {
  const signal = { nginx: 'SIGHUP', haproxy: 'SIGUSR2' }[program];
  return ways.some((way) =>
    way.kind === 'signal' ? way.signal === signal : /(?:^|[ /])nginx -s reload$/.test(way.shown.join(' ')),
  );
}

/**
 * Waits for a worker that was not there before, and stays: what passed the check may fail all the same, at an address that
 * cannot be bound for one, and then the old ones go on. Rejects with {@link ReloadError} when there is none within
 * `limitMs`.
 */
export async function awaitNewWorker(
  before: readonly number[],
  context: WorkersContext,
  limitMs: number,
): Promise<void> {
  const { clock, id, program } = context;
  const startedAt = clock.now();
  for (;;) {
    const found = await newWorkers(before, context);
    if (found === null) return;
    if (found.length > 0) {
      await clock.sleep(STAYS_MS[program]);
      const left = await newWorkers(before, context);
      if (left === null || left.length > 0) return;
      throw new ReloadError(`${program} goes on by the old files: its new worker has ended`, [], id);
    }
    if (clock.now() - startedAt >= limitMs)
      throw new ReloadError(
        `${program} goes on by the old files: it has started no new worker within ${elapsed(limitMs)}`,
        [],
        id,
      );
    await clock.sleep(LOOK_MS);
  }
}

/** Null: nothing of it is to be seen, and the gate has to tell. */
async function newWorkers(
  before: readonly number[],
  context: WorkersContext,
): Promise<readonly number[] | null> {
  const now = await workersOf(context);
  if (now instanceof EngineError || now.length === 0) return null;
  return now.filter((pid) => !before.includes(pid));
}
