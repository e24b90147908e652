import type { Code } from '../../codes.ts';
import { nearest } from '../../nearest.ts';
import type { DocumentNode, Property, ScalarNode } from '../../source/document.ts';
import type { Problems } from '../problems.ts';
import { parseTemplate, plainText, type Template } from '../template.ts';
import { checkTemplate, type TemplateRule } from '../template-rules.ts';
import { textPlace, type TextPlace } from '../text-place.ts';
import { parseDuration } from '../values/duration.ts';
import type { Parsed } from '../values/parsed.ts';

/** An object's members by key. */
export type Fields = ReadonlyMap<string, Property>;

/** A string with its place, all interpolations expanded. */
export interface Text {
  readonly text: string;
  readonly place: TextPlace;
}

/** Names that are known wherever the file is read. */
export interface FixedNames {
  readonly stack: string;
  readonly application: string;
  readonly container: string;
}

/**
 * Reads values of the document as types. The shape has been checked before; what has another type all the same is
 * `STK202` here and read as absent, so that nothing throws and nothing is ignored.
 */
export class Reader {
  readonly problems: Problems;
  readonly secrets: ReadonlySet<string>;
  readonly names: FixedNames;

  constructor(problems: Problems, secrets: ReadonlySet<string>, names: FixedNames) {
    this.problems = problems;
    this.secrets = secrets;
    this.names = names;
  }

  /** The same reader inside an application or a container. */
  within(names: Partial<FixedNames>): Reader {
    return new Reader(this.problems, this.secrets, { ...this.names, ...names });
  }

  /** An object's members without `x-…` keys; none when absent. */
  fields(node: DocumentNode | undefined): Fields {
    const fields = new Map<string, Property>();
    if (node === undefined) return fields;
    if (node.kind !== 'object') {
      this.wrongType(node, 'an object');
      return fields;
    }
    for (const property of node.properties) {
      if (!property.key.startsWith('x-')) fields.set(property.key, property);
    }
    return fields;
  }

  /** Whether an absent key has been written with a slip of the pen, which the shape reports as the unknown key that it is. */
  isMisspelt(fields: Fields, key: string): boolean {
    return (
      !fields.has(key) &&
      fields.size < 1000 &&
      [...fields.keys()].some((written) => nearest(written, [key]).length > 0)
    );
  }

  /** A list's items; one value counts as a list of itself, none when absent. */
  items(node: DocumentNode | undefined): readonly DocumentNode[] {
    if (node === undefined) return [];
    return node.kind === 'array' ? node.items : [node];
  }

  /** A string, number or boolean as text. */
  scalar(node: DocumentNode | undefined): ScalarNode | null {
    if (node === undefined) return null;
    if (node.kind === 'scalar' && node.value !== null) return node;
    this.wrongType(node, 'a string');
    return null;
  }

  /** A string taken apart and checked against a rule; null when absent or wrong. */
  template(node: DocumentNode | undefined, rule: TemplateRule): Template | null {
    const scalar = this.scalar(node);
    if (scalar === null) return null;
    const place = textPlace(this.problems.source, scalar);
    const { parts, problems } = parseTemplate(String(scalar.value));
    for (const problem of problems) this.problems.inText(problem.code, place, problem);
    const template = { parts, place };
    const sound = checkTemplate(template, rule, this.secrets, this.problems);
    return sound && problems.length === 0 ? template : null;
  }

  templates(node: DocumentNode | undefined, rule: TemplateRule): readonly Template[] {
    return this.items(node).flatMap((item) => this.template(item, rule) ?? []);
  }

  /**
   * A string that must be known from the file alone. Under the rule `fixed` the stack's, application's and
   * container's name are put in.
   */
  text(node: DocumentNode | undefined, rule: 'fixed' | 'written' = 'fixed'): Text | null {
    const template = this.template(node, rule);
    if (template === null) return null;
    const plain = plainText(template);
    if (plain !== null) return { text: plain, place: template.place };
    const text = template.parts.map((part) => this.#fixedPart(part)).join('');
    // Offsets in what came out are no offsets in the file.
    return { text, place: { ...template.place, exact: null } };
  }

  texts(node: DocumentNode | undefined, rule: 'fixed' | 'written' = 'fixed'): readonly Text[] {
    return this.items(node).flatMap((item) => this.text(item, rule) ?? []);
  }

  /** A string read by a parser whose problems get the code. */
  parsed<T>(node: DocumentNode | undefined, code: Code, parse: (text: string) => Parsed<T>): T | null {
    const text = this.text(node, 'written');
    if (text === null) return null;
    const result = parse(text.text);
    if (result.ok) return result.value;
    this.problems.inText(code, text.place, result.problem);
    return null;
  }

  durationMs(node: DocumentNode | undefined): number | null {
    return this.parsed(node, 'STK319', parseDuration);
  }

  /** One of some words; an absent one is the default. */
  choice<const T extends string>(node: DocumentNode | undefined, words: readonly T[], absent: T): T {
    const text = this.text(node, 'written');
    if (text === null) return absent;
    const word = words.find((known) => known === text.text);
    if (word !== undefined) return word;
    const near = nearest(text.text, words);
    this.problems.error('STK332', `\`${text.text}\` is none of ${words.join(', ')}`, text.place.range, {
      help: near[0] === undefined ? null : `did you mean \`${near[0]}\`?`,
    });
    return absent;
  }

  /** True or false; the strings are read too, with a warning. */
  flag(node: DocumentNode | undefined): boolean | null {
    const scalar = this.scalar(node);
    if (scalar === null) return null;
    if (typeof scalar.value === 'boolean') return scalar.value;
    if (scalar.value === 'true' || scalar.value === 'false') {
      this.problems.warn(
        'STK356',
        `the text \`"${scalar.value}"\` is read as ${scalar.value}`,
        scalar.range,
        {
          help: `write ${scalar.value} without quotes`,
        },
      );
      return scalar.value === 'true';
    }
    this.wrongType(scalar, 'true or false');
    return null;
  }

  /** A whole number within bounds; a numeric string is read too, with a warning. */
  integer(node: DocumentNode | undefined, low: number, high: number): number | null {
    const scalar = this.scalar(node);
    if (scalar === null || this.text(scalar, 'written') === null) return null;
    const value =
      typeof scalar.value === 'string' && /^-?\d+$/.test(scalar.value) ? Number(scalar.value) : scalar.value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
      this.problems.error(
        'STK332',
        `\`${String(scalar.value)}\` is not a whole number from ${low} to ${high}`,
        scalar.range,
      );
      return null;
    }
    if (typeof scalar.value === 'string') {
      this.problems.warn(
        'STK356',
        `the text \`"${scalar.value}"\` is read as the number ${value}`,
        scalar.range,
        {
          help: `write ${value} without quotes`,
        },
      );
    }
    return value;
  }

  wrongType(node: DocumentNode, expected: string): void {
    this.problems.error('STK202', `expected ${expected}, not ${kindOf(node)}`, node.range);
  }

  #fixedPart(part: Template['parts'][number]): string {
    if (part.kind === 'text') return part.text;
    if (part.kind !== 'name') return '';
    if (part.name === 'stack' || part.name === 'application' || part.name === 'container')
      return this.names[part.name];
    return '';
  }
}

function kindOf(node: DocumentNode): string {
  if (node.kind === 'object') return 'an object';
  if (node.kind === 'array') return 'a list';
  return node.value === null ? 'null' : `a ${typeof node.value}`;
}
