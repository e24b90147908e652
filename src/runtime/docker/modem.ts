import { IncomingMessage, type Agent, type IncomingHttpHeaders } from 'node:http';

import type Docker from 'dockerode';

import { unreachable } from '../../compiler/unreachable.ts';
import { CutOff, HttpFailure, NonsenseAnswer, excerpt } from './engine-errors.ts';
import type { Endpoint } from './host-url.ts';

/** What a server says of itself in the headers of an answer, and the answer. */
export interface Greeting {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How one call is made. `answer` wants the JSON of it, `stream` only its head, `greeting` a {@link Greeting}. */
export interface Call {
  readonly mode: 'answer' | 'stream' | 'greeting';
  readonly agent: Agent;
  /** Before every path, without slashes around: `v1.41`; empty for none. */
  readonly prefix: string;
  readonly signal: AbortSignal;
}

type Modem = Docker['modem'];
type Callback = NonNullable<Parameters<Modem['dial']>[1]>;

/** What dockerode's modem is at run time, beside what its types tell. */
interface OpenModem extends Modem {
  agent: Agent;
  version: string | undefined;
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
 * dockerode with what its modem lacks: an answer that breaks off rejects (it would never settle), one that is not JSON
 * rejects, and every status beyond 2xx rejects with {@link HttpFailure}, in the engine's own words.
 */
export function forCall(Dockerode: typeof Docker, root: Docker, call: Call): Docker {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.create has no type of its own
  const modem = Object.create(root.modem) as OpenModem;
  modem.agent = call.agent;
  modem.version = call.prefix === '' ? undefined : call.prefix;
  modem.dial = (options, callback = () => undefined) => {
    const all = { ...options, statusCodes: ANY_STATUS, isStream: true, abortSignal: call.signal };
    root.modem.dial.call(modem, all, (error, value) => {
      if (error !== null) return callback(error, null);
      if (!(value instanceof IncomingMessage)) return callback(null, value);
      return settle(value, call.mode, callback);
    });
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an option that its types do not know
  return new Dockerode({ modem } as Docker.DockerOptions);
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

function settle(answer: IncomingMessage, mode: Call['mode'], callback: Callback): void {
  const status = answer.statusCode ?? 0;
  if (mode === 'stream' && status < 300) return callback(null, answer);
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('error', () => callback(new CutOff(), null));
  answer.on('end', () => {
    if (!answer.complete) return callback(new CutOff(), null);
    const body = Buffer.concat(chunks).toString('utf8');
    if (status >= 300) return callback(new HttpFailure(status, body), null);
    if (mode === 'greeting') return callback(null, { headers: answer.headers, body } satisfies Greeting);
    return parse(body, callback);
  });
}

function parse(body: string, callback: Callback): void {
  if (body.trim() === '') return callback(null, null);
  let value: object | null;
  try {
    value = JSON.parse(body);
  } catch {
    // Without a length the end of the connection is the end of the answer: JSON that only began was cut off.
    const onlyBegan = /^\s*[[{]/.test(body) && !/[\]}]\s*$/.test(body);
    return callback(onlyBegan ? new CutOff() : new NonsenseAnswer(`it sent ${excerpt(body)}`), null);
  }
  return callback(null, value);
}

/** Every status is handed on: the modem would word errors of its own for the others. */
const ANY_STATUS: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true] as const),
);
