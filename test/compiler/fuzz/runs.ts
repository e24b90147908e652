/** How many times as many runs as in `npm test`, and from which seed; see scripts/fuzz.mjs. */
const times = Number(process.env['STACKC_FUZZ_TIMES'] ?? 1);
const seed = process.env['STACKC_FUZZ_SEED'];

/** What a property is run with: another seed each time, which a failure tells with the path to its smallest case. */
export function runs(numRuns: number): { readonly numRuns: number; readonly seed?: number } {
  return { numRuns: numRuns * times, ...(seed === undefined ? {} : { seed: Number(seed) }) };
}

/** Processor time that one text may take: on a busy machine the clock says little about a text. */
export const TIME_LIMIT_S = 2;

/** Processor time gets longer, too, on a busy machine: of so many tries one must keep to the limit. */
export const TRIES = 4;

/** Fails when an act takes longer than any text may. */
export function inTime<T>(act: () => T): T {
  for (let tries = 1; ; tries += 1) {
    const start = process.cpuUsage();
    const result = act();
    const { user, system } = process.cpuUsage(start);
    const tookS = (user + system) / 1e6;
    if (tookS <= TIME_LIMIT_S) return result;
    if (tries === TRIES) throw new Error(`it took ${tookS} s`);
  }
}
