import { nearest } from '../nearest.ts';
import type { TextPlace } from './text-place.ts';
import type { TextProblem } from './values/parsed.ts';

/** Names that stand for facts of the stack, the instance and the host. */
const BUILTIN_NAMES = [
  'app_name',
  'container',
  'index',
  'opsworks',
  'host',
  'public_ip',
  'stack',
  'application',
] as const;

type BuiltinName = (typeof BUILTIN_NAMES)[number];

/** A stretch of a template, with its place in the string it was read from. */
export type TemplatePart = Stretch &
  (
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'name'; readonly name: BuiltinName }
    | { readonly kind: 'env'; readonly name: string; readonly fallback: string | null }
    | { readonly kind: 'secret'; readonly name: string }
    | { readonly kind: 'socket' }
  );

interface Stretch {
  readonly start: number;
  readonly end: number;
}

/** A string of the file, taken apart; nothing in it is expanded yet. */
export interface Template {
  readonly parts: readonly TemplatePart[];
  readonly place: TextPlace;
}

/** A problem of a template, with the code that it has. */
interface TemplateProblem extends TextProblem {
  readonly code: 'STK302' | 'STK303';
}

/** The parts of a string, and what is wrong with it; what is wrong stays as text. */
export interface ParsedTemplate {
  readonly parts: readonly TemplatePart[];
  readonly problems: readonly TemplateProblem[];
}

/** Takes a string apart: `%{…}` is an interpolation, `%%` a percent sign, any other `%` itself. Nothing nests. */
export function parseTemplate(text: string): ParsedTemplate {
  if (!text.includes('%')) {
    return { parts: text === '' ? [] : [{ kind: 'text', text, start: 0, end: text.length }], problems: [] };
  }
  const parts: TemplatePart[] = [];
  const problems: TemplateProblem[] = [];
  let from = 0;
  const flush = (end: number) => {
    if (end > from) parts.push({ kind: 'text', text: text.slice(from, end), start: from, end });
  };
  for (let i = text.indexOf('%'); i !== -1; i = text.indexOf('%', i)) {
    const next = text[i + 1];
    if (next === '%') {
      flush(i);
      parts.push({ kind: 'text', text: '%', start: i, end: i + 2 });
      from = i += 2;
    } else if (next === '{') {
      flush(i);
      const close = text.indexOf('}', i);
      if (close === -1) {
        problems.push({
          code: 'STK302',
          message: 'the interpolation `%{` is never closed',
          start: i,
          end: text.length,
          help: 'close it with `}`, or write `%%{` for the characters themselves',
        });
        return { parts, problems };
      }
      const part = parseInterpolation(text.slice(i + 2, close), i, close + 1);
      if ('code' in part) problems.push(part);
      else parts.push(part);
      from = i = close + 1;
    } else {
      i++;
    }
  }
  flush(text.length);
  return { parts, problems };
}

function parseInterpolation(inner: string, start: number, end: number): TemplatePart | TemplateProblem {
  const malformed = (message: string, help: string): TemplateProblem => ({
    code: 'STK302',
    message,
    start,
    end,
    help,
  });
  if (inner.includes('%{')) {
    return malformed('an interpolation cannot hold another one', 'nothing nests: use one at a time');
  }
  if (inner.startsWith('env:')) {
    const bar = inner.indexOf('|');
    const name = bar === -1 ? inner.slice(4) : inner.slice(4, bar);
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      return malformed(
        `\`${name}\` is not a variable's name`,
        'write `%{env:NAME}` or `%{env:NAME|default}`',
      );
    }
    return { kind: 'env', name, fallback: bar === -1 ? null : inner.slice(bar + 1), start, end };
  }
  if (inner.startsWith('secret:')) {
    const name = inner.slice(7);
    if (name === '') return malformed('the secret has no name', 'write `%{secret:NAME}`');
    return { kind: 'secret', name, start, end };
  }
  if (inner === 'socket') return { kind: 'socket', start, end };
  const name = BUILTIN_NAMES.find((builtin) => builtin === inner);
  if (name !== undefined) return { kind: 'name', name, start, end };
  return {
    code: 'STK303',
    message: `unknown interpolation \`%{${inner}}\``,
    start,
    end,
    help: suggestion(inner),
  };
}

function suggestion(inner: string): string {
  if (/^[A-Z_][A-Z0-9_]*$/.test(inner)) return `for a variable of your environment write \`%{env:${inner}}\``;
  const near = nearest(inner, [...BUILTIN_NAMES, 'socket']);
  if (near.length > 0) return `did you mean ${near.map((name) => `\`%{${name}}\``).join(' or ')}?`;
  return `known are ${BUILTIN_NAMES.join(', ')}, socket, env:NAME and secret:NAME; \`%%{\` stands for the characters`;
}

/** A template that is text alone, as one string; null when it has anything to expand. */
export function plainText(template: Template): string | null {
  let text = '';
  for (const part of template.parts) {
    if (part.kind !== 'text') return null;
    text += part.text;
  }
  return text;
}

/** Whether instances of one container may get different texts. */
export function variesByInstance(template: Template): boolean {
  return template.parts.some((p) => p.kind === 'name' && (p.name === 'app_name' || p.name === 'index'));
}

/** Whether a name stands for a fact of the host. */
export function isOfHost(name: BuiltinName): boolean {
  return name === 'opsworks' || name === 'host' || name === 'public_ip';
}

/** Whether the text holds what must not be shown: a secret, or a variable of the operator. */
export function holdsHidden(template: Template): boolean {
  return template.parts.some((part) => part.kind === 'secret' || part.kind === 'env');
}
