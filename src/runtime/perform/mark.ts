import type { Operation } from '../../compiler/plan/operation.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { phaseOf } from '../observe.ts';

const RETRY_MS = 50;
const PATIENCE_MS = 1_000;

/** What tells a generation that is current from others. */
export type Mark = Extract<Operation, { kind: 'container.policy' | 'container.rename' }>;

/** What a container is marked with. `onEnd` is called when it has just ended, and may reject instead of going on. */
export interface MarkContext {
  readonly engine: Pick<Engine, 'updateRestart' | 'renameContainer' | 'stopContainer' | 'startContainer'>;
  readonly clock: Clock;
  readonly onEnd: () => Promise<void>;
}

/**
 * Gives a container its restart policy or its name, in whatever state it is. The engine refuses both around its end, and the
 * name for as long as it waits to be started again: one that keeps ending is stopped for that, and started again.
 */
export async function mark(op: Mark, id: string, context: MarkContext): Promise<string | null> {
  try {
    return await markContainer(op, id, context);
  } catch (error) {
    // Whoever removed it by hand has done what its leaving was to come to: no reason to take its successor back.
    if (error instanceof EngineError && error.kind === 'not-found' && isLeaving(op))
      return 'it is gone already';
    throw error;
  }
}

/** What is done to a generation that gives way to another. */
function isLeaving(op: Mark): boolean {
  if (op.kind === 'container.policy') return op.policy === 'no';
  const phase = phaseOf(op.name);
  return phase === 'failed' || (phase === 'old' && op.target.kind !== 'created');
}

/** What is done to a generation that takes the place of another. */
export function isBecoming(op: Mark): boolean {
  return op.kind === 'container.policy' ? op.policy !== 'no' : phaseOf(op.name) === 'current';
}

async function markContainer(op: Mark, id: string, context: MarkContext): Promise<string | null> {
  const { engine } = context;
  if (op.kind === 'container.policy') {
    await patiently(() => engine.updateRestart(id, op.policy, op.maxRetries), context);
    return null;
  }
  const rename = () => engine.renameContainer(id, op.name);
  try {
    await patiently(rename, context);
    return null;
  } catch (error) {
    if (!isBetweenRuns(error)) throw error;
  }
  await engine.stopContainer(id, null);
  await rename();
  await engine.startContainer(id);
  return 'it keeps ending, and was stopped for this and started again';
}

async function patiently(call: () => Promise<void>, { clock, onEnd }: MarkContext): Promise<void> {
  const deadline = clock.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isBetweenRuns(error) || clock.now() >= deadline) throw error;
    }
    await onEnd();
    await clock.sleep(RETRY_MS);
  }
}

function isBetweenRuns(error: unknown): boolean {
  return error instanceof EngineError && error.kind === 'between-runs';
}
