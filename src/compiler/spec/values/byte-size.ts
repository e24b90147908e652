import { parsed, unparsed, type Parsed } from './parsed.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};

/**
 * Bytes of a size as `docker run --memory` reads it: plain bytes, or a number with `b`, `k`, `m`, `g` or `t`
 * (powers of 1024), `kb` and `kib` alike, in either case. Whole bytes, more than none.
 */
export function parseByteSize(written: string | number): Parsed<number> {
  const text = String(written);
  const match = /^(\d+(?:\.\d+)?) ?(?:([bkmgt])|([kmgt])i?b)?$/i.exec(text);
  const unit = (match?.[2] ?? match?.[3] ?? '').toLowerCase();
  const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * (UNIT_BYTES[unit] ?? Number.NaN));
  return Number.isSafeInteger(bytes) && bytes > 0
    ? parsed(bytes)
    : unparsed(`\`${text}\` is not a size`, 0, text.length, 'write bytes as a number, or `512m`, `1g`');
}
