import type { Compiled } from '../diagnostic.ts';
import type { Document } from './document.ts';
import { parseJson } from './parse-json.ts';
import { parseWith } from './parse-with.ts';
import { parseYaml } from './parse-yaml.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Reads a stack file's text as a tree with positions. Never throws; every problem of the file at once, as `STK102`
 * to `STK113`. JSON is RFC 8259 to the letter, YAML is 1.2 with merge keys; a byte order mark at the start is allowed.
 */
export function parse(source: SourceFile): Compiled<Document> {
  return parseWith(source.format === 'json' ? parseJson : parseYaml, source);
}
