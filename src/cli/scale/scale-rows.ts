import type { SetCount } from '../../compiler/journal/record.ts';
import type { Revision } from '../../compiler/journal/revisions.ts';
import type { PlannedCount } from '../../compiler/plan/plan.ts';
import { SCALE_FILE } from '../../compiler/scale/places.ts';
import type { ReportedScale, ScaleReport } from '../../compiler/scale/report.ts';
import { isOldReport, scaleReportFrom } from '../../compiler/scale/report.ts';
import type { ContainerSummary, Engine } from '../../runtime/engine.ts';
import type { JournalReader } from '../../runtime/journal/fetch-journal.ts';

/** What `stack status` tells of one scaled container. */
export interface ScaleRow {
  /** `application/container`. */
  readonly key: string;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** What was set last, with what it was before, where the journal still knows; null: it is as the file says. */
  readonly set: SetCount | null;
  /** What the scaler saw last; null: it has not looked at it since it was changed, or nobody scales it by itself. */
  readonly seen: ReportedScale | null;
}

/** What `stack status` tells of scaling. */
export interface ScaleStatus {
  readonly rows: readonly ScaleRow[];
  /** Why nothing is scaled by itself; null: it is, or nothing is to be. */
  readonly idle: string | null;
}

/** Where nothing is scaled. */
const NOTHING_SCALED: ScaleStatus = { rows: [], idle: null };

/**
 * What is scaled, by a plan of the file (`counts`; null: there is no file) and by what the scaler has kept. One read of the engine,
 * where a stack has an agent that may scale, and one of the journal where something is.
 */
export async function scaleStatus(
  engine: Pick<Engine, 'fetchFile'>,
  {
    agent,
    counts,
    journal,
    nowMs,
  }: {
    readonly agent: Pick<ContainerSummary, 'id' | 'name' | 'state'> | null;
    readonly counts: readonly PlannedCount[] | null;
    readonly journal: JournalReader;
    readonly nowMs: number;
  },
): Promise<ScaleStatus> {
  if (counts?.length === 0 || (counts === null && agent === null)) return NOTHING_SCALED;
  const report = agent === null ? null : await reportOf(engine, agent.id);
  const named =
    counts?.map(({ container, count, min, max }) => ({ key: String(container), count, min, max })) ??
    report?.containers.map(({ key, count, min, max }) => ({ key, count, min, max })) ??
    [];
  if (named.length === 0) return NOTHING_SCALED;
  const revisions = await revisionsIn(journal);
  const sets = await lastSets(revisions);
  const isBefore = report !== null && report.atMs < (await lastApplyMs(revisions));
  const seen = new Map((isBefore ? [] : report?.containers)?.map((one) => [one.key, one]));
  const rows = named.map((one): ScaleRow => {
    const set = sets.get(one.key) ?? null;
    const last = seen.get(one.key);
    // What was wanted beside another number says nothing of this one.
    return { ...one, set, seen: last?.count === one.count ? last : null };
  });
  return { rows, idle: idleWords(agent, report, { counts, nowMs, isBefore }) };
}

async function reportOf(engine: Pick<Engine, 'fetchFile'>, agent: string): Promise<ScaleReport | null> {
  const found = await engine.fetchFile(agent, SCALE_FILE);
  return found?.kind === 'file' ? scaleReportFrom(new TextDecoder().decode(found.content)) : null;
}

async function revisionsIn(read: JournalReader): Promise<readonly Revision[]> {
  const { revisionsOf } = await import('../../compiler/journal/revisions.ts');
  return revisionsOf((await read()) ?? []);
}

/** When the last apply that came to its end did so, in milliseconds since the epoch; 0: none did. */
async function lastApplyMs(revisions: readonly Revision[]): Promise<number> {
  const { withoutUpkeep } = await import('../../compiler/heal/settled.ts');
  const last = withoutUpkeep(revisions).at(-1);
  return last === undefined || last.end?.result !== 'done' ? 0 : Math.floor(last.end.atMs);
}

/** What was set last, with what it was before where a scaling of the journal says so. */
async function lastSets(revisions: readonly Revision[]): Promise<ReadonlyMap<string, SetCount>> {
  const { setCounts } = await import('../../compiler/scale/set-counts.ts');
  const changes = new Map<string, SetCount>();
  for (const { counts = [], end } of revisions)
    for (const set of counts)
      if (set.from !== set.to && end?.result === 'done') changes.set(set.container, set);
  return new Map(
    [...setCounts(revisions)].map(([key, set]) => {
      const change = changes.get(key);
      return [key, change?.at === set.at && change.to === set.to ? change : set] as const;
    }),
  );
}

function idleWords(
  agent: Pick<ContainerSummary, 'name' | 'state'> | null,
  report: ScaleReport | null,
  {
    counts,
    nowMs,
    isBefore,
  }: {
    readonly counts: readonly PlannedCount[] | null;
    readonly nowMs: number;
    /** Whether the report is older than the end of the last apply. */
    readonly isBefore: boolean;
  },
): string | null {
  if (counts !== null && counts.every(({ follows }) => !follows)) return null;
  if (agent === null) return 'nothing is scaled by itself: there is no agent for it; `stack apply` makes it';
  if (agent.state !== 'running')
    return `nothing is scaled by itself: the agent \`${agent.name}\` is ${agent.state}; \`stack apply\` brings it back`;
  if (report === null) return 'nothing has been measured yet';
  const isOld = isOldReport(report, nowMs);
  if (isBefore && !isOld) return 'nothing has been measured since the last apply: the next look is due';
  if (!isBefore && report.idle !== null) return `nothing is scaled by itself: ${report.idle}`;
  return isOld ? `what was measured is old: \`docker logs ${agent.name}\` may tell why` : null;
}
