import type { Range } from '../span.ts';
import type { SourceFile } from './source-file.ts';

/** A parsed stack file: a tree in which every node knows its place. */
export interface Document {
  readonly source: SourceFile;
  readonly root: DocumentNode;
}

/** A value of the file. Numbers and strings keep what they mean, not how they were written. */
export type DocumentNode = ObjectNode | ArrayNode | ScalarNode;

/** A mapping; `properties` keeps the written order and holds each key once. */
export interface ObjectNode {
  readonly kind: 'object';
  readonly range: Range;
  readonly properties: readonly Property[];
}

/** One key with its value. */
export interface Property {
  readonly key: string;
  readonly keyRange: Range;
  readonly value: DocumentNode;
}

/** A sequence. */
export interface ArrayNode {
  readonly kind: 'array';
  readonly range: Range;
  readonly items: readonly DocumentNode[];
}

/** A string, number, boolean or null. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly range: Range;
  readonly value: string | number | boolean | null;
}

/** The value under a key, or undefined. */
export function get(node: DocumentNode | undefined, key: string): DocumentNode | undefined {
  return node?.kind === 'object' ? node.properties.find((p) => p.key === key)?.value : undefined;
}
