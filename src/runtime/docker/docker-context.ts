import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../engine.ts';
import { errorCode } from './error-code.ts';
import { parseHost, type Endpoint } from './host-url.ts';
import { readTlsFolder } from './tls-files.ts';

/** Docker's settings folder where DOCKER_CONFIG names no other. */
export function defaultConfigFolder(home: string): string {
  return join(home, '.docker');
}

/** `currentContext` of docker's config.json; null when there is none. Throws when the file is not JSON. */
export function currentContext(folder: string): string | null {
  const path = join(folder, 'config.json');
  const config = readJson(path);
  return config === null ? null : textAt(config, 'currentContext');
}

/**
 * The endpoint of a stored context (`docker context create`), TLS files included. Throws an {@link EngineError} of
 * kind `invalid` that lists the contexts there are.
 */
export function contextEndpoint(folder: string, name: string): Endpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJson(join(folder, 'contexts', 'meta', id, 'meta.json'));
  if (meta === null) {
    throw invalid(
      `there is no docker context \`${name}\`; there are ${contextNames(folder)
        .map((n) => `\`${n}\``)
        .join(', ')}`,
    );
  }
  const endpoint = at(at(meta, 'Endpoints'), 'docker');
  const host = textAt(endpoint, 'Host');
  if (host === null) throw invalid(`the docker context \`${name}\` has no address of an engine`);
  const tlsFolder = join(folder, 'contexts', 'tls', id, 'docker');
  const hasTls = existsSync(tlsFolder);
  const verify = at(endpoint, 'SkipTLSVerify') !== true;
  const parsed = parseHost(host, hasTls);
  const named = { ...parsed, words: `${parsed.words} (context ${name})` };
  if (named.kind !== 'tcp') return named;
  if (hasTls) return { ...named, secure: true, tls: readTlsFolder(tlsFolder, verify) };
  return verify ? named : { ...named, tls: { ca: null, cert: null, key: null, verify } };
}

/** Every context, `default` first, the others sorted. */
function contextNames(folder: string): readonly string[] {
  const path = join(folder, 'contexts', 'meta');
  const names = existsSync(path)
    ? readdirSync(path).map((id) => textAt(readJson(join(path, id, 'meta.json')), 'Name'))
    : [];
  return ['default', ...names.filter((name) => name !== null).sort()];
}

function readJson(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = errorCode(error);
    // A parser's message would quote the file, which may hold credentials.
    throw invalid(`docker's own \`${path}\` ${code === '' ? 'is not JSON' : `cannot be read (${code})`}`);
  }
}

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string | null {
  const text = at(value, key);
  return typeof text === 'string' && text !== '' ? text : null;
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', 'choose the engine', message);
}
