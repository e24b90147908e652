import { parsed, unparsed, type Parsed } from './parsed.ts';

/** One value of `volumes`. */
export interface VolumeMount {
  readonly type: 'bind' | 'volume';
  /** A path of the host, or a volume's name. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly noCopy: boolean;
  readonly relabel: 'shared' | 'private' | null;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** An absolute path without `.`, `..`, doubled or trailing slashes; null when it is not absolute. */
export function normalizePath(path: string): string | null {
  if (!path.startsWith('/')) return null;
  if (path === '/' || !/\/(?:\.{0,2}\/|\.{0,2}$)/.test(path)) return path;
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}

/**
 * Reads one value of `volumes` as `docker run -v` does: `source:target[:options]`, where the source is a path of
 * the host (a bind) or a volume's name, and the options are of `ro`, `rw`, `z`, `Z`, `nocopy`. A target alone would
 * be an anonymous volume, lost with its generation, and a relative source means nothing to an engine: both are problems.
 */
export function parseVolume(text: string): Parsed<VolumeMount> {
  const [source = '', target, options, ...more] = text.split(':');
  if (target === undefined) {
    return unparsed(
      `\`${text}\` alone is an anonymous volume, lost at every replacement`,
      0,
      text.length,
      `name it (\`NAME:${text}\`), or use \`data_volumes\` or \`tmpfs\``,
    );
  }
  const targetAt = source.length + 1;
  const optionsAt = targetAt + target.length + 1;
  if (more.length > 0) {
    const at = optionsAt + (options ?? '').length;
    return unparsed('too many `:`', at, at + 1, 'write `source:target` or `source:target:options`');
  }
  const bind = source.startsWith('/');
  if (/^[a-zA-Z0-9]$/.test(source)) {
    return unparsed(
      `\`${source}\` is too short for a volume's name`,
      0,
      1,
      'the engine wants at least two characters',
    );
  }
  if (!bind && !NAME.test(source)) {
    const relative = /^[.~]/.test(source) || source.includes('/');
    return unparsed(
      source === ''
        ? 'the source is missing'
        : `\`${source}\` is neither an absolute path nor a volume's name`,
      0,
      Math.max(source.length, 1),
      relative
        ? 'the engine may be on another machine: write the absolute path there'
        : 'write `/path:/path` or `name:/path`',
    );
  }
  const path = normalizePath(target);
  if (path === null || path === '/') {
    return unparsed(
      path === '/' ? 'a volume cannot be mounted over `/`' : `\`${target}\` is not an absolute path`,
      Math.min(targetAt, text.length - 1),
      Math.max(targetAt + target.length, targetAt),
      'the path in the container starts with `/`',
    );
  }
  const flags = parseOptions(options, optionsAt, bind);
  if (!flags.ok) return flags;
  return parsed({
    type: bind ? 'bind' : 'volume',
    source: bind ? (normalizePath(source) ?? source) : source,
    target: path,
    ...flags.value,
  });
}

type Flags = Pick<VolumeMount, 'readOnly' | 'noCopy' | 'relabel'>;

function parseOptions(text: string | undefined, at: number, bind: boolean): Parsed<Flags> {
  let flags: Flags = { readOnly: false, noCopy: false, relabel: null };
  const seen = new Set<string>();
  let start = at;
  for (const option of text?.split(',') ?? []) {
    const end = start + option.length;
    const group = option === 'ro' || option === 'rw' ? 'mode' : option.toLowerCase();
    if (seen.has(group))
      return unparsed(`\`${option}\` contradicts or repeats an option before it`, start, end);
    seen.add(group);
    switch (option) {
      case 'ro':
        flags = { ...flags, readOnly: true };
        break;
      case 'rw':
        break;
      case 'z':
      case 'Z':
        flags = { ...flags, relabel: option === 'z' ? 'shared' : 'private' };
        break;
      case 'nocopy':
        if (bind) return unparsed('`nocopy` is for named volumes only', start, end);
        flags = { ...flags, noCopy: true };
        break;
      default:
        return unparsed(
          option === '' ? 'an option is missing' : `\`${option}\` is not an option of a volume`,
          option === '' ? start - 1 : start,
          Math.max(end, start),
          'the options are `ro`, `rw`, `z`, `Z` and `nocopy`',
        );
    }
    start = end + 1;
  }
  return parsed(flags);
}
