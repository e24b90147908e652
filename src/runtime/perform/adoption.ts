import { labels } from '../../compiler/labels.ts';
import { recordConfig } from '../../compiler/plan/kept-config.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { EngineError, type Engine } from '../engine.ts';

type Record = Extract<Operation, { kind: 'adoption.record' }>;

/** Makes the container that says what was adopted; succeeds where it is there already. Rejects with `EngineError`. */
export async function recordAdoption(
  engine: Pick<Engine, 'createContainer' | 'findContainer'>,
  op: Record,
): Promise<void> {
  try {
    await engine.createContainer(recordConfig(op));
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind !== 'conflict') throw error;
    const found = await engine.findContainer(op.name);
    if (found?.labels[labels.adopted] !== op.labels[labels.adopted]) throw error;
  }
}

/** Removes it; succeeds when it is gone. Whatever else is called so stays. */
export async function forgetAdoption(
  engine: Pick<Engine, 'findContainer' | 'removeContainer'>,
  name: string,
): Promise<void> {
  const found = await engine.findContainer(name);
  if (found?.labels[labels.role] === 'adopted') await engine.removeContainer(found.id, { volumes: true });
}
