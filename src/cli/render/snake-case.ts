/** Records whose keys are data (label names, paths), not field names. */
const VERBATIM: ReadonlySet<string> = new Set(['labels', 'sysctls', 'tmpfs']);

/** A value for JSON output: field names in snake_case, everywhere but in records whose keys are data. */
export function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: readonly [string, unknown]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      VERBATIM.has(key) ? inner : snakeCase(inner),
    ]),
  );
}
