import type { DesiredContainer, DesiredHook, DesiredState } from '../../compiler/desired/desired-state.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import type { Engine } from '../engine.ts';
import { lines } from '../log-lines.ts';
import type { Images } from '../perform/images.ts';
import { startRun } from './container-run.ts';
import { HookError } from './hook-error.ts';
import { hookVariables, type HookFacts, type HookMoment } from './hook-facts.ts';
import { startCommand } from './operator-command.ts';
import type { Running } from './running.ts';

/** How much of a failed hook's output goes into the failure. */
const TAIL = 20;

/** How long the last words of one that has ended are waited for. */
const LAST_WORDS_MS = 2_000;

/** Where hooks are run, and what they are told. */
export interface HookWorld {
  /** The stack file's: commands start there. */
  readonly folder: string;
  /** The operator's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly facts: HookFacts;
}

/** What a hook is run with. */
export interface HookRun {
  readonly desired: DesiredState;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly images: Pick<Images, 'obtain'>;
  readonly onOutput: (line: string) => void;
  /** Aborted: it is asked to end. */
  readonly finish?: AbortSignal | undefined;
  /** Aborted: it is ended at once. */
  readonly stop?: AbortSignal | undefined;
}

/**
 * Runs a hook to its end, its output told line by line. Rejects with {@link HookError} where it does not succeed, does not
 * end within its time, or is ended; with `EngineError` where a container cannot be run.
 */
export async function runHook(world: HookWorld, moment: HookMoment, run: HookRun): Promise<void> {
  const hook = run.desired.hooks.find(({ name }) => name === moment.hook);
  if (hook === undefined)
    throw new Error(`the plan runs the hook \`${moment.hook}\`, which the file does not have`);
  run.finish?.throwIfAborted();
  const running = await start(hook, world, hookVariables(world.facts, moment), run);
  try {
    await toItsEnd(hook, running, run);
  } finally {
    await running.release();
  }
}

async function start(
  { name, command, shown, container: key }: DesiredHook,
  { folder, env, facts }: HookWorld,
  variables: Readonly<Record<string, string>>,
  { desired, engine, clock, images }: HookRun,
): Promise<Running> {
  if (key === null) return startCommand(command, { folder, env: { ...env, ...variables }, clock });
  const container = desired.containers.find((one) => one.key === key);
  if (container === undefined) throw new Error(`a hook runs in \`${key}\`, which the file does not describe`);
  const missing = await missingVolumes(container, desired, engine);
  if (missing.length > 0)
    throw new HookError(
      `the hook \`${name}\` cannot be run: the engine lacks volume ${missing.join(', ')}, which an apply of all makes`,
      [],
    );
  const imageId = await images.obtain(container);
  return startRun({ stack: facts.stack, container, imageId, command, shown, variables }, { engine, clock });
}

/** The engine would make them by itself, without the labels that make them the stack's. */
async function missingVolumes(
  { template }: DesiredContainer,
  { volumes }: DesiredState,
  engine: Engine,
): Promise<readonly string[]> {
  const own = new Set(volumes.filter(({ adopted }) => !adopted).map(({ name }) => name));
  const wanted = template.spec.mounts.flatMap(({ type, source }) =>
    type === 'volume' && own.has(source) ? [source] : [],
  );
  if (wanted.length === 0) return [];
  const present = new Set((await engine.listVolumes([])).map(({ name }) => name));
  return wanted.filter((name) => !present.has(name));
}

async function toItsEnd(
  { name, timeoutMs }: DesiredHook,
  running: Running,
  { clock, finish, stop, onOutput }: HookRun,
): Promise<void> {
  const over = new AbortController();
  const tail: string[] = [];
  const output = (async () => {
    for await (const line of lines(running.output)) {
      tail.push(line);
      if (tail.length > TAIL) tail.shift();
      onOutput(line);
    }
  })();
  output.catch(() => undefined);
  const limit = clock.sleep(timeoutMs, over.signal).then(() => 'late' as const);
  limit.catch(() => undefined);
  const asked = new Promise<'ended'>((settle) => {
    finish?.addEventListener('abort', () => settle('ended'), { signal: over.signal });
    // While it was started.
    if (finish?.aborted === true) settle('ended');
  });
  stop?.addEventListener('abort', running.kill, { signal: over.signal });
  if (stop?.aborted === true) running.kill();
  try {
    const first = await Promise.race([running.exit, limit, asked]);
    if (first === 'late' || first === 'ended') await running.end();
    await Promise.race([output.catch(() => undefined), clock.sleep(LAST_WORDS_MS, over.signal)]);
    if (first === 'late')
      throw new HookError(`the hook \`${name}\` did not end within ${elapsed(timeoutMs)}`, tail);
    if (first === 'ended') throw new HookError(`the hook \`${name}\` was ended`, tail);
    if (first !== null) throw new HookError(`the hook \`${name}\` ${first}`, tail);
  } finally {
    over.abort();
  }
}
