import type { ProofFailure, ProofPhase, ProofReport } from '../../runtime/prove/proof.ts';
import type { TrafficSummary } from '../../runtime/prove/traffic-summary.ts';
import { OUTPUT_FORMAT_VERSION } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';
import { printable } from './text.ts';

/** A failed request, with the operations that were under way when it was found. */
export interface SeenFailure extends ProofFailure {
  readonly underWay: readonly string[];
}

const PHASES: readonly ProofPhase[] = ['before', 'during', 'after'];

/** The live line: `1,204 requests, 0 failed, p99 11 ms`. */
export function proofLine({ total }: ProofReport): string {
  return summaryText(total);
}

/** The whole of it, then before, during and after, then the failures that are kept. */
export function renderProof(report: ProofReport, failures: readonly SeenFailure[]): readonly string[] {
  return [
    `Proof: ${summaryText(report.total)}`,
    ...PHASES.filter((phase) => report.phases[phase].sent > 0).map(
      (phase) => `  ${phase.padEnd(6)}  ${summaryText(report.phases[phase])}`,
    ),
    ...failures.slice(0, report.failures.length).map(failureText),
  ];
}

/** The last of an apply's events: `proof`. */
export function proofJson(report: ProofReport, failures: readonly SeenFailure[]): object {
  return {
    type: 'proof',
    format_version: OUTPUT_FORMAT_VERSION,
    total: snakeCase(report.total),
    phases: Object.fromEntries(PHASES.map((phase) => [phase, snakeCase(report.phases[phase])])),
    failures: failures.slice(0, report.failures.length).map(({ phase, sentMs, what, underWay }) => ({
      phase,
      sent_at: new Date(sentMs).toISOString(),
      what,
      under_way: underWay,
    })),
  };
}

function summaryText({ sent, failed, p50Ms, p99Ms, slowestMs }: TrafficSummary): string {
  const times = p50Ms === null ? '' : `, p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}, slowest ${ms(slowestMs)}`;
  return `${thousands(sent)} request${sent === 1 ? '' : 's'}, ${thousands(failed)} failed${times}`;
}

function failureText({ sentMs, what, underWay }: SeenFailure): string {
  const time = new Date(sentMs).toISOString().slice(11, 23);
  const meanwhile = underWay.length === 0 ? '' : `; under way: ${underWay.join(', ')}`;
  return `  failed at ${time}: ${printable(what)}${meanwhile}`;
}

function ms(value: number | null): string {
  if (value === null) return '–';
  return value < 9.95 ? `${value.toFixed(1)} ms` : `${thousands(Math.round(value))} ms`;
}

function thousands(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
