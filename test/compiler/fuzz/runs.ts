/** How many times as many runs as in `npm test`, and from which seed; see scripts/fuzz.mjs. */
const times = Number(process.env['STACKC_FUZZ_TIMES'] ?? 1);
const seed = process.env['STACKC_FUZZ_SEED'];

/** What a property is run with: another seed each time, which a failure tells with the path to its smallest case. */
export function runs(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: numRuns * times, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/**
 * Processor time that one text may take: 2 s on a machine that has nothing else to do, and processor time gets longer too on one
 * that has.
 */
const LIMIT_S = 6;

/** Fails when an act takes longer than any text may. */
export function inTime<T>(act: () => T): T {
  const start = process.cpuUsage();
  const result = act();
  const { user, system } = process.cpuUsage(start);
  const tookS = (user + system) / 1e6;
  if (tookS > LIMIT_S) throw new Error(`it took ${tookS} s`);
  return result;
}
