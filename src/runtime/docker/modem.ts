import type { Agent, RequestOptions } from 'node:http';

import type Docker from 'dockerode';

import { unreachable } from '../../compiler/unreachable.ts';
import type { Endpoint } from './host-url.ts';
import { send, type Sending } from './send.ts';

/** How one call is made. */
export interface Call extends Pick<Sending, 'mode' | 'limitMs'> {
  readonly agent: Agent;
  /** Before every path, without slashes around: `v1.41`; empty for none. */
  readonly prefix: string;
  /** Interrupts the call, and a stream that it has opened. */
  readonly signal: AbortSignal | undefined;
}

/** What dockerode's modem is at run time, beside what its types tell. */
interface OpenModem {
  agent: Agent;
  version: string | undefined;
  readonly protocol: string;
  buildRequest: (
    options: RequestOptions,
    context: unknown,
    data: Sending['data'],
    callback: Parameters<typeof send>[1],
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
export function forCall(Dockerode: typeof Docker, root: Docker, call: Call): Docker {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.create has no type of its own
  const modem = Object.create(root.modem) as OpenModem;
  modem.agent = call.agent;
  modem.version = call.prefix === '' ? undefined : call.prefix;
  const { mode, limitMs, signal } = call;
  const protocol = `${modem.protocol}:`;
  modem.buildRequest = (made, _context, data, callback) => {
    const options = { ...made, protocol, ...(signal === undefined ? {} : { signal }) };
    send({ options, data, mode, limitMs }, callback);
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
