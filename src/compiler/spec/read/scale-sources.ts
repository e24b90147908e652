import type { DocumentNode, Property } from '../../source/document.ts';
import type { Range } from '../../span.ts';
import type { Reference } from '../container-spec.ts';
import type { ScaleSource } from '../scale-spec.ts';
import type { Fields, Reader } from './reader.ts';
import { readProgram } from './words.ts';

/** How long a command may take to print its number. */
const COMMAND_MS = 5_000;
const LONGEST_COMMAND_MS = 30_000;

/** A source before it is known how much of it one instance is to have; null: its own entry does not say. */
type Untargeted = ScaleSource extends infer Each
  ? Each extends ScaleSource
    ? Omit<Each, 'target'>
    : never
  : never;
type Read = { readonly source: Untargeted; readonly target: number | null };

/** Reads what `scale` follows. The one `target` of `scale` is for a single source. Codes: STK333, STK332, STK313, STK319. */
export function readSources(fields: Fields, range: Range, reader: Reader): readonly ScaleSource[] {
  const { problems } = reader;
  const { errors } = problems;
  const shared = fields.get('target');
  const common = number(shared?.value, reader);
  const read = ['cpu', 'memory', 'requests', 'queue', 'command'].flatMap((key): readonly Read[] => {
    const field = fields.get(key);
    return field === undefined ? [] : readSource(key, field, reader);
  });
  const bare = read.filter(({ target }) => target === null);
  if (shared !== undefined && read.length > 0 && (read.length > 1 || bare.length === 0))
    problems.error(
      'STK333',
      read.length > 1
        ? '`target` does not say which of several sources it is for'
        : '`target` is written twice for the same source',
      shared.keyRange,
      { help: 'write it in each source: `queue: {redis: redis, list: "queue:default", target: 100}`' },
    );
  else if (shared === undefined && problems.errors === errors)
    for (const { source } of bare)
      problems.error('STK333', 'nothing says how much of it one instance is to have', source.range, {
        help: read.length > 1 ? 'write a `target` in it, above 0' : 'write a `target` beside it, above 0',
      });
  if (shared !== undefined && read.length === 0 && problems.errors === errors)
    problems.error('STK333', '`target` of nothing: no source is written', shared.keyRange, {
      related: [{ range, message: '`scale`' }],
    });
  return read.flatMap(({ source, target }) => {
    const wanted = target ?? common;
    return wanted === null ? [] : [{ ...source, target: wanted }];
  });
}

function readSource(key: string, { value, keyRange: range }: Property, reader: Reader): readonly Read[] {
  switch (key) {
    case 'cpu':
    case 'memory':
      return [{ source: { kind: key, range }, target: number(value, reader) }];
    case 'requests': {
      const fields = value.kind === 'object' ? reader.fields(value) : null;
      const target = fields === null ? number(value, reader) : own(fields, reader);
      const balancer = reference(fields?.get('balancer')?.value, reader);
      return [{ source: { kind: 'requests', balancer, range }, target }];
    }
    case 'queue':
      return readQueue(value, range, reader);
    default:
      return readCommandSource(value, range, reader);
  }
}

/** `redis/queue:default`, or an object. */
function readQueue(value: DocumentNode, range: Range, reader: Reader): readonly Read[] {
  if (value.kind !== 'object') {
    const text = reader.text(value);
    if (text === null) return [];
    const [, name, list] = /^([^/]+)\/(.+)$/s.exec(text.text) ?? [];
    if (name === undefined || list === undefined) {
      reader.problems.error('STK333', `\`${text.text}\` is no list of a Redis`, text.place.range, {
        help: 'write the container and the key, `redis/queue:default`, or `{balancer: NAME}` for what waits in haproxy',
      });
      return [];
    }
    const redis = { name, place: text.place };
    return [
      { source: { kind: 'lists', redis, lists: [list], port: null, password: null, range }, target: null },
    ];
  }
  const fields = reader.fields(value);
  const target = own(fields, reader);
  const redis = reference(fields.get('redis')?.value, reader);
  const balancer = reference(fields.get('balancer')?.value, reader);
  const lists = reader.texts(fields.get('list')?.value).map(({ text }) => text);
  if (redis === null && balancer !== null && lists.length === 0)
    return [{ source: { kind: 'waiting', balancer, range }, target }];
  if (redis === null || lists.length === 0 || balancer !== null) {
    reader.problems.error('STK333', 'it does not say which queue is meant', range, {
      help: 'write `{redis: NAME, list: "queue:default"}`, or `{balancer: NAME}` for what waits in haproxy',
    });
    return [];
  }
  const port = reader.integer(fields.get('port')?.value, 1, 65_535);
  const password = reader.template(fields.get('password')?.value, 'hidden');
  return [{ source: { kind: 'lists', redis, lists, port, password, range }, target }];
}

/** Words that run in the container itself, or an object that says where. */
function readCommandSource(value: DocumentNode, range: Range, reader: Reader): readonly Read[] {
  const fields = value.kind === 'object' ? reader.fields(value) : null;
  const words = fields === null ? value : fields.get('command')?.value;
  if (words === undefined) {
    reader.problems.error('STK333', 'it does not say which command prints the number', range, {
      help: 'write `command: {container: NAME, command: "bin/backlog", target: 100}`',
    });
    return [];
  }
  // A secret would stand in the list of processes of its container.
  const command = readProgram(words, 'stored', reader);
  const limit = fields?.get('timeout');
  const timeoutMs = reader.durationMs(limit?.value) ?? COMMAND_MS;
  if (limit !== undefined && (timeoutMs <= 0 || timeoutMs > LONGEST_COMMAND_MS))
    reader.problems.error('STK333', 'the command may take up to `30s`', limit.value.range, {
      help: 'a number that takes longer is of the past: have something write it down, and print that',
    });
  const container = reference(fields?.get('container')?.value, reader);
  const target = fields === null ? null : own(fields, reader);
  return command === null
    ? []
    : [{ source: { kind: 'command', container, command, timeoutMs, range }, target }];
}

function own(fields: Fields, reader: Reader): number | null {
  return number(fields.get('target')?.value, reader);
}

function reference(node: DocumentNode | undefined, reader: Reader): Reference | null {
  const text = reader.text(node);
  return text === null ? null : { name: text.text, place: text.place };
}

/** Above 0. Null when absent or wrong. */
function number(node: DocumentNode | undefined, reader: Reader): number | null {
  const scalar = reader.scalar(node);
  if (scalar === null || reader.text(scalar, 'written') === null) return null;
  const value =
    typeof scalar.value === 'string' && scalar.value.trim() !== '' ? Number(scalar.value) : scalar.value;
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  reader.problems.error('STK332', `\`${String(scalar.value)}\` is not a number above 0`, scalar.range);
  return null;
}
