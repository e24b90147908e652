import type { PathFacts } from '../engine.ts';
import type { HttpAnswer } from './answer-reader.ts';
import { excerpt, NonsenseAnswer } from './engine-errors.ts';

/** Where the engine tells what lies at a path: base64 of JSON. */
const HEADER = 'x-docker-container-path-stat';

/** Go's own numbers for what a file is, `io/fs.FileMode`; above 2^31, where JavaScript's operators end. */
const KINDS: readonly (readonly [bit: number, kind: PathFacts['kind']])[] = [
  [2 ** 31, 'directory'],
  [2 ** 27, 'symlink'],
  [2 ** 26, 'device or pipe'],
  [2 ** 25, 'device or pipe'],
  [2 ** 24, 'socket'],
  [2 ** 21, 'device or pipe'],
];

/** Reads an answer to HEAD /containers/{id}/archive; throws {@link NonsenseAnswer} when it is none. */
export function pathFacts({ headers }: HttpAnswer): PathFacts {
  const text = String(headers[HEADER] ?? '');
  const facts = parse(Buffer.from(text, 'base64').toString('utf8'));
  if (facts === null) throw new NonsenseAnswer(`it told nothing of the path, but sent ${excerpt(text)}`);
  const kind = KINDS.find(([bit]) => Math.floor(facts.mode / bit) % 2 === 1)?.[1] ?? 'file';
  return { kind, target: kind === 'symlink' ? facts.linkTarget : null };
}

function parse(text: string): { readonly mode: number; readonly linkTarget: string } | null {
  let facts: unknown;
  try {
    facts = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof facts !== 'object' || facts === null || !('mode' in facts) || !('linkTarget' in facts))
    return null;
  const { mode, linkTarget } = facts;
  return typeof mode === 'number' && typeof linkTarget === 'string' ? { mode, linkTarget } : null;
}
