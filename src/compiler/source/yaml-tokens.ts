import { CST, Lexer, Parser } from 'yaml';
import { maxDepth } from './limits.ts';
import type { Problems } from './problems.ts';
import type { YamlErrors } from './yaml-errors.ts';

/** The directives and the one document of a YAML text. */
export interface YamlTokens {
  readonly directives: readonly CST.Directive[];
  readonly document: CST.Document;
}

/**
 * Splits a YAML text, without building values yet. Null when there is no document or it is nested too deep: what
 * comes after this step recurses, this one does not, so depth is checked here, while the text is still being read.
 */
export function readYamlTokens(text: string, problems: Problems, errors: YamlErrors): YamlTokens | null {
  const parser = new Parser();
  const directives: CST.Directive[] = [];
  const documents: CST.Document[] = [];
  const take = (tokens: Iterable<CST.Token>) => {
    for (const token of tokens) {
      if (token.type === 'document') documents.push(token);
      else if (token.type === 'directive') directives.push(token);
      else if (token.type === 'error') errors.add(token, 'UNEXPECTED_TOKEN', token.message);
    }
  };
  for (const lexeme of new Lexer().lex(text)) {
    take(parser.next(lexeme));
    // Besides collections the stack holds the document and at most one scalar.
    if (parser.stack.length > maxDepth + 2) {
      const at = parser.stack.filter(CST.isCollection)[maxDepth]?.offset ?? parser.offset;
      problems.add('STK107', `nested more than ${maxDepth} levels deep`, { start: at, end: at + 1 });
      return null;
    }
    if (documents.length > 1) break;
  }
  if (documents.length < 2) take(parser.end());

  for (const directive of directives) checkDirective(directive, problems);
  const [document, second] = documents;
  if (second) {
    problems.add(
      'STK109',
      'a second document starts here',
      { start: second.offset, end: second.offset + 3 },
      {
        help: 'a file holds one stack; write the others to files of their own',
      },
    );
  }
  return document ? { directives, document } : null;
}

/** Another version would read `yes`, `010` or `1:30` as something else than they say. */
function checkDirective(directive: CST.Directive, problems: Problems): void {
  if (!/^%YAML\b/.test(directive.source) || /^%YAML\s+1\.2\s*(?:#|$)/.test(directive.source)) return;
  const range = { start: directive.offset, end: directive.offset + directive.source.trimEnd().length };
  problems.add('STK109', 'a stack file is YAML 1.2', range, { help: 'remove this line' });
}
