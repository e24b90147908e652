import { join } from 'node:path';

import { readJsonFile } from './json-file.ts';

/** What stackc reads of docker's config.json. */
export interface DockerConfig {
  readonly currentContext: string | null;
  /** By registry, in whatever form it was written; `auth` is base64 of `user:password`. */
  readonly auths: Readonly<Record<string, { readonly auth: string; readonly identityToken: string }>>;
  /** Name of the credential helper, by registry. */
  readonly helpers: Readonly<Record<string, string>>;
  /** Name of the credential helper for all others. */
  readonly store: string | null;
}

/** Reads config.json of docker's settings folder; without one, everything is empty. Throws when it is not JSON. */
export function readDockerConfig(folder: string): DockerConfig {
  const config = readJsonFile(join(folder, 'config.json'));
  return {
    currentContext: textAt(config, 'currentContext'),
    auths: mapAt(config, 'auths', (entry) => ({
      auth: textAt(entry, 'auth') ?? '',
      identityToken: textAt(entry, 'identitytoken') ?? '',
    })),
    helpers: mapAt(config, 'credHelpers', (name) => (typeof name === 'string' ? name : '')),
    store: textAt(config, 'credsStore'),
  };
}

/** A member of what may be an object. */
export function valueAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** A member that is a text; null when it is none, or empty. */
export function textAt(value: unknown, key: string): string | null {
  const text = valueAt(value, key);
  return typeof text === 'string' && text !== '' ? text : null;
}

function mapAt<T>(value: unknown, key: string, each: (entry: unknown) => T): Readonly<Record<string, T>> {
  const map = valueAt(value, key);
  if (typeof map !== 'object' || map === null) return {};
  return Object.fromEntries(Object.entries(map).map(([name, entry]) => [name, each(entry)]));
}
