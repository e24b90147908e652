import type { Compiled, Diagnostic } from '../../../src/compiler/diagnostic.ts';
import type { DocumentNode } from '../../../src/compiler/source/document.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile, type SourceFormat } from '../../../src/compiler/source/source-file.ts';

/** The diagnostics of a text, one line each: `STK102 1:7-1:8 message | related @1:1 | help`. */
export function problemsOf(text: string, format: SourceFormat): readonly string[] {
  return lines(parse(new SourceFile(`stack.${format}`, text, format)));
}

/** The value of a text as JSON would write it, keys in the order of the document. */
export function valueOf(text: string, format: SourceFormat): string {
  const parsed = parse(new SourceFile(`stack.${format}`, text, format));
  return parsed.ok ? written(parsed.value.root) : lines(parsed).join('\n');
}

/** One line for each diagnostic. */
export function lines<T>(compiled: Compiled<T>): readonly string[] {
  return compiled.ok ? [] : compiled.diagnostics.map(line);
}

/** A diagnostic in one line, places as `line:column`. */
export function line({ code, span, message, related, help }: Diagnostic): string {
  const place = span && `${span.start.line}:${span.start.column}-${span.end.line}:${span.end.column}`;
  const others = related.map(
    (other) => ` | ${other.message} @${other.span?.start.line}:${other.span?.start.column}`,
  );
  return `${code} ${place ?? '-'} ${message}${others.join('')}${help === null ? '' : ` | ${help}`}`;
}

function written(node: DocumentNode): string {
  switch (node.kind) {
    case 'scalar':
      return JSON.stringify(node.value);
    case 'array':
      return `[${node.items.map(written).join(',')}]`;
    case 'object':
      return `{${node.properties.map(({ key, value }) => `${JSON.stringify(key)}:${written(value)}`).join(',')}}`;
    default:
      throw new Error('no such node');
  }
}
