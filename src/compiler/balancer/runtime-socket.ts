import type { ObservedContainer } from '../observed/observed-state.ts';
import type { HaproxyConfig } from './haproxy.ts';

/** Where a haproxy takes commands: a `stats socket` of level `admin` in a volume, which the agent can mount too. */
export interface RuntimeSocket {
  readonly volume: string;
  /** The directory inside the volume, `''` for its root. */
  readonly path: string;
  readonly name: string;
}

/** The runtime socket of a haproxy that runs, or why there is none that can be reached, as a clause after its name. */
export function runtimeSocketOf(
  container: Pick<ObservedContainer, 'spec'>,
  { statsSockets }: HaproxyConfig,
): RuntimeSocket | { readonly why: string } {
  const [first] = statsSockets;
  const admins = statsSockets.filter(({ level }) => level === 'admin');
  if (first !== undefined && admins.length === 0)
    return { why: `has a \`stats socket\` of level \`${first.level}\` only` };
  return statsSocketOf(container, { statsSockets: admins });
}

/** The same of any level: to be asked, but told nothing. */
export function statsSocketOf(
  { spec }: Pick<ObservedContainer, 'spec'>,
  { statsSockets }: Pick<HaproxyConfig, 'statsSockets'>,
): RuntimeSocket | { readonly why: string } {
  if (statsSockets.length === 0) return { why: 'has no `stats socket`' };
  const paths = statsSockets.flatMap(({ address }) => (address.kind === 'unix' ? [address.path] : []));
  for (const file of paths) {
    const directory = file.slice(0, file.lastIndexOf('/'));
    const mount = (spec?.mounts ?? [])
      .filter((m) => directory === m.target || directory.startsWith(`${m.target}/`))
      .sort((a, b) => b.target.length - a.target.length)[0];
    if (mount?.type === 'volume') {
      const path = directory.slice(mount.target.length + 1);
      return { volume: mount.source, path, name: file.slice(directory.length + 1) };
    }
  }
  const [path] = paths;
  return {
    why:
      path === undefined
        ? 'has no `stats socket` at a path'
        : `has its \`stats socket\` at ${path}, in no volume`,
  };
}
