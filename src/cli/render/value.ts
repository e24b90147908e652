import { printable } from './text.ts';

/** Stands for a value that there is not. */
const NONE = '(none)';

const UNITS = [
  ['GiB', 2 ** 30],
  ['MiB', 2 ** 20],
  ['KiB', 2 ** 10],
] as const;

/** A value of a reason as people say it: `200 MiB` for `209715200`, `no limit` where 0 or nothing means that. */
export function humanValue(field: string, value: string | null): string {
  switch (field) {
    case 'memory':
      return value === null || value === '0' ? 'no limit' : bytes(value);
    case 'cpus':
      return value === null || value === '0' ? 'no limit' : value;
    case 'shm_size':
      return value === null ? "the engine's default" : bytes(value);
    case 'read_only':
      return value === 'true' ? 'yes' : 'no';
    case 'init':
      return value === null ? "the engine's default" : value === 'true' ? 'yes' : 'no';
    case 'ulimits':
      return ulimits(value ?? NONE);
    default:
      return value === null ? NONE : printable(value);
  }
}

/** `nofile=1024` where both limits are the same. */
function ulimits(text: string): string {
  return printable(text)
    .replaceAll(/=([^:,]+):\1(?=,|$)/g, '=$1')
    .replaceAll(/(?<=[=:])-1(?!\d)/g, 'unlimited');
}

/** Exact: a size that no unit tells with two decimals stays a number of bytes. */
function bytes(text: string): string {
  if (!/^\d+$/.test(text)) return printable(text);
  for (const [unit, size] of UNITS) {
    const count = Number(text) / size;
    if (count >= 1 && Number.isInteger(count * 100)) return `${count} ${unit}`;
  }
  return `${text} bytes`;
}
