import { nginxTree, type Directive } from './nginx-tree.ts';

/** No configuration includes more files; one that includes itself over and over would. */
const MOST = 1000;

/** A configuration with its includes in place. */
export interface Included {
  readonly directives: readonly Directive[];
  /** Included paths of which no text was given, sorted. A pattern that matches nothing is none. */
  readonly unread: readonly string[];
}

/** Reads the file at `path` and puts every included one in the place of its `include`. */
export function withIncludes(path: string, files: ReadonlyMap<string, string>): Included {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const unread = new Set<string>();
  let left = MOST;

  const read = (file: string, inside: readonly string[]): readonly Directive[] => {
    const text = files.get(file);
    if (text === undefined) unread.add(file);
    if (text === undefined || inside.includes(file) || left === 0) return [];
    left -= 1;
    return expand(nginxTree(text), [...inside, file]);
  };
  const expand = (directives: readonly Directive[], inside: readonly string[]): readonly Directive[] =>
    directives.flatMap((directive) => {
      const { name, args, block } = directive;
      if (block !== null) return [{ ...directive, block: expand(block, inside) }];
      const [pattern] = args;
      if (name !== 'include' || pattern === undefined) return [directive];
      const full = fullPattern(pattern, folder);
      if (!/[*?[]/.test(full)) return read(full, inside);
      return [...files.keys()]
        .filter((file) => matches(file, full))
        .sort()
        .flatMap((file) => read(file, inside));
    });

  const directives = read(path, []);
  return { directives, unread: [...unread].sort() };
}

/** As glob(7): no wildcard matches a slash, or a dot that a name starts with. */
function matches(file: string, pattern: string): boolean {
  const names = file.split('/');
  const parts = pattern.split('/');
  return (
    names.length === parts.length &&
    parts.every((part, i) => {
      const name = names[i] ?? '';
      return (part.startsWith('.') || !name.startsWith('.')) && wildcard(part).test(name);
    })
  );
}

function wildcard(part: string): RegExp {
  const pieces = part.match(/\[!?\]?[^\]]*\]|\*+|[^]/g) ?? [];
  const source = pieces.map((piece) => {
    if (piece.startsWith('*')) return '.*';
    if (piece === '?') return '.';
    if (piece.length > 2 && piece.startsWith('[')) {
      const negated = piece[1] === '!';
      const set = piece.slice(negated ? 2 : 1, -1).replace(/[\\\]^[]/g, '\\$&');
      if (set !== '' && !/.-./.test(set)) return `[${negated ? '^' : ''}${set}]`;
      if (/^(?:\w-\w|\w)+$/.test(set) && ranges(set)) return `[${negated ? '^' : ''}${set}]`;
    }
    return piece.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  });
  return new RegExp(`^${source.join('')}$`, 's');
}

/** Whether every range runs upwards, as a regular expression demands. */
function ranges(set: string): boolean {
  return [...set.matchAll(/(\w)-(\w)/g)].every(([, from = '', to = '']) => from <= to);
}

/** The paths and patterns that the files read so far include, as full paths; sorted. */
export function includedPatterns(path: string, files: ReadonlyMap<string, string>): readonly string[] {
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const patterns = new Set<string>();
  const walk = (directives: readonly Directive[]) => {
    for (const { name, args, block } of directives) {
      if (block !== null) walk(block);
      else if (name === 'include' && args[0] !== undefined) patterns.add(fullPattern(args[0], folder));
    }
  };
  for (const text of files.values()) walk(nginxTree(text));
  return [...patterns].sort();
}

function fullPattern(pattern: string, folder: string): string {
  return pattern.startsWith('/') ? pattern : folder + pattern.replace(/^(\.\/)+/, '');
}
