import { Composer, isScalar } from 'yaml';
import type { DocumentNode } from './document.ts';
import type { Problems } from './problems.ts';
import type { SourceFile } from './source-file.ts';
import { YamlErrors } from './yaml-errors.ts';
import { readYamlTokens } from './yaml-tokens.ts';
import { YamlTree } from './yaml-tree.ts';

// `uniqueKeys` compares each key with each other; YamlTree does better and knows the place of the first.
const options = {
  schema: 'core',
  resolveKnownTags: false,
  uniqueKeys: false,
  prettifyErrors: false,
  logLevel: 'silent',
} as const;

/** Reads YAML 1.2 (core schema, merge keys). Null when there is nothing in the file; problems go to `problems`. */
export function parseYaml(source: SourceFile, problems: Problems): DocumentNode | null {
  const errors = new YamlErrors(problems);
  const tokens = readYamlTokens(source.text, problems, errors);
  if (tokens === null) return null;

  const composer = new Composer(options);
  // Its own handler makes an `Error` with a stack of each problem. A broken file can have half a million of them,
  // and takes eleven seconds then instead of one.
  Reflect.set(composer, 'onError', errors.add);
  const [document] = composer.compose([...tokens.directives, tokens.document]);
  const contents = document?.contents;
  if (!contents || (isScalar(contents) && contents.source === '' && contents.type === 'PLAIN')) return null;
  return new YamlTree(problems).convert(contents);
}
