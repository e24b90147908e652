import type { RunningContainer } from './running.ts';
import { isSecret, isTelling } from './secret-values.ts';
import { Hidden, loss, type Remark, type Value } from './value.ts';

/** A secret that whoever uses the file has to provide. */
export interface ImportedSecret {
  /** In the file, and of the variable that it is read from. */
  readonly name: string;
  readonly container: string;
  /** Where it was found: a variable's name, `command`, `entrypoint` or `health`. */
  readonly found: string;
  /** A command that prints it; null: it has to be looked for in all that `docker inspect` shows. */
  readonly read: string | null;
}

/** Keys whose values may hold `%{secret:…}`. */
const MAY_HOLD: ReadonlySet<string> = new Set(['command', 'entrypoint', 'env', 'health']);

/** Values of variables that are secrets, and the passwords in URLs: wherever they occur again they are secrets, too. */
export function knownSecrets(containers: readonly RunningContainer[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { env } of containers) {
    for (const pair of env) {
      const at = pair.indexOf('=');
      const value = pair.slice(at + 1);
      if (at === -1 || !isSecret(pair.slice(0, at), value)) continue;
      const [, password = ''] = /:\/\/[^\s:/]*:([^\s@]+)@/.exec(value) ?? [];
      for (const text of [value, password]) if (isTelling(text)) found.add(text);
    }
  }
  return found;
}

/** Takes known secrets out of an entry's texts; where none can stand, the key goes and is told. */
export function concealKnown(
  fields: ReadonlyMap<string, Value>,
  known: ReadonlySet<string>,
): { readonly fields: ReadonlyMap<string, Value>; readonly remarks: readonly Remark[] } {
  const kept = new Map<string, Value>();
  const remarks: Remark[] = [];
  const isKnown = (text: string) => [...known].some((secret) => text.includes(secret));
  for (const [key, value] of fields) {
    if (MAY_HOLD.has(key)) kept.set(key, concealIn(value, key, isKnown));
    else if (key === 'image' || !textsOf(value).some(isKnown)) kept.set(key, value);
    else
      remarks.push(
        loss(key, `\`${key}\` is left out: a secret stands in it, and it can be read by everybody`),
      );
  }
  return { fields: kept, remarks };
}

/** As they are: JSON would write a quotation mark in another way. */
function textsOf(value: Value): readonly string[] {
  if (typeof value !== 'object') return [String(value)];
  if (value instanceof Hidden) return [];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  return Object.entries(value).flatMap(([key, item]) => [key, ...textsOf(item)]);
}

function concealIn(value: Value, name: string, isKnown: (text: string) => boolean): Value {
  if (typeof value === 'string') return isKnown(value) ? new Hidden(value, name, null) : value;
  if (typeof value !== 'object' || value instanceof Hidden) return value;
  if (Array.isArray(value)) return value.map((item: Value) => concealIn(item, name, isKnown));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, concealIn(item, name === 'env' ? key : name, isKnown)]),
  );
}

/** Names secrets: one value has one name, wherever it stands. */
export class SecretNames {
  readonly #byValue = new Map<string, string>();
  readonly #secrets = new Map<string, ImportedSecret>();

  /** Puts `%{secret:NAME}` in the place of every hidden text. */
  reveal(value: Value, container: string, key: string): Value {
    if (value instanceof Hidden) return `%{secret:${this.#nameOf(value, container, key)}}`;
    if (Array.isArray(value)) return value.map((item: Value) => this.reveal(item, container, key));
    if (typeof value !== 'object') return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, this.reveal(item, container, key)]),
    );
  }

  /** Sorted by name. */
  all(): readonly ImportedSecret[] {
    return [...this.#secrets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #nameOf(hidden: Hidden, container: string, key: string): string {
    const id = `${hidden.name}\0${hidden.text}`;
    const before = this.#byValue.get(id);
    if (before !== undefined) return before;
    const found = hidden.name;
    const isWord = found === 'command' || found === 'entrypoint' || found === 'health';
    const own = `${key.toUpperCase()}_${isWord ? found.toUpperCase() : found}`;
    const wanted = [...(isWord ? [] : [found]), own].map(variableName);
    let name = wanted.find((text) => !this.#secrets.has(text));
    for (let number = 2; name === undefined; number++) {
      const next = `${wanted.at(-1) ?? 'SECRET'}_${number}`;
      if (!this.#secrets.has(next)) name = next;
    }
    this.#byValue.set(id, name);
    this.#secrets.set(name, { name, container, found, read: hidden.read });
    return name;
  }
}

/** What a shell takes for a variable's name. */
function variableName(text: string): string {
  return text.replace(/\W/g, '_').replace(/^(?=\d|$)/, '_');
}
