import type { JournalReader } from '../runtime/journal/fetch-journal.ts';
import type { StatusRow } from './render/status.ts';

/** Of each instance that broke again too often to be healed, in words; none where the journal cannot be read. */
export async function leftAlone(
  read: JournalReader,
  rows: readonly StatusRow[],
  nowMs: number,
): Promise<readonly string[]> {
  const broken = rows.filter(({ ok, container, instance }) => !ok && instance !== container);
  if (broken.length === 0) return [];
  const [{ revisionsOf }, { healedAt, healingsSince }, { isTooOften }, { HEAL_LIMITS }] = await Promise.all([
    import('../compiler/journal/revisions.ts'),
    import('../compiler/heal/settled.ts'),
    import('../compiler/heal/policy.ts'),
    import('../compiler/heal/limits.ts'),
  ]);
  const times = healedAt(healingsSince(revisionsOf((await read()) ?? [])));
  return broken.flatMap(({ application, instance }) => {
    const healedMs = times.get(`${application}/${instance}`) ?? [];
    if (!isTooOften(healedMs, nowMs, HEAL_LIMITS)) return [];
    return [
      `${instance} was healed ${healedMs.length} times and broke each time: it is left alone for an hour, or until the next \`stack apply\`; \`stack logs ${instance}\` may tell why`,
    ];
  });
}
