import { EngineError, type RegistryAuth } from '../engine.ts';
import { askHelper, type HelperRunner } from './credential-helper.ts';
import { readDockerConfig, type DockerConfig } from './docker-config.ts';
import { splitReference } from './image-reference.ts';

/** Where credentials come from. */
export interface AuthSources {
  /** By registry host (`docker.io` for Docker Hub); they come first. */
  readonly explicit: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
  /** Docker's settings folder. */
  readonly configFolder: string;
  /** Runs `docker-credential-NAME get`; the default runs the program. */
  readonly runHelper?: HelperRunner;
}

/** Docker Hub's key in docker's settings, whatever the image says. */
const HUB = 'https://index.docker.io/v1/';

/**
 * The credentials for an image's registry, looked up as docker's CLI does: what is given, then `credHelpers`,
 * `credsStore` and `auths` of config.json. Null when there are none. Rejects with an {@link EngineError} of kind
 * `denied` when a helper fails, and `invalid` when the settings cannot be read; neither tells a secret.
 */
export async function registryAuth(reference: string, sources: AuthSources): Promise<RegistryAuth | null> {
  const { host } = splitReference(reference);
  const serverAddress = host === 'docker.io' ? HUB : host;
  const given = Object.entries(sources.explicit).find(([key]) => hostOf(key) === host)?.[1];
  if (given !== undefined) return { username: given.username, password: given.password, serverAddress };
  const config = readDockerConfig(sources.configFolder);
  const helper = config.helpers[serverAddress] ?? config.helpers[host] ?? config.store;
  if (helper !== null && helper !== undefined) {
    const found = await askHelper(helper, serverAddress, sources.runHelper);
    // Docker too falls back on what stands in the file, where a store was added later.
    if (found !== null) return found;
  }
  return fromFile(config, host, serverAddress);
}

function fromFile(config: DockerConfig, host: string, serverAddress: string): RegistryAuth | null {
  const entry = Object.entries(config.auths).find(([key]) => hostOf(key) === host)?.[1];
  if (entry === undefined) return null;
  if (entry.identityToken !== '') {
    return { username: '', password: '', serverAddress, identityToken: entry.identityToken };
  }
  if (entry.auth === '') return null;
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) {
    const message = `docker's own config.json has no user and password for ${host} in \`auth\``;
    throw new EngineError('invalid', 'find registry credentials', message);
  }
  // Some tools pad the password with zero bytes; docker takes them off too.
  const password = decoded.slice(colon + 1).replace(/\0+$/, '');
  return { username: decoded.slice(0, colon), password, serverAddress };
}

/** A key as people and programs write it: with scheme, path, or Hub's old name. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return ['index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com'].includes(host)
    ? 'docker.io'
    : host;
}
