import { parsed, unparsed, type Parsed } from './parsed.ts';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A day: longer waits are a mistake, and the engine's own timers end soon after. */
const LONGEST_MS = 86_400_000;

/**
 * Milliseconds of a duration: a number of seconds (`10`, `0.5`, also as a string), or a number with `ms`, `s`,
 * `m` or `h`, several joined (`1m30s`). From 0 to one day; fractions of a millisecond are rounded.
 */
export function parseDuration(written: string | number): Parsed<number> {
  const text = String(written);
  const all = (message: string) =>
    unparsed(message, 0, text.length, 'write seconds as a number, or `500ms`, `10s`, `2m`');
  let ms = 0;
  if (/^\d+(\.\d+)?$/.test(text)) {
    ms = Number(text) * 1000;
  } else if (/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    for (const [, amount, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) {
      ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
    }
  } else {
    return all(`\`${text}\` is not a duration`);
  }
  return ms > LONGEST_MS ? all(`\`${text}\` is longer than a day`) : parsed(Math.round(ms));
}
