import { Document, isMap, isScalar, visit } from 'yaml';

import type { ImportedStack } from './import-running.ts';

/** The widest list that stands on one line. */
const WIDEST_FLOW = 90;

/** The stack file as YAML, with its comments. */
export function renderYaml({ file, comments }: Pick<ImportedStack, 'file' | 'comments'>): string {
  // What reads it as YAML 1.1 must not take `no` for false.
  const document = new Document(file, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, {
    Seq(key, seq) {
      const texts = seq.items.map((item) => (isScalar(item) ? String(item.value) : null));
      if (texts.includes(null) || key === null) return;
      seq.flow =
        texts.join(', ').length <= WIDEST_FLOW && texts.every((text) => text?.includes('\n') === false);
    },
  });
  for (const { path, lines } of comments) {
    const text = lines.map((line) => ` ${printable(line)}`).join('\n');
    if (path.length === 0) document.commentBefore = text;
    else comment(document, path, text);
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** The same as JSON, which has no comments. */
export function renderJson({ file }: Pick<ImportedStack, 'file'>): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function comment(document: Document, path: readonly string[], text: string): void {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  if (pair === undefined || !isScalar(pair.key)) return;
  pair.key.commentBefore = text;
}

/** A name in a comment must not end it. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}
