import type { Code } from '../codes.ts';
import { diagnostic, type Diagnostic, type DiagnosticExtras } from '../diagnostic.ts';
import type { Range } from '../span.ts';
import { maxProblems } from './limits.ts';
import type { SourceFile } from './source-file.ts';

/** Collects the problems of one file: the first {@link maxProblems} are kept, the rest is counted. */
export class Problems {
  readonly source: SourceFile;
  readonly #kept: Diagnostic[] = [];
  readonly #overflow: Code;
  #total = 0;

  /** `overflow` is the code of the last line that says how many more there are. */
  constructor(source: SourceFile, overflow: Code) {
    this.source = source;
    this.#overflow = overflow;
  }

  get total(): number {
    return this.#total;
  }

  add(code: Code, message: string, range: Range | null, extras?: DiagnosticExtras): void {
    this.#total += 1;
    if (this.#kept.length < maxProblems) {
      this.#kept.push(diagnostic(code, message, range && this.source.span(range), extras));
    }
  }

  /** Counts problems that were not looked at in detail. */
  skip(count: number): void {
    this.#total += count;
  }

  list(): readonly Diagnostic[] {
    const more = this.#total - this.#kept.length;
    if (more === 0) return this.#kept;
    return [
      ...this.#kept,
      diagnostic(this.#overflow, `${more} more ${more === 1 ? 'problem' : 'problems'} not shown`, null),
    ];
  }
}
