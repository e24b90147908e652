import { begunRevisions, keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import { differences } from '../../compiler/revision/differences.ts';
import type { Plan, Subject } from '../../compiler/plan/plan.ts';
import type { Engine } from '../../runtime/engine.ts';
import { readRevision } from '../../runtime/revisions/stored.ts';
import type { ResolvedStack } from '../plan-stack.ts';
import { storedRevision } from './store.ts';

/**
 * What an apply that touches nothing has to write down all the same: `stack heal` and `stack scale` go by the newest revision that
 * is kept, and do nothing after an apply that was of a part of the file or did not come to its end. In words; none where that
 * revision says the same.
 */
export async function notedOf(
  resolved: ResolvedStack,
  { changes }: Pick<Plan, 'changes'>,
  engine: Engine,
): Promise<readonly string[]> {
  const { desired, observed } = resolved;
  const [newest] = keptRevisions(desired.stack, observed.kept);
  const [begun] = begunRevisions(desired.stack, observed.kept);
  if (newest === undefined) return ['all of the file: nothing of it is kept'];
  if (begun !== undefined && begun.revision > newest.revision)
    return ['all of the file: the last apply did not come to its end, or was of a part of it'];
  const before = await readRevision(engine, newest.id);
  if (!('content' in before)) return [`all of the file: of what is kept ${before.reason}`];
  const selection = { include: [], force: [], only: [], allowRemoveAll: false, migrations: true };
  const now = await storedRevision(resolved, selection);
  const held = changes.filter(({ action }) => action === 'hold').flatMap(({ subject }) => placeOf(subject));
  const places = differences(before.content, now.content) ?? ['all of the file'];
  // What is held stays as it was applied, until it is named.
  return places.filter((place) => !held.some((own) => place === own || place.startsWith(`${own}.`)));
}

function placeOf(subject: Subject): readonly string[] {
  return subject.kind === 'instance' ? [`deploy.${subject.application}.containers.${subject.container}`] : [];
}
