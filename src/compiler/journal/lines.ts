import { checksum } from './checksum.ts';
import type { OperationRecord, Told } from './record.ts';

/** Raised when a field changes its meaning; lines of another version are passed over. */
const VERSION = 1;

/** What every line ends with: the checksum of the line without it. */
const SUM = /^(\{.*),"sum":"([0-9a-f]{8})"\}$/s;

/** A record as one line of the journal, without its line end: JSON that closes with a checksum of all before it. */
export function journalLine({ atMs, tookMs, told, ...rest }: OperationRecord): string {
  const record = {
    v: VERSION,
    type: 'operation',
    at: new Date(atMs).toISOString(),
    took_ms: Math.round(tookMs),
    ...rest,
    told: told === null ? null : toldJson(told),
  };
  const body = JSON.stringify(record).slice(0, -1);
  return `${body},"sum":"${checksum(`${body}}`)}"}`;
}

function toldJson(told: Told): object {
  if (told.kind === 'drain') return told;
  const { limitMs, ...rest } = told;
  return { ...rest, limit_ms: limitMs };
}

/**
 * The records of a journal, in the order in which they were written. What is torn, damaged, of another version or of
 * another type is passed over: it never throws.
 */
export function readJournal(text: string): readonly OperationRecord[] {
  return text.split('\n').flatMap((line) => recordIn(line) ?? []);
}

function recordIn(line: string): OperationRecord | null {
  const [, body = '', sum] = SUM.exec(line) ?? [];
  if (sum === undefined || checksum(`${body}}`) !== sum) return null;
  // What bears the right sum is as it was written; another program may have written it all the same.
  const fields = parsed(`${body}}`);
  if (fields === null || fields['v'] !== VERSION || fields['type'] !== 'operation') return null;
  const { apply, op, container, instance, generation, at, took_ms: tookMs, result, told } = fields;
  const atMs = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  if (typeof apply !== 'string' || typeof op !== 'string') return null;
  if (!isTextOrNull(container) || !isTextOrNull(instance) || !isCountOrNull(generation)) return null;
  if (Number.isNaN(atMs) || !isCount(tookMs)) return null;
  if (result !== 'done' && result !== 'failed' && result !== 'stopped') return null;
  return { apply, op, container, instance, generation, atMs, tookMs, result, told: toldIn(told) };
}

type Fields = Readonly<Record<string, unknown>>;

function parsed(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

function toldIn(value: unknown): Told | null {
  if (!isFields(value)) return null;
  const { kind, forced, limit_ms: limitMs, made, ms, open } = value;
  if (kind === 'stop' && typeof forced === 'boolean' && isCountOrNull(limitMs) && isTextOrNull(made))
    return { kind, forced, limitMs, made };
  if (kind === 'drain' && isCount(ms) && isCountOrNull(open)) return { kind, ms, open };
  return null;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isCountOrNull(value: unknown): value is number | null {
  return value === null || isCount(value);
}
