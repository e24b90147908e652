import type { DocumentNode } from '../../source/document.ts';
import type { Template } from '../template.ts';
import type { TemplateRule } from '../template-rules.ts';
import { templateWords } from '../template-words.ts';
import type { Reader } from './reader.ts';

/** Reads a command: a string is split as a POSIX shell splits words, a list is taken as it is. Null when absent. */
export function readWords(
  node: DocumentNode | undefined,
  rule: TemplateRule,
  reader: Reader,
): readonly Template[] | null {
  if (node === undefined) return null;
  if (node.kind === 'array') return reader.templates(node, rule);
  const template = reader.template(node, rule);
  if (template === null) return null;
  const words = templateWords(template);
  if (words.ok) return words.value;
  reader.problems.inText('STK313', template.place, words.problem);
  return null;
}

/**
 * Reads a container's command. An empty one is the same as none: an engine that is given no words takes the image's,
 * so that the container could never be told to have none.
 */
export function readCommand(node: DocumentNode | undefined, reader: Reader): readonly Template[] | null {
  const words = readWords(node, 'run', reader);
  return words === null || words.length === 0 ? null : words;
}

/** Reads a command that must name a program. */
export function readProgram(
  node: DocumentNode | undefined,
  rule: TemplateRule,
  reader: Reader,
): readonly Template[] | null {
  const words = readWords(node, rule, reader);
  if (words === null || node === undefined || words.length > 0) return words;
  // What a list holds may have been reported already; an empty one has not.
  if (node.kind !== 'array' || node.items.length === 0) {
    reader.problems.error('STK313', 'the command is empty', node.range);
  }
  return null;
}
