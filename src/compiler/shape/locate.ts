import type { Document, DocumentNode, ObjectNode, Property } from '../source/document.ts';
import { quote } from '../source/quote.ts';
import type { Range } from '../span.ts';
import { itemShape, memberShape, type Shape, stackSchema } from './shape.ts';

/** A value of the document, what it should be, and how a message calls it. */
export interface Place {
  readonly node: DocumentNode;
  readonly shape: Shape;
  /** `` `env` ``, `` item 2 of `ports` ``, `the file`. */
  readonly name: string;
  /** Where it is named: its key, or its first character. */
  readonly nameRange: Range;
  /** The beginning of its own text: what YAML reads as 1.1 may be written `1.10`. */
  readonly written: string;
}

/** Finds places by JSON pointer. */
export class Locator {
  readonly #document: Document;
  /** Objects may be wide, and each problem asks again. */
  readonly #indexes = new WeakMap<ObjectNode, ReadonlyMap<string, Property>>();

  constructor(document: Document) {
    this.#document = document;
  }

  /** The place that a pointer leads to; it must exist. */
  place(pointer: string): Place {
    const { root } = this.#document;
    let place = this.#place(root, stackSchema(), 'the file', firstCharacter(root));
    for (const token of pointer.split('/').slice(1)) {
      place = this.#step(place, token.replaceAll('~1', '/').replaceAll('~0', '~'));
    }
    return place;
  }

  /** The member of an object. */
  property(object: ObjectNode, key: string): Property | undefined {
    let index = this.#indexes.get(object);
    if (index === undefined) {
      index = new Map(object.properties.map((property) => [property.key, property]));
      this.#indexes.set(object, index);
    }
    return index.get(key);
  }

  #step({ node, shape, name }: Place, token: string): Place {
    if (node.kind === 'object') {
      const property = this.property(node, token);
      if (property === undefined) throw new Error(`no ${token} in ${name}`);
      const { value, keyRange } = property;
      return this.#place(value, memberShape(shape, token), quote(token), keyRange);
    }
    const item = node.kind === 'array' ? node.items[Number(token)] : undefined;
    if (item === undefined) throw new Error(`no ${token} in ${name}`);
    const itemName = `item ${Number(token) + 1} of ${name}`;
    return this.#place(item, itemShape(shape), itemName, firstCharacter(item));
  }

  #place(node: DocumentNode, shape: Shape, name: string, nameRange: Range): Place {
    const { start, end } = node.range;
    const written = this.#document.source.text.slice(start, Math.min(end, start + 100));
    return { node, shape, name, nameRange, written };
  }
}

/** Enough to point at: the whole of a collection would underline half of the file. */
function firstCharacter({ range }: DocumentNode): Range {
  return { start: range.start, end: Math.min(range.start + 1, range.end) };
}
