/** Requests in numbers. Times in milliseconds, of all that were answered or failed; null when there were none. */
export interface TrafficSummary {
  readonly sent: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly slowestMs: number | null;
}

/** Percentiles by the nearest rank: the smallest time that at least that share did not exceed. */
export function summarize(sent: number, failed: number, times: readonly number[]): TrafficSummary {
  const sorted = Float64Array.from(times).sort();
  const rank = (share: number): number | null =>
    sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
  return { sent, failed, p50Ms: rank(0.5), p99Ms: rank(0.99), slowestMs: rank(1) };
}
