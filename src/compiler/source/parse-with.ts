import { type Compiled, conclude } from '../diagnostic.ts';
import type { Document, DocumentNode } from './document.ts';
import { maxBytes } from './limits.ts';
import { Problems } from './problems.ts';
import type { SourceFile } from './source-file.ts';
import { tooLarge } from './too-large.ts';

// All of them but tab, line feed, carriage return, and NEL, which is printable in YAML and which JSON does not mind.
// Written out: the tables behind `\p{Cc}` take longer than a file.
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f]/g;

/** The parser of a format: null for an empty text; problems go to `problems`. */
export type Read = (source: SourceFile, problems: Problems) => DocumentNode | null;

/** `parse` with the parser of the file's format, for callers that load only the one that they need. */
export function parseWith(parser: Read, source: SourceFile): Compiled<Document> {
  if (source.text.length > maxBytes[source.format]) {
    return { ok: false, diagnostics: [tooLarge(source.text.length, source.format)] };
  }
  const problems = new Problems(source, 'STK113');
  const root = read(parser, source, problems);
  if (root !== null && problems.total === 0) return { ok: true, value: { source, root }, warnings: [] };
  return conclude<Document>({ source, root: root ?? nothing }, problems.list());
}

const nothing: DocumentNode = { kind: 'scalar', range: { start: 0, end: 0 }, value: null };

function read(parser: Read, source: SourceFile, problems: Problems): DocumentNode | null {
  // A text with control characters is damaged or no text at all; what a parser says about it would only mislead.
  for (const match of source.text.matchAll(control)) {
    const name = `U+${match[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
    const range = { start: match.index, end: match.index + 1 };
    problems.add('STK105', `control character ${match[0] === '\0' ? 'NUL' : `\`${name}\``}`, range);
  }
  if (problems.total > 0) return null;

  const root = parser(source, problems);
  if (root === null && problems.total === 0) {
    problems.add(
      'STK108',
      'the file is empty',
      { start: 0, end: 0 },
      {
        help: 'a stack file has at least `deploy`, with one application and its `containers`',
      },
    );
  }
  return root;
}
