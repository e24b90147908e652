import { isName, tcpAddress, type Address } from './address.ts';
import { nginxMs } from './duration.ts';
import { withIncludes } from './nginx-includes.ts';
import { enterScope, FAMILIES, outerScope, type Family, type Kept, type Scope } from './nginx-scope.ts';
import type { Directive } from './nginx-tree.ts';
import { unreachable } from '../unreachable.ts';

/** What the verdict must know of an nginx configuration. */
export interface NginxConfig {
  readonly upstreams: readonly NginxUpstream[];
  readonly passes: readonly NginxPass[];
  readonly listens: readonly NginxListen[];
  /** Of each `server` and `location` that speaks HTTP. */
  readonly kept: readonly Kept[];
  /** A `stream` block is there. */
  readonly passesBytes: boolean;
  /** `worker_shutdown_timeout`; null: it waits for the last connection. */
  readonly shutdownMs: number | null;
  /** Included files of which no text was given. */
  readonly unread: readonly string[];
}

/** One `upstream` block. */
export interface NginxUpstream {
  readonly name: string;
  readonly servers: readonly NginxServer[];
  /** Idle connections that are kept to its servers; 0: none. */
  readonly keepalive: number;
  readonly zone: boolean;
}

/** One `server` of an upstream. */
export interface NginxServer {
  readonly address: Address;
  /** Failures after which it counts as down for `failTimeoutMs`; 0: never. */
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly backup: boolean;
  readonly down: boolean;
  /** Its name is looked up at the start only. False for a socket or an address. */
  readonly resolvesOnce: boolean;
}

/** One `proxy_pass`, `fastcgi_pass` or their like, with what it inherits. */
export interface NginxPass {
  readonly family: Family;
  /** `stream` passes bytes, `http` requests. */
  readonly layer: 'http' | 'stream';
  /** The target is an upstream's name, an address, or nothing that can be told (a variable). */
  readonly target: PassTarget;
  /** `off` alone, or the cases in which another server is tried. */
  readonly nextUpstream: readonly string[];
  /** 0: as many as there are servers. */
  readonly tries: number;
  readonly readTimeoutMs: number;
  /** Its connections may be upgraded (web sockets). */
  readonly upgrades: boolean;
  /** Whether a connection that the server keeps open is used again. */
  readonly keepsConnections: boolean;
  /** Its name is looked up at the start only; false where it names an upstream. */
  readonly resolvesOnce: boolean;
}

/** Where requests are passed to. */
export type PassTarget =
  | { readonly kind: 'upstream'; readonly name: string }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'variable'; readonly text: string };

/** One `listen`; a server without one listens on port 80. */
export interface NginxListen {
  readonly address: Address;
  readonly reuseport: boolean;
  /** UDP or QUIC: what belongs together is no connection that the kernel knows. */
  readonly datagrams: boolean;
}

/** How the reading is told of the version, and where the main file is. */
export interface NginxReading {
  readonly path: string;
  /** `1.22.1`; null: not known, then of before 1.29.7, which keeps connections to its servers unless told otherwise. */
  readonly version: string | null;
}

const READING: NginxReading = { path: '/etc/nginx/nginx.conf', version: null };

/** `proxy_read_timeout` where none is written. */
const READ_MS = 60_000;

/** Idle connections that are kept without a word, from 1.29.7 on. */
const KEPT = 32;
const KEEPS_SINCE = [1, 29, 7] as const;

/**
 * Reads an nginx configuration from the texts of its files. Whatever it does not know, or nginx would refuse, is passed
 * over: it never throws.
 */
export function readNginx(
  files: ReadonlyMap<string, string>,
  reading: Partial<NginxReading> = {},
): NginxConfig {
  const { path, version } = { ...READING, ...reading };
  const { directives, unread } = withIncludes(path, files);
  const keeps = isSince(version, KEEPS_SINCE);
  const upstreams: NginxUpstream[] = [];
  const listens: NginxListen[] = [];
  const kept: Kept[] = [];
  let passesBytes = false;
  const passes: ((upstreams: readonly NginxUpstream[]) => NginxPass)[] = [];

  const walk = (inside: readonly Directive[], outer: Scope) => {
    const scope = enterScope(outer, inside);
    for (const { name, args, block } of inside) {
      const [first = '', ...rest] = args;
      const family = FAMILIES.find((module) => name === `${module}_pass`);
      if (name === 'upstream' && block !== null) upstreams.push(upstreamOf(first, block, keeps));
      else if (family !== undefined && first !== '') {
        passes.push((known) => passOf(family, first, scope, known));
      } else if (name === 'listen') {
        listens.push({
          address: listenAddress(first),
          reuseport: rest.includes('reuseport'),
          datagrams: rest.includes('udp') || rest.includes('quic'),
        });
      } else if (block !== null) {
        if (name === 'server' && !block.some((d) => d.name === 'listen') && scope.layer === 'http') {
          listens.push({ address: listenAddress('80'), reuseport: false, datagrams: false });
        }
        // What no other location takes, `location /` does: the server's own words are for none.
        const isOver = name === 'server' && block.some((d) => d.name === 'location' && d.args.at(-1) === '/');
        if (scope.layer === 'http' && !isOver && (name === 'server' || name === 'location')) {
          kept.push(enterScope(scope, block).kept);
        }
        if (name === 'stream') passesBytes = true;
        walk(block, name === 'stream' ? { ...scope, layer: 'stream' } : scope);
      }
    }
  };
  walk(directives, outerScope(keeps));
  return {
    upstreams,
    passes: passes.map((pass) => pass(upstreams)),
    listens,
    kept,
    passesBytes,
    shutdownMs: nginxMs(directives.find(({ name }) => name === 'worker_shutdown_timeout')?.args[0]),
    unread,
  };
}

function isSince(version: string | null, since: readonly number[]): boolean {
  if (version === null) return false;
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const at = since.findIndex((wanted, i) => (parts[i] ?? 0) !== wanted);
  return at === -1 || (parts[at] ?? 0) > (since[at] ?? 0);
}

function upstreamOf(name: string, block: readonly Directive[], keeps: boolean): NginxUpstream {
  const keepalive = block.find((d) => d.name === 'keepalive')?.args[0];
  return {
    name,
    servers: block.flatMap((d) => (d.name === 'server' && d.args[0] !== undefined ? [serverOf(d.args)] : [])),
    keepalive: keepalive === undefined ? (keeps ? KEPT : 0) : Number.parseInt(keepalive, 10) || 0,
    zone: block.some((d) => d.name === 'zone'),
  };
}

function serverOf([where = '', ...options]: readonly string[]): NginxServer {
  const address = nginxAddress(where, 80);
  const value = (key: string) =>
    options.find((option) => option.startsWith(`${key}=`))?.slice(key.length + 1);
  const fails = value('max_fails');
  return {
    address,
    maxFails: fails === undefined ? 1 : Number.parseInt(fails, 10) || 0,
    failTimeoutMs: nginxMs(value('fail_timeout')) ?? 10_000,
    backup: options.includes('backup'),
    down: options.includes('down'),
    resolvesOnce: address.kind === 'tcp' && isName(address.host) && !options.includes('resolve'),
  };
}

function passOf(
  family: Family,
  written: string,
  scope: Scope,
  upstreams: readonly NginxUpstream[],
): NginxPass {
  const text = substituted(written, scope.variables);
  const target = targetOf(text, upstreams);
  const settings = scope.families.get(family);
  const name = target.kind === 'upstream' ? target.name : null;
  const kept =
    name === null
      ? // A target that is no upstream block has none of its own; from 1.29.7 on it must be feared that it has.
        target.kind === 'variable'
        ? Math.max(scope.keeps ? KEPT : 0, ...upstreams.map((upstream) => upstream.keepalive))
        : scope.keeps
          ? KEPT
          : 0
      : (upstreams.find((upstream) => upstream.name === name)?.keepalive ?? 0);
  return {
    family,
    layer: scope.layer,
    target,
    nextUpstream: settings?.nextUpstream ?? ['error', 'timeout'],
    tries: settings?.tries ?? 0,
    readTimeoutMs: settings?.readTimeoutMs ?? (scope.layer === 'stream' ? 600_000 : READ_MS),
    upgrades: scope.layer === 'http' && family === 'proxy' && scope.upgrades,
    keepsConnections: scope.layer === 'http' && kept > 0 && mayKeep(family, scope),
    // A name that comes from a variable is looked up again and again, through the `resolver`.
    resolvesOnce:
      target.kind === 'address' &&
      target.address.kind === 'tcp' &&
      isName(target.address.host) &&
      text === written,
  };
}

/** How long a server that has a request may be silent. A longer time than nginx's own is there for what is upgraded. */
export function passSilenceMs({ readTimeoutMs, upgrades }: NginxPass): number {
  return upgrades ? Math.min(readTimeoutMs, READ_MS) : readTimeoutMs;
}

/** Whether what nginx says to the server lets it keep the connection. */
function mayKeep(family: Family, { httpVersion, connection, fastcgiKeeps }: Scope): boolean {
  switch (family) {
    case 'proxy':
      return connection !== 'close' && (httpVersion !== '1.0' || connection === 'keep-alive');
    case 'fastcgi':
      return fastcgiKeeps;
    case 'grpc':
      return true;
    case 'uwsgi':
    case 'scgi':
      return false;
    default:
      return unreachable(family);
  }
}

/** Puts in what `set` says of a variable. */
function substituted(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(
    /\$(?:\{(\w+)\}|(\w+))/g,
    (whole, braced: string | undefined, bare: string | undefined) =>
      variables.get(braced ?? bare ?? '') ?? whole,
  );
}

function targetOf(text: string, upstreams: readonly NginxUpstream[]): PassTarget {
  const rest = text.replace(/^(https?|grpcs?):\/\//, '');
  const isSecure = text.startsWith('https:') || text.startsWith('grpcs:');
  if (rest.startsWith('unix:')) {
    // `unix:PATH:/uri`
    const path = /^unix:([^:]*)/.exec(rest)?.[1] ?? '';
    return path.includes('$')
      ? { kind: 'variable', text }
      : { kind: 'address', address: { kind: 'unix', path } };
  }
  const host = /^[^/?]*/.exec(rest)?.[0] ?? '';
  if (host.includes('$')) return { kind: 'variable', text };
  if (upstreams.some(({ name }) => name === host)) return { kind: 'upstream', name: host };
  return { kind: 'address', address: nginxAddress(host, isSecure ? 443 : 80) };
}

function nginxAddress(text: string, port: number): Address {
  if (text.startsWith('unix:')) return { kind: 'unix', path: text.slice(5) };
  const address = tcpAddress(text);
  return address.kind === 'tcp' && address.port === null ? { ...address, port } : address;
}

function listenAddress(text: string): Address {
  return /^\d+$/.test(text) ? { kind: 'tcp', host: '*', port: Number(text) } : nginxAddress(text, 80);
}
