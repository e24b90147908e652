import { type Alias, isAlias, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { nearest } from '../nearest.ts';
import type { Range } from '../span.ts';
import { checkString } from './check-string.ts';
import type { DocumentNode, ObjectNode, Property } from './document.ts';
import { maxAliasedNodes, maxDepth } from './limits.ts';
import type { Problems } from './problems.ts';
import { quote } from './quote.ts';

/** An anchored node; without `node` it is still being read, and an alias to it would be a circle. */
interface Anchored {
  node: DocumentNode | null;
  /** Nodes it consists of, aliases in it expanded. */
  weight: number;
  /** Levels of collections below and with it. */
  height: number;
}

/**
 * Turns the library's nodes into ours. Aliases share the node of their anchor, so an alias costs nothing and keeps the
 * anchor's place; what they would expand to is counted and limited.
 */
export class YamlTree {
  readonly #problems: Problems;
  readonly #anchors = new Map<string, Anchored>();
  #weight = 0;
  #aliased = 0;
  #deepest = 0;
  #tooDeep = false;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  convert(contents: unknown): DocumentNode {
    return this.#node(contents, 1, { start: 0, end: 0 });
  }

  /** `place` is where an absent value would stand. */
  #node(node: unknown, depth: number, place: Range): DocumentNode {
    if (isAlias(node)) return this.#alias(node, depth);
    this.#weight += 1;
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return this.#content(node, depth, place);

    const anchored: Anchored = { node: null, weight: 0, height: 0 };
    // Set before its content is read: a name may be given anew inside.
    this.#anchors.set(anchor, anchored);
    const { before, outer } = { before: this.#weight, outer: this.#deepest };
    this.#deepest = depth - 1;
    const converted = this.#content(node, depth, place);
    anchored.node = converted;
    anchored.weight = this.#weight - before + 1;
    anchored.height = this.#deepest - depth + 1;
    this.#deepest = Math.max(outer, this.#deepest);
    return converted;
  }

  #content(node: unknown, depth: number, place: Range): DocumentNode {
    if (isScalar(node)) return this.#scalar(node, place);
    if (!isMap(node) && !isSeq(node)) return { kind: 'scalar', range: place, value: null };

    const range = this.#trim(node.range ?? null, place);
    if (!this.#enter(depth, range)) return { kind: 'scalar', range, value: null };
    if (isMap(node)) return this.#map(node, depth, range);
    return { kind: 'array', range, items: node.items.map((item) => this.#node(item, depth + 1, range)) };
  }

  #enter(depth: number, range: Range): boolean {
    this.#deepest = Math.max(this.#deepest, depth);
    if (depth <= maxDepth) return true;
    if (!this.#tooDeep) {
      this.#tooDeep = true;
      const at = { start: range.start, end: range.start + 1 };
      this.#problems.add('STK107', `nested more than ${maxDepth} levels deep`, at);
    }
    return false;
  }

  #scalar(node: Scalar, place: Range): DocumentNode {
    const range = this.#trim(node.range ?? null, place);
    const { value } = node;
    if (typeof value === 'string') checkString(value, range, this.#problems);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#problems.add('STK112', `${quote(node.source ?? '')} is not a finite number`, range, {
        help: 'put it in quotes if it is text',
      });
      return { kind: 'scalar', range, value: 0 };
    }
    const known = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', range, value: known ? value : null };
  }

  #alias(node: Alias, depth: number): DocumentNode {
    const range = this.#trim(node.range ?? null, { start: 0, end: 0 });
    const nothing: DocumentNode = { kind: 'scalar', range, value: null };
    const anchored = this.#anchors.get(node.source);
    if (anchored === undefined) {
      const [near] = nearest(node.source, this.#anchors.keys());
      const like = near === undefined ? 'an anchor stands before its aliases' : `did you mean \`*${near}\`?`;
      this.#problems.add('STK110', `no anchor is named ${quote(node.source)}`, range, { help: like });
      return nothing;
    }
    if (anchored.node === null) {
      this.#problems.add('STK110', `the alias ${quote(node.source)} stands inside of what it names`, range);
      return nothing;
    }
    const before = this.#aliased;
    this.#aliased += anchored.weight;
    this.#weight += anchored.weight;
    if (this.#aliased > maxAliasedNodes) {
      if (before <= maxAliasedNodes) {
        const message = `with this alias, the file's aliases stand for more than ${maxAliasedNodes.toLocaleString('en')} values`;
        this.#problems.add('STK111', message, range, { help: 'write less through aliases' });
      }
      return nothing;
    }
    const bottom = depth + anchored.height - 1;
    return this.#enter(bottom, range) ? anchored.node : nothing;
  }

  #map(map: YAMLMap, depth: number, range: Range): ObjectNode {
    const properties: Property[] = [];
    const seen = new Map<string, Range>();
    const merges: { readonly at: number; readonly objects: readonly ObjectNode[] }[] = [];
    for (const pair of map.items) {
      const key = this.#key(pair, range);
      if (key === null) {
        this.#node(pair.value, depth + 1, range);
        continue;
      }
      const after = { start: key.range.end, end: key.range.end };
      const before = this.#problems.total;
      const value = this.#node(pair.value, depth + 1, after);
      const sound = this.#problems.total === before && this.#aliased <= maxAliasedNodes;
      const first = seen.get(key.name);
      seen.set(key.name, first ?? key.range);
      if (first) {
        const related = [{ span: this.#problems.source.span(first), message: 'first written here' }];
        this.#problems.add('STK103', `the key ${quote(key.name)} is written twice`, key.range, { related });
      } else if (key.merge) {
        merges.push({ at: properties.length, objects: this.#mergeSources(value, sound, key.range) });
      } else {
        properties.push({ key: key.name, keyRange: key.range, value });
      }
    }
    return {
      kind: 'object',
      range,
      properties: merges.length === 0 ? properties : mergeProperties(properties, merges, seen),
    };
  }

  /** A key is text. Numbers, booleans and null as keys are read as they are written: `80:` is the key `80`. */
  #key(
    pair: Pair,
    map: Range,
  ): { readonly name: string; readonly range: Range; readonly merge: boolean } | null {
    const { key } = pair;
    if (isScalar(key) || isAlias(key)) {
      const node = this.#node(key, maxDepth, map);
      const written = this.#trim(key.range ?? null, map);
      if (node.kind === 'scalar') {
        const text =
          typeof node.value === 'string'
            ? node.value
            : this.#problems.source.text.slice(node.range.start, node.range.end);
        const merge = isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
        if (text !== '' || typeof node.value === 'string') return { name: text, range: written, merge };
        this.#problems.add('STK102', 'a key is missing before `:`', written);
        return null;
      }
      this.#problems.add('STK109', 'a key must be text', written);
      return null;
    }
    if (isMap(key) || isSeq(key)) {
      const range = this.#trim(key.range ?? null, map);
      this.#problems.add('STK109', 'a key must be text, not a list or a mapping', range, {
        help: 'put it in quotes if it is text that starts with `{` or `[`',
      });
    }
    return null;
  }

  #mergeSources(value: DocumentNode, sound: boolean, key: Range): readonly ObjectNode[] {
    const sources = value.kind === 'array' ? value.items : [value];
    const objects = sources.filter((source) => source.kind === 'object');
    if (objects.length < sources.length && sound) {
      this.#problems.add('STK109', '`<<` takes a mapping, or a list of mappings', key, {
        help: 'as in `<<: *name`',
      });
    }
    return objects;
  }

  /** Block collections and scalars end with the blank space before what comes next. */
  #trim(range: readonly number[] | null, place: Range): Range {
    if (range === null) return place;
    const [start = 0, last = start] = range;
    let end = last;
    while (end > start && /\s/.test(this.#problems.source.text[end - 1] ?? '')) end -= 1;
    return { start, end };
  }
}

/** Puts merged keys where `<<` stands. A mapping's own keys win, then the first source that has a key. */
function mergeProperties(
  own: readonly Property[],
  merges: readonly { readonly at: number; readonly objects: readonly ObjectNode[] }[],
  taken: ReadonlyMap<string, Range>,
): readonly Property[] {
  const merged: Property[] = [];
  const added = new Set<string>();
  let from = 0;
  for (const { at, objects } of merges) {
    merged.push(...own.slice(from, at));
    from = at;
    for (const property of objects.flatMap((object) => object.properties)) {
      if (taken.has(property.key) || added.has(property.key)) continue;
      added.add(property.key);
      merged.push(property);
    }
  }
  return [...merged, ...own.slice(from)];
}
