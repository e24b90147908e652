import { timesOf, type Times } from '../../compiler/journal/times.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import type { Engine } from '../engine.ts';
import { within } from '../within.ts';
import { fetchJournalIfAny } from './fetch-journal.ts';

/** A plan is worth more than times that take longer. */
const LIMIT_MS = 1000;

/**
 * What earlier applies have measured, by `application/container`. Empty where there is no agent, no journal yet, or none that
 * can be read.
 */
export async function fetchTimes(
  engine: Pick<Engine, 'fetchFile'>,
  { agents }: Pick<ObservedState, 'agents'>,
): Promise<ReadonlyMap<string, Times>> {
  const records = await within(LIMIT_MS, fetchJournalIfAny(engine, agents), () => null);
  return timesOf((records ?? []).flatMap((record) => (record.type === 'operation' ? [record] : [])));
}
