import { parsed, unparsed, type Parsed } from './parsed.ts';

/** Reads accepted HTTP statuses: `200`, `2xx`, `200-299` or a list of those, as inclusive ranges. */
export function parseStatus(text: string): Parsed<readonly (readonly [number, number])[]> {
  const ranges: (readonly [number, number])[] = [];
  let start = 0;
  for (const item of text.split(',')) {
    const match = /^\s*(?:([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?)\s*$/i.exec(item);
    const first = Number(match?.[1] === undefined ? match?.[2] : `${match[1]}00`);
    const last = match?.[1] === undefined ? Number(match?.[3] ?? first) : first + 99;
    if (match === null || last < first) {
      return unparsed(
        `\`${item.trim()}\` is not an HTTP status`,
        start,
        Math.max(start + item.length, 1),
        'write `200`, `2xx`, `200-299` or a list of those',
      );
    }
    ranges.push([first, last]);
    start += item.length + 1;
  }
  return parsed(ranges);
}
