import { join } from 'node:path';

import { EngineError } from '../engine.ts';
import { readDockerConfig } from './docker-config.ts';
import { contextEndpoint } from './docker-context.ts';
import { parseHost, type Endpoint } from './host-url.ts';
import { readTlsFolder } from './tls-files.ts';

/** What decides which engine is meant: flags first, then what the environment and docker's own settings say. */
export interface EndpointChoice {
  /** `--context`. */
  readonly context: string | null;
  /** `--host`. */
  readonly host: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home folder; `~/.docker` is there unless DOCKER_CONFIG says otherwise. */
  readonly home: string;
  readonly platform: NodeJS.Platform;
}

/**
 * The engine that docker's own CLI would talk to: `--context`, `--host`, `DOCKER_HOST`, `DOCKER_CONTEXT`, the current
 * context of docker's config.json, else the default socket. Throws an {@link EngineError} of kind `invalid` for a
 * context that does not exist, an address that is none, and settings or certificates that cannot be read.
 * Source of truth: docker/cli `cli/command/cli.go`.
 */
export function chooseEndpoint(choice: EndpointChoice): Endpoint {
  if (choice.context && choice.host) {
    throw new EngineError('invalid', 'choose the engine', '`--context` and `--host` exclude each other');
  }
  const name = choice.context || (choice.host ? null : contextFromSettings(choice));
  // The context `default` is no stored one: it stands for the environment and the default socket.
  if (name && name !== 'default') return contextEndpoint(configFolder(choice), name);
  return fromAddress(choice);
}

/** Docker's settings folder: `DOCKER_CONFIG`, else `~/.docker`. */
export function configFolder(choice: Pick<EndpointChoice, 'env' | 'home'>): string {
  return choice.env['DOCKER_CONFIG'] || join(choice.home, '.docker');
}

function contextFromSettings(choice: EndpointChoice): string | null {
  if (choice.env['DOCKER_HOST']) return null;
  return choice.env['DOCKER_CONTEXT'] || readDockerConfig(configFolder(choice)).currentContext;
}

function fromAddress(choice: EndpointChoice): Endpoint {
  const address = choice.host || choice.env['DOCKER_HOST'] || defaultAddress(choice.platform);
  const wantsTls = Boolean(choice.env['DOCKER_TLS_VERIFY']) || Boolean(choice.env['DOCKER_TLS']);
  const endpoint = parseHost(address, wantsTls);
  if (endpoint.kind !== 'tcp' || (!endpoint.secure && !wantsTls)) return endpoint;
  const folder = choice.env['DOCKER_CERT_PATH'];
  // An https address alone is enough where the system trusts the server and it wants no client certificate.
  if (!folder && !wantsTls) return endpoint;
  const tls = readTlsFolder(
    folder || configFolder(choice),
    Boolean(choice.env['DOCKER_TLS_VERIFY']) || !wantsTls,
  );
  return { ...endpoint, secure: true, tls };
}

function defaultAddress(platform: NodeJS.Platform): string {
  return platform === 'win32' ? 'npipe:////./pipe/docker_engine' : 'unix:///var/run/docker.sock';
}
