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
    let place: Place = {
      node: root,
      shape: stackSchema(),
      name: 'the file',
      nameRange: firstCharacter(root),
    };
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
      return { node: value, shape: memberShape(shape, token), name: quote(token), nameRange: keyRange };
    }
    const item = node.kind === 'array' ? node.items[Number(token)] : undefined;
    if (item === undefined) throw new Error(`no ${token} in ${name}`);
    const itemName = `item ${Number(token) + 1} of ${name}`;
    return { node: item, shape: itemShape(shape), name: itemName, nameRange: firstCharacter(item) };
  }
}

/** Enough to point at: the whole of a collection would underline half of the file. */
function firstCharacter({ range }: DocumentNode): Range {
  return { start: range.start, end: Math.min(range.start + 1, range.end) };
}
