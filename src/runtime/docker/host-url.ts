import { EngineError } from '../engine.ts';
import type { TlsFiles } from './tls-files.ts';

/** Where an engine listens. `words` names it in messages, without credentials. */
export type Endpoint =
  /** A unix socket or a named pipe. */
  | { readonly kind: 'socket'; readonly path: string; readonly words: string }
  | {
      readonly kind: 'tcp';
      readonly host: string;
      readonly port: number;
      /** Before the API's own paths, without a slash at the end; mostly empty. */
      readonly basePath: string;
      readonly secure: boolean;
      readonly tls: TlsFiles | null;
      readonly words: string;
    }
  | {
      readonly kind: 'ssh';
      readonly host: string;
      /** Null: as the user's ssh configuration says. */
      readonly user: string | null;
      readonly port: number | null;
      /** The engine's socket over there; null for docker's default. */
      readonly path: string | null;
      readonly words: string;
    };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/**
 * Reads an address as docker writes it: `unix://`, `npipe://`, `tcp://`, `http://`, `https://`, `ssh://`, or
 * `host:port` for TCP. `tls` chooses the default port. Throws an {@link EngineError} of kind `invalid`.
 */
export function parseHost(address: string, tls = false): Endpoint {
  const match = /^([a-z]+):\/\/(.*)$/s.exec(address);
  const scheme = match?.[1] ?? 'tcp';
  const rest = match?.[2] ?? address;
  switch (scheme) {
    case 'unix':
      return socket(rest || '/var/run/docker.sock', `unix://${rest || '/var/run/docker.sock'}`);
    case 'npipe':
      return socket(rest || '//./pipe/docker_engine', `npipe://${rest || '//./pipe/docker_engine'}`);
    case 'tcp':
    case 'http':
    case 'https':
      return tcp(address, rest, scheme === 'https', tls);
    case 'ssh':
      return ssh(address);
    default:
      throw invalid(address, `\`${scheme}://\` is no address of an engine`);
  }
}

function socket(path: string, words: string): Endpoint {
  return { kind: 'socket', path, words };
}

function tcp(address: string, rest: string, secure: boolean, tls: boolean): Endpoint {
  const url = parseUrl(`http://${rest}`, address);
  if (url.hostname === '') throw invalid(address, 'it names no host');
  const isSecure = secure || tls;
  // The URL parser drops :80 as the default of http, but docker's default is another.
  const port =
    url.port === ''
      ? Number(/:(80)(?:\/|$)/.exec(rest)?.[1] ?? (isSecure ? TLS_PORT : PLAIN_PORT))
      : Number(url.port);
  const basePath = url.pathname.replace(/\/+$/, '');
  return {
    kind: 'tcp',
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    basePath,
    secure,
    tls: null,
    words: `tcp://${url.hostname}:${port}${basePath}`,
  };
}

function ssh(address: string): Endpoint {
  const url = parseUrl(address, address);
  if (url.hostname === '') throw invalid('ssh://…', 'it names no host');
  if (url.password !== '') throw invalid('ssh://…', 'a password in it is not supported: use a key');
  if (url.search !== '' || url.hash !== '') throw invalid(address, '`?` and `#` have no meaning in it');
  const user = url.username === '' ? null : decodeURIComponent(url.username);
  const path = url.pathname === '' || url.pathname === '/' ? null : decodeURIComponent(url.pathname);
  const port = url.port === '' ? null : Number(url.port);
  const words = `ssh://${user === null ? '' : `${user}@`}${url.hostname}${port === null ? '' : `:${port}`}${path ?? ''}`;
  return { kind: 'ssh', host: url.hostname.replace(/^\[|\]$/g, ''), user, port, path, words };
}

function parseUrl(text: string, address: string): URL {
  try {
    return new URL(text);
  } catch {
    throw invalid(address, 'it should look like `unix:///path`, `tcp://host:2375` or `ssh://user@host`');
  }
}

function invalid(address: string, why: string): EngineError {
  return new EngineError(
    'invalid',
    'choose the engine',
    `\`${address}\` cannot be an engine's address: ${why}`,
  );
}
