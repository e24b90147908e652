/** `40 ms`, `2.1 s`, `3 min`: about as exact as an estimate is. */
export function durationWords(ms: number): string {
  if (ms < 995) return `${ms < 10 ? Math.round(ms) : Math.round(ms / 10) * 10} ms`;
  if (ms < 120_000) return `${ms < 10_000 ? Math.round(ms / 100) / 10 : Math.round(ms / 1000)} s`;
  return `${Math.round(ms / 60_000)} min`;
}
