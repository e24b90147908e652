import { checksum } from './checksum.ts';

/** What every line ends with: the checksum of the line without it. */
const SUM = /^(\{.*),"sum":"([0-9a-f]{8})"\}$/s;

/** Fields, at least one, as one line without its line end: JSON that closes with a checksum of all before it. */
export function sealLine(fields: object): string {
  const body = JSON.stringify(fields).slice(0, -1);
  return `${body},"sum":"${checksum(`${body}}`)}"}`;
}

/** What a sealed line says; `undefined` for one that is torn, damaged or none. Never throws. */
export function openLine(line: string): unknown {
  const [, body = '', sum] = SUM.exec(line) ?? [];
  if (sum === undefined || checksum(`${body}}`) !== sum) return undefined;
  // What bears the right sum is as it was written; another program may have written it all the same.
  try {
    return JSON.parse(`${body}}`);
  } catch {
    return undefined;
  }
}
