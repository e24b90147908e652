import { HookError } from '../../runtime/hooks/hook-error.ts';
import { runHook, type HookWorld } from '../../runtime/hooks/run-hook.ts';
import { EngineError } from '../../runtime/engine.ts';
import { maskSecrets } from '../../runtime/mask-secrets.ts';
import { Images } from '../../runtime/perform/images.ts';
import { exitCode, exitCodeOf } from '../exit-code.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { printable } from '../render/text.ts';
import type { Walk } from '../walk-plan.ts';

/**
 * Runs what comes after an apply that has begun: `after_apply`, or `on_failure`; neither after one that was interrupted. It
 * changes nothing of what the apply came to: that it fails is a warning. A signal ends it.
 */
export async function runLastHook(
  context: CommandContext,
  { plan, desired, engine, auth, secrets, results }: Walk,
  world: HookWorld,
  { code, startedAtMs }: { readonly code: number; readonly startedAtMs: number },
): Promise<void> {
  const { io } = context;
  const isDone = code === exitCode.done;
  const isInterrupted = code === exitCode.interrupted || code === exitCode.terminated;
  const wanted = isDone ? 'after_apply' : 'on_failure';
  const planned = plan.hooks.find(({ hook }) => hook === wanted);
  if (planned === undefined || desired === null || results?.hasBegun !== true || isInterrupted) return;
  const mask = maskSecrets(secrets, desired);
  const finish = new AbortController();
  const stop = new AbortController();
  const letGo = io.onSignal((signal) => {
    if (stop.signal.aborted) return io.exit(exitCodeOf(signal));
    (finish.signal.aborted ? stop : finish).abort();
  });
  const ended = { result: isDone ? 'done' : 'failed', tookMs: io.clock.now() - startedAtMs } as const;
  try {
    await runHook(
      world,
      { hook: wanted, revision: results.revision, ended },
      {
        desired,
        engine,
        clock: io.clock,
        images: new Images({ engine, auth }),
        onOutput: (line) => writeNote(context, `    hook ${wanted} │ ${printable(mask(line))}`),
        finish: finish.signal,
        stop: stop.signal,
      },
    );
  } catch (error) {
    if (!(error instanceof HookError) && !(error instanceof EngineError)) throw error;
    const why =
      error instanceof HookError ? error.message : `the hook \`${wanted}\` cannot be run: ${error.message}`;
    writeNote(
      context,
      `warning: ${printable(mask(why))}; the apply is ${isDone ? 'done' : 'over'} all the same`,
    );
  } finally {
    letGo();
  }
}
