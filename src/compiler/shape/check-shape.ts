import type { ErrorObject } from 'ajv';
import { type Diagnostic, sortDiagnostics } from '../diagnostic.ts';
import type { Document } from '../source/document.ts';
import { maxProblems } from '../source/limits.ts';
import { Problems } from '../source/problems.ts';
import { composeFile } from './compose-file.ts';
import { explain, type Explanation } from './explain.ts';
import { Locator } from './locate.ts';
import { plain } from './plain.ts';
import { validate } from './validator.generated.js';

/**
 * Compares a document with `schema/stack.schema.json` and gives every difference as `STK201` to `STK207`, sorted by
 * place (one `STK208` for a file of another tool's); empty when there is none. What strings hold is a later stage's.
 */
export function checkShape(document: Document): readonly Diagnostic[] {
  if (validate(plain(document.root))) return [];
  const compose = composeFile(document);
  if (compose !== null) return [compose];
  const errors = independent(validate.errors ?? []);
  const locator = new Locator(document);
  const explained: Explanation[] = [];
  for (const error of errors.slice(0, 10 * maxProblems)) {
    const explanation = explain(error, locator);
    if (explanation !== null) explained.push(explanation);
  }
  const problems = new Problems(document.source, 'STK207');
  for (const problem of explained.sort((a, b) => a.range.start - b.range.start)) report(problem, problems);
  problems.skip(Math.max(0, errors.length - 10 * maxProblems));
  return sortDiagnostics(problems.list());
}

function report({ code, message, range, help, related }: Explanation, problems: Problems): void {
  problems.add(code, message, range, {
    ...(help === null ? {} : { help }),
    related: related.map((other) => ({ span: problems.source.span(other.range), message: other.message })),
  });
}

/**
 * One error for each thing that is wrong. In this schema the alternatives of `anyOf` and `oneOf` only say which keys
 * they need (a test sees to it), so the alternative itself is the news, not each of its branches.
 */
function independent(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const wrongTypes = new Set<string>();
  for (const error of errors) if (error.keyword === 'type') wrongTypes.add(error.instancePath);
  return errors.filter(({ keyword, instancePath, schemaPath }) => {
    if (keyword === 'if' || branch.test(schemaPath)) return false;
    return keyword === 'type' || !wrongTypes.has(instancePath);
  });
}

const branch = /\/(?:anyOf|oneOf)\/\d+\//;
