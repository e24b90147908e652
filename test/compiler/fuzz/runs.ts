/** How many times as many runs as in `npm test`, and from which seed; see scripts/fuzz.mjs. */
const times = Number(process.env['STACKC_FUZZ_TIMES'] ?? 1);
const seed = process.env['STACKC_FUZZ_SEED'];

/** What a property is run with: another seed each time, which a failure tells with the path to its smallest case. */
export function runs(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: numRuns * times, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** Processor time that one text may take. On a busy machine the clock says little. */
const LIMIT_S = 2;

/** Fails when an act takes longer than any text may. */
export function inTime<T>(act: () => T): T {
  const start = process.cpuUsage();
  const result = act();
  const { user, system } = process.cpuUsage(start);
  const tookS = (user + system) / 1e6;
  if (tookS > LIMIT_S) throw new Error(`it took ${tookS} s`);
  return result;
}
