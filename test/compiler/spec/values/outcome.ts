import type { Parsed } from '../../../../src/compiler/spec/values/parsed.ts';

/** The value, or `«place» message` with the place marked in the text. */
export function outcome<T>(text: string, result: Parsed<T>): T | string {
  if (result.ok) return result.value;
  const { start, end, message } = result.problem;
  return `${text.slice(0, start)}«${text.slice(start, end)}»${text.slice(end)}: ${message}`;
}
