import type { Code } from '../codes.ts';
import type { Problems } from '../spec/problems.ts';
import type { Template, TemplatePart } from '../spec/template.ts';
import { placeRange } from '../spec/text-place.ts';
import type { Parsed } from '../spec/values/parsed.ts';
import { slug } from '../spec/values/slug.ts';
import { unreachable } from '../unreachable.ts';
import { SOCKET_HOLE } from './desired-state.ts';
import type { ResolvedInputs } from './resolved-inputs.ts';

/** Whose value is expanded. `index` is null where no instance is meant. */
export interface Scope {
  readonly application: string;
  readonly container: string;
  readonly index: number | null;
}

/** What an expander needs to know. */
export type Known = Pick<ResolvedInputs, 'env' | 'secrets' | 'host'>;

/**
 * Expands templates. Null comes back for what cannot be known (nothing is reported: it is no mistake) and for what
 * should be known and is not (reported): a variable that is not set, a secret that failed.
 */
export class Expander {
  readonly problems: Problems;
  readonly #stack: string;
  readonly #known: Partial<Known>;

  /** What is absent of `known` is not known; so is everything when it is null, as in a rehearsal. */
  constructor(stack: string, known: Partial<Known> | null, problems: Problems) {
    this.#stack = stack;
    this.#known = known ?? {};
    this.problems = problems;
  }

  /** The real text; the generation's socket as {@link SOCKET_HOLE}. */
  expand(template: Template, scope: Scope): string | null {
    let text: string | null = '';
    for (const part of template.parts) {
      const piece = this.#value(part, template, scope);
      // Every part is asked, so that two variables that are not set are told at once.
      text = piece === null || text === null ? null : text + piece;
    }
    return text;
  }

  /**
   * The text as it may be shown and stored: secrets and variables of the operator as written. Text that looks like an
   * interpolation is escaped again, so that different words never show alike.
   */
  show(template: Template, scope: Scope): string | null {
    let shown = '';
    // Of neighbouring texts: `%%{` is read as two of them.
    let text = '';
    for (const part of template.parts) {
      if (part.kind === 'text') {
        text += part.text;
        continue;
      }
      const piece = this.#shownPart(part, template, scope);
      if (piece === null) return null;
      shown += text.replaceAll('%{', '%%{') + piece;
      text = '';
    }
    return shown + text.replaceAll('%{', '%%{');
  }

  /** The text read by a parser; its problem is reported where it stands in the file. */
  parse<T>(template: Template, scope: Scope, code: Code, parse: (text: string) => Parsed<T>): T | null {
    const text = this.expand(template, scope);
    if (text === null) return null;
    const result = parse(text);
    if (result.ok) return result.value;
    const { start, end } = result.problem;
    this.problems.inText(code, template.place, {
      ...result.problem,
      start: this.#writtenOffset(template, scope, start, 'start'),
      end: this.#writtenOffset(template, scope, end, 'end'),
    });
    return null;
  }

  #shownPart(part: TemplatePart, template: Template, scope: Scope): string | null {
    if (part.kind === 'secret') return `%{secret:${part.name}}`;
    if (part.kind === 'env') return `%{env:${part.name}${part.fallback === null ? '' : `|${part.fallback}`}}`;
    return this.#value(part, template, scope);
  }

  /** From an offset in the expanded text to one in the written string; inside an interpolation, to its edge. */
  #writtenOffset(template: Template, scope: Scope, offset: number, edge: 'start' | 'end'): number {
    let before = 0;
    let last = 0;
    for (const part of template.parts) {
      const length = this.#value(part, template, scope)?.length ?? 0;
      const inside = edge === 'start' ? offset < before + length : offset <= before + length;
      if (inside) {
        if (part.kind === 'text' && part.text.length === part.end - part.start)
          return part.start + offset - before;
        return part[edge];
      }
      before += length;
      last = part.end;
    }
    return last;
  }

  #value(part: TemplatePart, template: Template, scope: Scope): string | null {
    const { env, secrets } = this.#known;
    switch (part.kind) {
      case 'text':
        return part.text;
      case 'socket':
        return SOCKET_HOLE;
      case 'name':
        return this.#fact(part, template, scope);
      case 'env': {
        if (env === undefined) return null;
        const value = Object.hasOwn(env, part.name) ? env[part.name] : undefined;
        if (value !== undefined || part.fallback !== null) return value ?? part.fallback;
        return this.#missing('STK340', `the variable \`${part.name}\` is not set`, part, template, {
          help: `set it, or write a default: \`%{env:${part.name}|default}\``,
        });
      }
      case 'secret': {
        if (secrets === undefined) return null;
        const secret = Object.hasOwn(secrets, part.name) ? secrets[part.name] : undefined;
        if (secret !== undefined && 'value' in secret) return secret.value;
        const why = secret === undefined ? 'it was not read' : secret.error;
        // Whoever else uses it has no other problem.
        this.problems.shared('STK341', `the secret \`${part.name}\` cannot be had: ${why}`, {
          range: placeRange(template.place, part.start, part.end),
          message: 'used here too',
        });
        return null;
      }
      default:
        return unreachable(part);
    }
  }

  #fact(part: TemplatePart & { readonly kind: 'name' }, template: Template, scope: Scope): string | null {
    const host = this.#known.host ?? null;
    switch (part.name) {
      case 'app_name':
        return `${scope.container}${scope.index ?? ''}`;
      case 'container':
        return scope.container;
      case 'index':
        return String(scope.index ?? '');
      case 'stack':
        return this.#stack;
      case 'application':
        return scope.application;
      case 'opsworks':
        return host === null ? null : `${this.#stack}-${slug(host.name)}`;
      case 'host':
        return host === null ? null : host.name;
      case 'public_ip':
        if (host === null || host.publicIp !== null) return host?.publicIp ?? null;
        return this.#missing('STK343', 'the public address of the host is not known', part, template, {
          help: 'write the address itself, or `%{env:NAME}`',
        });
      default:
        return unreachable(part.name);
    }
  }

  #missing(
    code: Code,
    message: string,
    part: TemplatePart,
    template: Template,
    extras: { readonly help?: string },
  ): null {
    this.problems.error(code, message, placeRange(template.place, part.start, part.end), extras);
    return null;
  }
}
