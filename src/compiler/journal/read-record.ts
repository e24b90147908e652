import { isCount, isCountOrNull, isFields, isTextOrNull, isTexts, type Fields } from './field-kinds.ts';
import type {
  ApplyCommand,
  JournalRecord,
  PlannedChange,
  PlannedOperation,
  RecordedFailure,
  RecordedImage,
  SetCount,
  Told,
} from './record.ts';

/** A line of the journal, parsed, as a record; null for what is none of this version. */
export function recordFrom(value: unknown, version: number): JournalRecord | null {
  if (!isFields(value) || value['v'] !== version || typeof value['apply'] !== 'string') return null;
  const { apply } = value;
  const timed = timesIn(value);
  switch (value['type']) {
    case 'operation':
      return timed === null ? null : operationIn(value, { apply, ...timed });
    case 'apply':
      return timed === null ? null : applyIn(value, { apply, atMs: timed.atMs });
    case 'images':
      return imagesIn(value, apply);
    case 'plan':
      return planIn(value, apply);
    case 'start': {
      const { nodes, back } = value;
      if (timed === null || !isTexts(nodes) || typeof back !== 'boolean') return null;
      return { type: 'start', apply, atMs: timed.atMs, nodes, back };
    }
    case 'back': {
      const { node, result } = value;
      if (timed === null || typeof node !== 'string' || (result !== 'done' && result !== 'failed'))
        return null;
      return { type: 'back', apply, ...timed, node, result };
    }
    case 'end': {
      const { result, done, failed, left } = value;
      if (timed === null || !isResult(result) || !isCount(done) || !isCount(failed) || !isCount(left))
        return null;
      return { type: 'end', apply, ...timed, result, done, failed, left };
    }
    default:
      return null;
  }
}

interface Timed {
  readonly apply: string;
  readonly atMs: number;
  readonly tookMs: number;
}

function timesIn({ at, took_ms: tookMs = 0 }: Fields): Omit<Timed, 'apply'> | null {
  const atMs = typeof at === 'string' ? Date.parse(at) : Number.NaN;
  return Number.isNaN(atMs) || !isCount(tookMs) ? null : { atMs, tookMs };
}

function operationIn(fields: Fields, timed: Timed): JournalRecord | null {
  const { node = null, op, container, instance, generation, result, told, failure } = fields;
  if (typeof op !== 'string' || !isTextOrNull(node) || !isResult(result)) return null;
  if (!isTextOrNull(container) || !isTextOrNull(instance) || !isCountOrNull(generation)) return null;
  const { apply, ...times } = timed;
  return {
    type: 'operation',
    apply,
    node,
    op,
    container,
    instance,
    generation,
    ...times,
    result,
    told: toldIn(told),
    failure: failureIn(failure),
  };
}

function applyIn(fields: Fields, begun: Omit<Timed, 'tookMs'>): JournalRecord | null {
  const { revision, command, of = null, user, host, program, file, git, operations, counts } = fields;
  const set = Array.isArray(counts) ? counts.filter(isSetCount) : [];
  if (!isCount(revision) || !isCommand(command) || !isCount(operations)) return null;
  if (!isCountOrNull(of)) return null;
  if (typeof user !== 'string' || typeof host !== 'string' || typeof program !== 'string') return null;
  if (!isTextOrNull(file)) return null;
  return {
    type: 'apply',
    ...begun,
    revision,
    command,
    of,
    user,
    host,
    program,
    file,
    git:
      isFields(git) && typeof git['commit'] === 'string'
        ? { commit: git['commit'], dirty: git['dirty'] === true }
        : null,
    operations,
    ...(set.length === 0 ? {} : { counts: set }),
  };
}

function isSetCount(value: unknown): value is SetCount {
  if (!isFields(value)) return false;
  const { container, from, to, by, at, why } = value;
  if (typeof container !== 'string' || typeof by !== 'string' || !isTextOrNull(why)) return false;
  return isCount(from) && isCount(to) && isCount(at);
}

const COMMANDS: readonly unknown[] = ['apply', 'destroy', 'rollback', 'resume', 'abort', 'heal', 'scale'];

function isCommand(value: unknown): value is ApplyCommand {
  return COMMANDS.includes(value);
}

function imagesIn({ images }: Fields, apply: string): JournalRecord | null {
  if (!Array.isArray(images) || !images.every(isImage)) return null;
  return { type: 'images', apply, images };
}

function isImage(value: unknown): value is RecordedImage {
  return isFields(value) && typeof value['id'] === 'string' && isTextOrNull(value['reference']);
}

function planIn({ changes, operations }: Fields, apply: string): JournalRecord | null {
  if (!Array.isArray(changes) || !changes.every(isChange)) return null;
  if (!Array.isArray(operations) || !operations.every(isOperation)) return null;
  return { type: 'plan', apply, changes, operations };
}

function isChange(value: unknown): value is PlannedChange {
  if (!isFields(value)) return false;
  const { id, action, from, to, fields } = value;
  if (typeof id !== 'string' || typeof action !== 'string') return false;
  return isCountOrNull(from) && isCountOrNull(to) && isTexts(fields);
}

function isOperation(value: unknown): value is PlannedOperation {
  if (!isFields(value)) return false;
  const { id, group, op } = value;
  return typeof id === 'string' && typeof group === 'string' && isFields(op);
}

function failureIn(value: unknown): RecordedFailure | null {
  if (!isFields(value)) return null;
  const { message, log } = value;
  return typeof message === 'string' && isTexts(log) ? { message, log } : null;
}

function toldIn(value: unknown): Told | null {
  if (!isFields(value)) return null;
  const { kind, forced, limit_ms: limitMs, made, ms, open } = value;
  if (kind === 'stop' && typeof forced === 'boolean' && isCountOrNull(limitMs) && isTextOrNull(made))
    return { kind, forced, limitMs, made };
  if (kind === 'drain' && isCount(ms) && isCountOrNull(open)) return { kind, ms, open };
  return null;
}

function isResult(value: unknown): value is 'done' | 'failed' | 'stopped' {
  return value === 'done' || value === 'failed' || value === 'stopped';
}
