import type { ReportedSource } from './report.ts';

/** `cpu 82 % of 60 %`, `queue 340 of 100`, `cpu not measured: …`. */
export function sourceText({ name, value, target, unit, why }: ReportedSource): string {
  const of = (number: number) => `${rounded(number)}${unit === '' ? '' : ` ${unit}`}`;
  return value === null
    ? `${name} not measured: ${why ?? 'nobody serves'}`
    : `${name} ${of(value)} of ${of(target)}`;
}

/** To three digits, or whole where it is larger. */
function rounded(value: number): string {
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
