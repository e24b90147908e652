import { conclude, diagnostic, type Compiled, type Diagnostic, type Severity } from '../diagnostic.ts';
import type { Code } from '../codes.ts';
import type { SourceFile } from '../source/source-file.ts';
import type { Range } from '../span.ts';
import { placeRange, type TextPlace } from './text-place.ts';
import type { TextProblem } from './values/parsed.ts';

/** What a problem may say besides its message. */
export interface ProblemExtras {
  readonly help?: string | null;
  readonly related?: readonly { readonly range: Range; readonly message: string }[];
}

/** A place, and what is said of it where it is not the first. */
interface Use {
  readonly range: Range;
  readonly message: string;
  readonly help?: string;
}

interface Shared {
  readonly code: Code;
  readonly message: string;
  /** By where they start. */
  readonly uses: Map<number, Use>;
}

/** Of the other places of a problem; more of them are noise. */
const MOST_USES = 4;

/**
 * Collects the problems of one file, each once: what is inherited or holds for every instance would otherwise be told
 * as often as it is met. `told` are problems that an earlier stage has reported already.
 */
export class Problems {
  readonly source: SourceFile;
  readonly #found: Diagnostic[] = [];
  readonly #told: Set<string>;
  readonly #shared = new Map<string, Shared>();
  #errors = 0;

  constructor(source: SourceFile, told: ReadonlySet<string> = new Set()) {
    this.source = source;
    this.#told = new Set(told);
  }

  /** How many errors so far. */
  get errors(): number {
    return this.#errors;
  }

  error(code: Code, message: string, range: Range | null, extras: ProblemExtras = {}): void {
    this.#add('error', code, message, range, extras);
  }

  warn(code: Code, message: string, range: Range | null, extras: ProblemExtras = {}): void {
    this.#add('warning', code, message, range, extras);
  }

  /** A problem inside a string, underlined as exactly as its writing allows. */
  inText(code: Code, place: TextPlace, problem: TextProblem): void {
    this.error(code, problem.message, placeRange(place, problem.start, problem.end), { help: problem.help });
  }

  /** An error of something that is used in many places: told at the first in the file, up to four others beside it. */
  shared(code: Code, message: string, use: Use): void {
    const key = `${code} ${message}`;
    const uses = this.#shared.get(key)?.uses ?? new Map<number, Use>();
    if (uses.size === 0) {
      this.#shared.set(key, { code, message, uses });
      this.#errors++;
    }
    if (!uses.has(use.range.start)) uses.set(use.range.start, use);
  }

  /** Keys of all that was told, for the next stage. */
  told(): ReadonlySet<string> {
    return this.#told;
  }

  /** Takes over what another collector of the same file found. */
  take(others: Problems): void {
    for (const found of others.#found) this.#keep(found);
    for (const { code, message, uses } of others.#shared.values()) {
      for (const use of uses.values()) this.shared(code, message, use);
    }
  }

  conclude<T>(value: T): Compiled<T> {
    return conclude(value, [
      ...this.#found,
      ...[...this.#shared.values()].map((one) => this.#sharedProblem(one)),
    ]);
  }

  #sharedProblem({ code, message, uses }: Shared): Diagnostic {
    const [first, ...others] = [...uses.values()].sort((a, b) => a.range.start - b.range.start);
    return diagnostic(code, message, first === undefined ? null : this.source.span(first.range), {
      ...(first?.help === undefined ? {} : { help: first.help }),
      related: others
        .slice(0, MOST_USES)
        .map((other) => ({ span: this.source.span(other.range), message: other.message })),
    });
  }

  #add(severity: Severity, code: Code, message: string, range: Range | null, extras: ProblemExtras): void {
    const { help = null, related = [] } = extras;
    this.#keep(
      diagnostic(code, message, range === null ? null : this.source.span(range), {
        severity,
        related: related.map((other) => ({ span: this.source.span(other.range), message: other.message })),
        ...(help === null ? {} : { help }),
      }),
    );
  }

  #keep(found: Diagnostic): void {
    const key = `${found.code} ${found.span?.start.offset ?? ''} ${found.span?.end.offset ?? ''} ${found.message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#found.push(found);
    if (found.severity === 'error') this.#errors++;
  }
}
