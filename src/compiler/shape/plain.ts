import type { DocumentNode } from '../source/document.ts';
import { unreachable } from '../unreachable.ts';

/** A node as the value that it writes; objects have no prototype, so that `__proto__` is a key like any other. */
export function plain(node: DocumentNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'array':
      return node.items.map(plain);
    case 'object': {
      const value: Record<string, unknown> = Object.create(null);
      for (const property of node.properties) value[property.key] = plain(property.value);
      return value;
    }
    default:
      return unreachable(node);
  }
}
