import { nginxMs } from './duration.ts';
import type { Directive } from './nginx-tree.ts';

/** The modules that pass requests on. */
export const FAMILIES = ['proxy', 'fastcgi', 'uwsgi', 'scgi', 'grpc'] as const;
export type Family = (typeof FAMILIES)[number];

/** What a block inherits, and hands on. */
export interface Scope {
  readonly layer: 'http' | 'stream';
  /** Connections to servers are kept unless something says otherwise (nginx 1.29.7 and later). */
  readonly keeps: boolean;
  readonly families: ReadonlyMap<Family, FamilySettings>;
  readonly httpVersion: string;
  /** The `Connection` header sent to servers, in lower case; empty: none. A variable stays as it is written. */
  readonly connection: string;
  /** `proxy_set_header Upgrade`: connections may be upgraded (web sockets). */
  readonly upgrades: boolean;
  readonly fastcgiKeeps: boolean;
  readonly kept: Kept;
  /** By `set`, the dollar cut off. */
  readonly variables: ReadonlyMap<string, string>;
  /** By `map`: what a variable is when its source is empty. */
  readonly maps: ReadonlyMap<string, string>;
}

/** How long connections of clients are kept without a request, in milliseconds; 0: not at all. */
export interface Kept {
  readonly timeoutMs: number;
  /** `keepalive_min_timeout`: so long also when nginx stops. */
  readonly minMs: number;
}

/** `*_next_upstream` and the times; null where nothing is written. */
export interface FamilySettings {
  readonly nextUpstream: readonly string[] | null;
  readonly tries: number | null;
  readonly readTimeoutMs: number | null;
}

/** Outside of every block. */
export function outerScope(keeps: boolean): Scope {
  return {
    layer: 'http',
    keeps,
    families: new Map(),
    httpVersion: keeps ? '1.1' : '1.0',
    connection: keeps ? '' : 'close',
    upgrades: false,
    fastcgiKeeps: false,
    kept: { timeoutMs: 75_000, minMs: 0 },
    variables: new Map(),
    maps: new Map(),
  };
}

/** What holds inside a block with these directives. */
export function enterScope(outer: Scope, inside: readonly Directive[]): Scope {
  const last = (name: string) => inside.findLast((d) => d.name === name)?.args;
  const maps = mapsOf(outer.maps, inside);
  return {
    ...outer,
    maps,
    families: familiesOf(outer.families, last, outer.layer),
    httpVersion: last('proxy_http_version')?.[0] ?? outer.httpVersion,
    connection: connectionOf(outer, inside, maps),
    upgrades: upgradesOf(outer, inside),
    fastcgiKeeps: (last('fastcgi_keep_conn')?.[0] ?? (outer.fastcgiKeeps ? 'on' : 'off')) === 'on',
    kept: {
      timeoutMs: nginxMs(last('keepalive_timeout')?.[0]) ?? outer.kept.timeoutMs,
      minMs: nginxMs(last('keepalive_min_timeout')?.[0]) ?? outer.kept.minMs,
    },
    variables: variablesOf(outer.variables, inside),
  };
}

function familiesOf(
  outer: Scope['families'],
  last: (name: string) => readonly string[] | undefined,
  layer: Scope['layer'],
): Scope['families'] {
  const families = new Map<Family, FamilySettings>();
  for (const family of FAMILIES) {
    const inherited = outer.get(family);
    const tries = Number.parseInt(last(`${family}_next_upstream_tries`)?.[0] ?? '', 10);
    // Bytes are not read again and again: the limit of a stream is `proxy_timeout`.
    const read = layer === 'stream' ? last('proxy_timeout') : last(`${family}_read_timeout`);
    families.set(family, {
      nextUpstream: last(`${family}_next_upstream`) ?? inherited?.nextUpstream ?? null,
      tries: Number.isNaN(tries) ? (inherited?.tries ?? null) : tries,
      readTimeoutMs: nginxMs(read?.[0]) ?? inherited?.readTimeoutMs ?? null,
    });
  }
  return families;
}

function upgradesOf(outer: Scope, inside: readonly Directive[]): boolean {
  const headers = inside.filter((d) => d.name === 'proxy_set_header');
  return headers.length === 0
    ? outer.upgrades
    : headers.some((d) => d.args[0]?.toLowerCase() === 'upgrade' && d.args[1] !== '');
}

/** `proxy_set_header` is inherited only where a block sets none of its own; what nobody sets is nginx's own. */
function connectionOf(outer: Scope, inside: readonly Directive[], maps: Scope['maps']): string {
  const headers = inside.filter((d) => d.name === 'proxy_set_header');
  if (headers.length === 0) return outer.connection;
  const set = headers.findLast((d) => d.args[0]?.toLowerCase() === 'connection')?.args[1];
  if (set === undefined) return outer.keeps ? '' : 'close';
  const variable = /^\$\{?(\w+)\}?$/.exec(set)?.[1];
  return (variable === undefined ? set : (maps.get(variable) ?? set)).toLowerCase();
}

function variablesOf(outer: Scope['variables'], inside: readonly Directive[]): Scope['variables'] {
  const own = inside.filter((d) => d.name === 'set' && d.args.length > 1);
  if (own.length === 0) return outer;
  return new Map([...outer, ...own.map((d) => [(d.args[0] ?? '').slice(1), d.args[1] ?? ''] as const)]);
}

/** `map $http_upgrade $connection_upgrade { default upgrade; '' close; }`: what a plain request gets. */
function mapsOf(outer: Scope['maps'], inside: readonly Directive[]): Scope['maps'] {
  const own = inside.filter((d) => d.name === 'map' && d.block !== null && d.args.length > 1);
  if (own.length === 0) return outer;
  const maps = new Map(outer);
  for (const { args, block } of own) {
    const find = (key: string) => block?.find((entry) => entry.name === key)?.args[0];
    maps.set((args[1] ?? '').slice(1), find('') ?? find('default') ?? '');
  }
  return maps;
}
