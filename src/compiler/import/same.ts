import { parsePorts } from '../spec/values/port.ts';
import { escaped, Hidden, type Value } from './value.ts';

/** Keys whose texts may differ between the instances of one container. */
const VARYING: ReadonlySet<string> = new Set([
  'command',
  'entrypoint',
  'env',
  'extra_hosts',
  'health',
  'hostname',
  'labels',
  'ports',
  'tmpfs',
  'volumes',
]);

/** Keys in which a lone instance's own name is told from a text that happens to be the same. */
const NAMING: ReadonlySet<string> = new Set(['command', 'entrypoint', 'hostname']);

type Fields = ReadonlyMap<string, Value>;

/**
 * One entry for the instances 0, 1, … of a container: what differs only by the index becomes `%{index}`, or with the
 * container's `key` before it `%{app_name}`. Gives what differs otherwise: keys, of variables and labels their names too.
 */
export function sameEntry(
  members: readonly Fields[],
  key: string,
  indexes: readonly number[] = members.map((_, index) => index),
):
  | { readonly ok: true; readonly fields: Fields }
  | { readonly ok: false; readonly differing: readonly string[] } {
  const differing: string[] = [];
  const fields = new Map<string, Value>();
  const [first] = members;
  for (const name of new Set(members.flatMap((member) => [...member.keys()]))) {
    const values = members.map((member) => member.get(name) ?? null).filter((value) => value !== null);
    const all = values.length === members.length ? sameValue(values, { name, key, indexes }) : null;
    const taken = name === 'ports' && members.length > 1 && Array.isArray(all) && all.some(isFixedPort);
    if (all === null || taken) differing.push(...where(name, members));
    else fields.set(name, all);
  }
  // In the order of the first.
  const ordered = [...(first?.keys() ?? [])].flatMap((name): readonly [string, Value][] => {
    const value = fields.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return differing.length === 0 ? { ok: true, fields: new Map(ordered) } : { ok: false, differing };
}

/** A port of the host that all instances would want. */
function isFixedPort(port: Value): boolean {
  if (typeof port !== 'string' || port.includes('%{')) return false;
  const ports = parsePorts(port);
  return ports.ok && ports.value.some(({ hostPort }) => hostPort !== null);
}

function where(name: string, members: readonly Fields[]): readonly string[] {
  if (name !== 'env' && name !== 'labels') return [name];
  const records = members.map((member) => recordOf(member.get(name)));
  const keys = [...new Set(records.flatMap((record) => Object.keys(record)))].sort();
  return keys
    .filter((key) => new Set(records.map((record) => JSON.stringify(record[key] ?? null))).size > 1)
    .map((key) => `${name} ${key}`);
}

function recordOf(value: Value | undefined): Readonly<Record<string, Value>> {
  return isRecord(value) ? value : {};
}

function isRecord(value: Value | undefined): value is { readonly [key: string]: Value } {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Hidden);
}

/** Where values stand, and of which instances they are. */
interface Spot {
  readonly name: string;
  readonly key: string;
  readonly indexes: readonly number[];
}

function sameValue(values: readonly Value[], spot: Spot): Value | null {
  const [first] = values;
  if (first === undefined) return null;
  if (values.every((value) => typeof value === 'string')) return sameText(values, spot);
  if (first instanceof Hidden)
    return values.every((value) => value instanceof Hidden && value.text === first.text) ? first : null;
  if (Array.isArray(first)) {
    const lists = values.flatMap((value) =>
      Array.isArray(value) && value.length === first.length ? [value] : [],
    );
    if (lists.length < values.length) return null;
    return whole(
      first.map((_, at) =>
        sameValue(
          lists.map((list): Value => list[at]),
          spot,
        ),
      ),
    );
  }
  if (isRecord(first)) {
    const names = Object.keys(first);
    const records = values.flatMap((value) =>
      isRecord(value) && Object.keys(value).join('\0') === names.join('\0') ? [value] : [],
    );
    if (records.length < values.length) return null;
    const members = whole(
      names.map((own) =>
        sameValue(
          records.map((record) => record[own] ?? ''),
          spot,
        ),
      ),
    );
    return members === null ? null : Object.fromEntries(names.map((own, at) => [own, members[at] ?? '']));
  }
  return values.every((value) => value === first) ? first : null;
}

function whole(values: readonly (Value | null)[]): readonly Value[] | null {
  const present = values.flatMap((value) => (value === null ? [] : [value]));
  return present.length === values.length ? present : null;
}

function sameText(texts: readonly string[], { name, key, indexes }: Spot): string | null {
  const [first = ''] = texts;
  if (texts.length === 1) return NAMING.has(name) ? named(first, `${key}0`) : escaped(first);
  if (texts.every((text) => text === first)) return escaped(first);
  if (!VARYING.has(name)) return null;
  const split = texts.map((text) => text.split(/(\d+)/));
  const [model = []] = split;
  if (split.some((pieces) => pieces.length !== model.length)) return null;
  const written: string[] = [];
  for (const [at, piece] of model.entries()) {
    const pieces = split.map((other) => other[at] ?? '');
    const start = piece.slice(0, -String(indexes[0]).length);
    if (pieces.every((other) => other === piece)) written.push(doubled(piece));
    else if (/^\d+$/.test(piece) && pieces.every((other, member) => other === `${start}${indexes[member]}`))
      written.push(`${start}%{index}`);
    else return null;
  }
  return written.join('').replaceAll(new RegExp(`(?<![\\w-])${key}%\\{index\\}`, 'g'), '%{app_name}');
}

/** A lone instance's name as it will be that of the next one, too. */
function named(text: string, instance: string): string {
  const pieces = text.split(new RegExp(`(?<![\\w-])${instance}(?![\\w-])`));
  return pieces.length === 1 ? escaped(text) : pieces.map(doubled).join('%{app_name}');
}

/** Beside an interpolation every percent sign could be the start of another. */
function doubled(text: string): string {
  return text.replaceAll('%', '%%');
}
