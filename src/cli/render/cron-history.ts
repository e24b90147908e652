import type { EndedRun, LeftOut, Run } from '../../compiler/cron/fold.ts';
import type { Job } from '../cron/jobs.ts';
import { phaseOf, type RunPhase } from '../cron/run-phase.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { leftOutJson, RESULT_STYLES, resultText, runJson, second } from './cron.ts';
import type { Style } from './paint.ts';
import { renderTable, type Cell } from './table.ts';
import { duration, minute, plural, printable } from './text.ts';

const HEADINGS = ['RUN', 'DUE (UTC)', 'BEGAN', 'TOOK', 'RESULT', 'WHY'];

/** What became of a job's runs, and what was left out, newest first. */
export function renderHistory(job: Job, nowMs: number, color: boolean): string {
  const runs = (job.state?.runs ?? []).map((run) => [run.beganMs, runCells(run, job, nowMs)] as const);
  const leftOut = (job.state?.leftOut ?? []).map((each) => [each.lastMs, leftOutCells(each)] as const);
  const rows = [...runs, ...leftOut].sort(([a], [b]) => b - a).map(([, cells]) => cells);
  return renderTable(HEADINGS, rows, color);
}

/** The same as one JSON value. */
export function historyJson(stack: string, job: Job, nowMs: number): object {
  const { application, container, state } = job;
  return {
    format_version: OUTPUT_FORMAT_VERSION,
    stack,
    application,
    container,
    runs: (state?.runs ?? []).toReversed().map((run) => runJson(run, job, nowMs)),
    left_out: (state?.leftOut ?? []).toReversed().map(leftOutJson),
  };
}

function runCells(run: Run | EndedRun, job: Job, nowMs: number): readonly Cell[] {
  const { end, by, dueMs, beganMs } = run;
  const phase = end === null ? phaseOf(run, job, nowMs) : null;
  const took = end?.tookMs ?? tookMs(phase, run, nowMs);
  return [
    { text: String(run.run), style: 'bold' },
    {
      text: by !== null || dueMs === null ? `by ${printable(by === null ? 'hand' : by.user)}` : minute(dueMs),
    },
    { text: phase?.kind === 'waits' ? '' : second(beganMs) },
    { text: took === null ? '' : duration(took) },
    end === null ? phaseCell(phase) : { text: resultText(end), style: RESULT_STYLES[end.result] },
    { text: printable(end?.why ?? (phase === null ? '' : whyOf(phase, job))) },
  ];
}

function tookMs(phase: RunPhase | null, { beganMs }: Run, nowMs: number): number | null {
  if (phase?.kind === 'runs') return nowMs - phase.sinceMs;
  return phase?.kind === 'over' && phase.endedMs !== null ? Math.max(0, phase.endedMs - beganMs) : null;
}

function phaseCell(phase: RunPhase | null): Cell {
  switch (phase?.kind) {
    case undefined:
      return { text: '' };
    case 'waits':
      return { text: 'waits', style: 'cyan' };
    case 'starts':
      return { text: 'starts', style: 'cyan' };
    case 'runs':
      return { text: 'goes on', style: 'cyan' };
    case 'over':
      return { text: phase.exitCode === null ? 'over' : `over (${phase.exitCode})`, style: 'yellow' };
    case 'unknown':
      return { text: 'unknown', style: 'yellow' };
    default:
      return unreachable(phase);
  }
}

function whyOf(phase: RunPhase, { isFollowed }: Job): string {
  switch (phase.kind) {
    case 'waits':
      return `starts at ${second(phase.startsMs)}`;
    case 'starts':
    case 'runs':
      return '';
    case 'over':
      return isFollowed ? '' : 'written down when its agent runs again';
    case 'unknown':
      return 'it has no container, and its agent does not run';
    default:
      return unreachable(phase);
  }
}

function leftOutCells(each: LeftOut): readonly Cell[] {
  const { kind, count, firstMs, lastMs } = each;
  const style: Style = kind === 'missed' ? 'red' : 'yellow';
  const several = count === 1 ? [] : [`${plural(count, 'run')}, the first due ${minute(firstMs)}`];
  return [
    { text: '' },
    { text: minute(lastMs) },
    { text: '' },
    { text: '' },
    { text: kind, style },
    { text: printable([...several, leftOutWhy(each)].join(': ')) },
  ];
}

function leftOutWhy(each: LeftOut): string {
  switch (each.kind) {
    case 'skipped':
      return each.why;
    case 'missed':
      return `nobody was there to start ${each.count === 1 ? 'it' : 'them'}${each.caughtUp ? '; one run followed' : ''}`;
    default:
      return unreachable(each);
  }
}
