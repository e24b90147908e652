import { programOf } from '../desired/program.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { readHaproxy, type HaproxyConfig } from './haproxy.ts';

/** A haproxy or nginx of the stack that runs, and where it has its configuration from. */
export interface RunningBalancer {
  readonly container: ObservedContainer;
  readonly program: 'haproxy' | 'nginx';
  /** `2.8.3`; null where the image does not say. */
  readonly version: string | null;
  readonly paths: ConfigPaths;
}

/** Where a configuration lies, as its container names it. */
export interface ConfigPaths {
  readonly paths: readonly string[];
  /** All of them, one behind the other; else the first that is there. */
  readonly all: boolean;
}

/** The configuration of a running balancer as it was read, or why it was not. */
export type BalancerText =
  | {
      readonly kind: 'read';
      /** The files to begin with, in their order. */
      readonly main: readonly string[];
      /** Those and all that they include, by path. */
      readonly files: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'unread'; readonly why: string };

/** Where the program looks when its words do not say: the official images, then the distributions. */
const DEFAULTS = {
  haproxy: ['/usr/local/etc/haproxy/haproxy.cfg', '/etc/haproxy/haproxy.cfg'],
  nginx: [
    '/etc/nginx/nginx.conf',
    '/usr/local/nginx/conf/nginx.conf',
    '/usr/local/openresty/nginx/conf/nginx.conf',
  ],
} as const;

const FLAGS = { haproxy: '-f', nginx: '-c' } as const;

/** All that run now, told by the words they run with, else by a name that says so. */
export function runningBalancers(observed: ObservedState): readonly RunningBalancer[] {
  return observed.containers.flatMap((container) => {
    if (container.role !== 'instance' || container.phase !== 'current' || container.state !== 'running')
      return [];
    const words = [...(container.entrypoint ?? []), ...(container.command ?? [])];
    const program = balancerProgram(
      [container.entrypoint, container.command].flatMap((list) => programOf(list ?? []) ?? []),
      [container.container, container.spec?.image ?? ''],
    );
    return program === null
      ? []
      : [
          {
            container,
            program,
            version: versionOf(container.env, program),
            paths: configPaths(program, words),
          },
        ];
  });
}

/** Which balancer runs: by the programs that are written, else by the names of its container and image. */
export function balancerProgram(
  programs: readonly string[],
  names: readonly string[],
): 'haproxy' | 'nginx' | null {
  return programIn(programs) ?? programIn(names.map(imageName));
}

function programIn(names: readonly string[]): 'haproxy' | 'nginx' | null {
  for (const name of names) {
    if (/^haproxy\b/.test(name)) return 'haproxy';
    if (/^nginx\b/.test(name)) return 'nginx';
  }
  return null;
}

function imageName(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1).replace(/[:@].*$/s, '');
}

/** `HAPROXY_VERSION` and `NGINX_VERSION`, as the official images set them. */
function versionOf(env: readonly string[], program: 'haproxy' | 'nginx'): string | null {
  const key = `${program.toUpperCase()}_VERSION=`;
  return env.find((pair) => pair.startsWith(key))?.slice(key.length) ?? null;
}

/** What a running haproxy's configuration says, all its files together. */
export function haproxyConfigOf(
  container: ObservedContainer,
  { main, files }: Extract<BalancerText, { readonly kind: 'read' }>,
): HaproxyConfig {
  const text = main.map((path) => files.get(path) ?? '').join('\n');
  const variables = container.env.map((pair) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return readHaproxy(text, new Map(variables));
}

/** The names by which a container on the networks of a stack reaches an instance. */
export function namesOf(
  { spec }: ObservedContainer,
  engineName: string,
  aliases: readonly string[],
): readonly string[] {
  const links = (spec?.links ?? []).filter(({ target }) => target === engineName).map(({ alias }) => alias);
  return [...links, engineName, ...aliases];
}

/** What `-f` (haproxy, several times) or `-c` (nginx) says; a shell's text is read word by word. */
export function configPaths(program: 'haproxy' | 'nginx', given: readonly string[]): ConfigPaths {
  const words = given.flatMap((word) => word.split(/\s+/));
  const flag = FLAGS[program];
  const paths = words.flatMap((word, i) => {
    if (word === flag) return words[i + 1] ?? [];
    return word.startsWith(`${flag}/`) ? [word.slice(flag.length)] : [];
  });
  if (paths.length === 0) return { paths: DEFAULTS[program], all: false };
  return { paths: program === 'nginx' ? paths.slice(-1) : paths, all: true };
}
