/**
 * JSON with the keys of every object in code-unit order and no white space: equal values have equal bytes, on
 * every machine. Arrays keep their order; `undefined` members are left out, as in `JSON.stringify`.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, sortedKeys) ?? 'null';
}

function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  // A null prototype, so that a key `__proto__` stays an ordinary one.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.create has no type of its own
  const sorted = Object.create(null) as Record<string, unknown>;
  for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    sorted[key] = member;
  return sorted;
}
