import { includedPatterns } from '../compiler/balancer/nginx-includes.ts';
import type { BalancerText, RunningBalancer } from '../compiler/balancer/running.ts';
import { EngineError, type Engine } from './engine.ts';
import { within } from './within.ts';

/** A plan is worth more than a configuration that takes longer. */
const LIMIT_MS = 2000;

/** Links that lead to links. */
const MOST_LINKS = 8;

/** Files that include files. */
const MOST_ROUNDS = 8;

type Reader = Pick<Engine, 'readFiles'>;

/** Reads the configurations of balancers out of their containers, all at once; by the containers' ids. */
export async function readBalancers(
  engine: Reader,
  balancers: readonly RunningBalancer[],
): Promise<ReadonlyMap<string, BalancerText>> {
  const late = (): BalancerText => ({ kind: 'unread', why: `not within ${LIMIT_MS / 1000} s` });
  const texts = balancers.map(async (balancer): Promise<readonly [string, BalancerText]> => {
    const reading = readBalancer(engine, balancer).catch((error: unknown): BalancerText => {
      if (error instanceof EngineError) return { kind: 'unread', why: error.message };
      throw error;
    });
    return [balancer.container.id, await within(LIMIT_MS, reading, late)];
  });
  return new Map(await Promise.all(texts));
}

async function readBalancer(
  engine: Reader,
  { container, program, paths: { paths, all } }: RunningBalancer,
): Promise<BalancerText> {
  const strange = paths.find((path) => !path.startsWith('/'));
  if (strange !== undefined) return { kind: 'unread', why: `its path \`${strange}\` is no full one` };
  const found = await Promise.all(
    paths.map(async (path) => configsOf(path, await filesAt(engine, container.id, path))),
  );
  const missing = paths.find((_, i) => found[i]?.size === 0);
  if (all && missing !== undefined) return { kind: 'unread', why: `${missing} is not there` };
  const chosen = all ? found : found.filter((files) => files.size > 0).slice(0, 1);
  const files = new Map(chosen.flatMap((some) => [...some]));
  if (files.size === 0) return { kind: 'unread', why: `${paths.join(' and ')} are not there` };
  const main = [...files.keys()];
  if (program === 'nginx') await addIncluded(engine, container.id, main[0] ?? '', files);
  return { kind: 'read', main, files };
}

/** Of a folder, haproxy takes what is called so and lies directly in it. */
function configsOf(path: string, files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const folder = `${path.replace(/\/+$/, '')}/`;
  const isConfig = (name: string) =>
    name === path ||
    (name.startsWith(folder) && name.endsWith('.cfg') && !name.slice(folder.length).includes('/'));
  return new Map([...files].filter(([name]) => isConfig(name)));
}

/** Reads what the files include, what that includes, and so on. */
async function addIncluded(
  engine: Reader,
  id: string,
  path: string,
  files: Map<string, string>,
): Promise<void> {
  const asked = new Set<string>();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const places = new Set(
      includedPatterns(path, files)
        .filter((pattern) => !files.has(pattern))
        .map(withoutWildcards),
    );
    const open = [...places].filter((place) => !asked.has(place));
    if (open.length === 0) return;
    for (const place of open) asked.add(place);
    const found = await Promise.all(open.map((place) => filesAt(engine, id, place)));
    for (const some of found) for (const [name, text] of some) files.set(name, text);
  }
}

/** The folder above the first part with a wildcard. */
function withoutWildcards(pattern: string): string {
  const at = pattern.search(/[*?[]/);
  return at === -1 ? pattern : pattern.slice(0, Math.max(1, pattern.lastIndexOf('/', at)));
}

/** The file at a path, or the files below the folder there, links followed; by the names under which they were found. */
async function filesAt(
  engine: Reader,
  id: string,
  path: string,
  links = MOST_LINKS,
): Promise<ReadonlyMap<string, string>> {
  const entries = (await engine.readFiles(id, path, LIMIT_MS)) ?? [];
  const files = new Map<string, string>();
  for (const entry of entries) {
    if (entry.kind === 'file') files.set(entry.path, entry.text);
    else if (links > 0) {
      const end = resolved(entry.path, entry.target);
      for (const [name, text] of await filesAt(engine, id, end, links - 1))
        files.set(entry.path + name.slice(end.length), text);
    }
  }
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Where a link leads. */
function resolved(link: string, target: string): string {
  const parts: string[] = [];
  const all = target.startsWith('/') ? target : `${link.slice(0, link.lastIndexOf('/'))}/${target}`;
  for (const part of all.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
