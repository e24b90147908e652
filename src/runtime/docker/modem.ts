import type { RequestOptions } from 'node:http';

import type Docker from 'dockerode';

import { unreachable } from '../../compiler/unreachable.ts';
import type { Endpoint } from './host-url.ts';
import type { Outcome, RequestData } from './send.ts';

/** How one call is made. */
export interface Call {
  /** Before every path, without slashes around: `v1.41`; empty for none. */
  readonly prefix: string;
  readonly deliver: (options: RequestOptions, data: RequestData) => Promise<Outcome>;
}

/** What dockerode's modem is at run time, beside what its types tell. */
interface OpenModem {
  version: string | undefined;
  buildRequest: (
    options: RequestOptions,
    context: unknown,
    data: RequestData,
    callback: (error: unknown, outcome: Outcome) => void,
  ) => void;
}

/** dockerode for one endpoint; every call gets its own by {@link forCall}. The environment has no say in it. */
export function rootDocker(Dockerode: typeof Docker, endpoint: Endpoint): Docker {
  // What is left out, the modem takes from DOCKER_HOST and what belongs to it; it throws when that is malformed.
  const none = { host: undefined, port: undefined, socketPath: undefined };
  const noKeys = { ca: undefined, cert: undefined, key: undefined, timeout: undefined };
  const saved = process.env['DOCKER_HOST'];
  delete process.env['DOCKER_HOST'];
  try {
    return new Dockerode({ ...none, ...noKeys, ...addressOf(endpoint) });
  } finally {
    if (saved !== undefined) process.env['DOCKER_HOST'] = saved;
  }
}

/**
 * dockerode whose modem makes the requests (paths, queries, bodies, credentials) and leaves the sending to us. Its own
 * lets a call whose answer breaks off wait for ever, takes text for JSON, and is slow: it prints each request for a
 * log that nobody reads.
 */
export function forCall(Dockerode: typeof Docker, root: Docker, { prefix, deliver }: Call): Docker {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.create has no type of its own
  const modem = Object.create(root.modem) as OpenModem;
  modem.version = prefix === '' ? undefined : prefix;
  modem.buildRequest = (options, _context, data, callback) => {
    deliver(options, data).then(
      (outcome) => callback(null, outcome),
      (error: unknown) => callback(error, null),
    );
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an option that its types do not know
  return new Dockerode({ modem } as unknown as Docker.DockerOptions);
}

function addressOf(endpoint: Endpoint): Docker.DockerOptions {
  switch (endpoint.kind) {
    case 'socket':
      return { socketPath: endpoint.path, protocol: 'http' };
    case 'tcp': {
      const host = endpoint.host.includes(':') ? `[${endpoint.host}]` : endpoint.host;
      return { host, port: endpoint.port, protocol: endpoint.secure ? 'https' : 'http' };
    }
    case 'ssh':
      // The agent knows the way; this is only the Host header.
      return { host: 'docker', protocol: 'http' };
    default:
      return unreachable(endpoint);
  }
}
