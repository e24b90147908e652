import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../engine.ts';
import { textAt, valueAt } from './docker-config.ts';
import { parseHost, type Endpoint } from './host-url.ts';
import { readJsonFile } from './json-file.ts';
import { readTlsFolder } from './tls-files.ts';

/**
 * The endpoint of a stored context (`docker context create`), TLS files included. Throws an {@link EngineError} of
 * kind `invalid` that lists the contexts there are.
 */
export function contextEndpoint(folder: string, name: string): Endpoint {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJsonFile(join(folder, 'contexts', 'meta', id, 'meta.json'));
  if (meta === null) {
    throw invalid(
      `there is no docker context \`${name}\`; there are ${contextNames(folder)
        .map((n) => `\`${n}\``)
        .join(', ')}`,
    );
  }
  const endpoint = valueAt(valueAt(meta, 'Endpoints'), 'docker');
  const host = textAt(endpoint, 'Host');
  if (host === null) throw invalid(`the docker context \`${name}\` has no address of an engine`);
  const tlsFolder = join(folder, 'contexts', 'tls', id, 'docker');
  const hasTls = existsSync(tlsFolder);
  const verify = valueAt(endpoint, 'SkipTLSVerify') !== true;
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
    ? readdirSync(path).map((id) => textAt(readJsonFile(join(path, id, 'meta.json')), 'Name'))
    : [];
  return ['default', ...names.filter((name) => name !== null).sort()];
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', 'choose the engine', message);
}
