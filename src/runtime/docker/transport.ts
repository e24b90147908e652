import { Agent as HttpAgent, IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import { inspect } from 'node:util';

import type Docker from 'dockerode';

import { EngineError } from '../engine.ts';
import { CutOff, DeadlinePassed, HttpFailure, NonsenseAnswer, excerpt, toEngineError } from './engine-errors.ts';
import type { Endpoint } from './host-url.ts';
import { SshAgent } from './ssh-agent.ts';

/** How calls reach one engine. Everything rejects with {@link EngineError}. */
export interface Transport {
  readonly endpoint: Endpoint;
  /** Every later call speaks this version of the API (`1.41`). */
  pin(apiVersion: string): void;
  /** A call with a complete answer, within `limitMs` (null: no limit). */
  ask<T>(operation: string, limitMs: number | null, run: (docker: Docker) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** A call whose answer is read while it comes; settles with the answer's head. */
  open(operation: string, run: (docker: Docker) => Promise<unknown>, signal?: AbortSignal): Promise<IncomingMessage>;
  /** A call that takes the connection over. */
  hijack(operation: string, run: (docker: Docker) => Promise<unknown>): Promise<Duplex>;
  close(): void;
}

/** The part of docker-modem that stands between dockerode and the wire. */
interface Modem {
  agent: HttpAgent;
  version: string | undefined;
  dial(options: DialOptions, callback: DialCallback): void;
}

interface DialOptions {
  readonly path: string;
  readonly [other: string]: unknown;
}

type DialCallback = (error: unknown, value: unknown) => void;

interface Call {
  readonly mode: 'answer' | 'stream';
  readonly signal: AbortSignal | null;
}

/**
 * dockerode over connections of ours. Its modem is given what it lacks: an answer that breaks off rejects (it would
 * never settle), one that is not JSON rejects, every call can have a deadline, and any status is judged here.
 */
export async function connectTransport(endpoint: Endpoint): Promise<Transport> {
  // Loaded only when an engine is wanted: the import is the larger part of a short command's time.
  const { default: Dockerode } = await import('dockerode');
  const root = makeModem(Dockerode, endpoint);
  const agents = makeAgents(endpoint);
  const hijacked = new Set<Duplex>();
  let version = basePath(endpoint);

  const bound = (call: Call): Docker => {
    // Object.create cannot tell its type; dial is all that is replaced.
    const modem = Object.create(root) as Modem;
    modem.agent = call.mode === 'stream' ? agents.streams : agents.calls;
    modem.version = version === '' ? undefined : version;
    modem.dial = (options, callback) => dial(root, modem, call, options, callback);
    return new Dockerode({ modem } as Docker.DockerOptions);
  };

  const run = async <T>(operation: string, limitMs: number | null, call: Call, work: (docker: Docker) => Promise<T>) => {
    const deadline = new AbortController();
    const signal = call.signal === null ? deadline.signal : AbortSignal.any([deadline.signal, call.signal]);
    const timer = limitMs === null ? undefined : setTimeout(() => deadline.abort(), limitMs);
    try {
      return await work(bound({ ...call, signal: quiet(signal) }));
    } catch (error) {
      if (call.signal?.aborted) throw new EngineError('cut-off', operation, 'interrupted');
      if (deadline.signal.aborted) throw toEngineError(new DeadlinePassed(limitMs ?? 0), operation, endpoint);
      throw toEngineError(error, operation, endpoint);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    endpoint,
    pin(apiVersion) {
      version = [basePath(endpoint), `v${apiVersion}`].filter((part) => part !== '').join('/');
    },
    ask: (operation, limitMs, work, signal) => run(operation, limitMs, { mode: 'answer', signal: signal ?? null }, work),
    async open(operation, work, signal) {
      const answer = await run(operation, null, { mode: 'stream', signal: signal ?? null }, work);
      if (answer instanceof IncomingMessage) return answer;
      throw toEngineError(new NonsenseAnswer('it took the connection over'), operation, endpoint);
    },
    async hijack(operation, work) {
      // dockerode hands over whatever came; only an upgrade is no IncomingMessage.
      const answer = (await run(operation, null, { mode: 'stream', signal: null }, work)) as Duplex;
      if (answer instanceof IncomingMessage) {
        answer.destroy();
        throw toEngineError(new NonsenseAnswer('it does not hand connections over (a proxy between?)'), operation, endpoint);
      }
      hijacked.add(answer);
      answer.once('close', () => hijacked.delete(answer));
      return answer;
    },
    close() {
      agents.calls.destroy();
      agents.streams.destroy();
      for (const socket of hijacked) socket.destroy();
    },
  };
}

type DockerClass = typeof Docker;

/** The modem fills what is not given from the environment, so all is given, and the environment is kept from it. */
function makeModem(Dockerode: DockerClass, endpoint: Endpoint): Modem {
  const none = { host: undefined, port: undefined, socketPath: undefined, ca: undefined, cert: undefined, key: undefined };
  const address =
    endpoint.kind === 'socket'
      ? { socketPath: endpoint.path, protocol: 'http' }
      : endpoint.kind === 'tcp'
        ? { host: bracketed(endpoint.host), port: endpoint.port, protocol: endpoint.secure ? 'https' : 'http' }
        : { host: 'docker', protocol: 'http' };
  const saved = process.env['DOCKER_HOST'];
  delete process.env['DOCKER_HOST'];
  try {
    // Its types want a narrower protocol and no undefined; the constructor takes both.
    return new Dockerode({ ...none, ...address } as unknown as Docker.DockerOptions).modem as Modem;
  } finally {
    if (saved !== undefined) process.env['DOCKER_HOST'] = saved;
  }
}

function dial(root: Modem, modem: Modem, call: Call, options: DialOptions, callback: DialCallback): void {
  const all = { ...options, statusCodes: ANY_STATUS, isStream: true, abortSignal: call.signal };
  root.dial.call(modem, all, (error, value) => {
    if (error !== null && error !== undefined) return callback(error, null);
    if (!(value instanceof IncomingMessage)) return callback(null, value);
    const status = value.statusCode ?? 0;
    if (call.mode === 'stream' && status < 300) return callback(null, value);
    return readBody(value).then(
      (body) => (status < 300 ? answerOf(body, callback) : callback(new HttpFailure(status, body), null)),
      (failure: unknown) => callback(failure, null),
    );
  });
}

function readBody(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => (answer.complete ? resolve(Buffer.concat(chunks).toString('utf8')) : reject(new CutOff())));
    answer.on('error', () => reject(new CutOff()));
  });
}

function answerOf(body: string, callback: DialCallback): void {
  if (body.trim() === '') return callback(null, null);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Without a length the end of the connection is the end of the answer: JSON that only began was cut off.
    const began = /^\s*[[{]/.test(body) && !/[\]}]\s*$/.test(body);
    return callback(began ? new CutOff() : new NonsenseAnswer(`it sent ${excerpt(body)}`), null);
  }
  return callback(null, value);
}

function makeAgents(endpoint: Endpoint): { calls: HttpAgent; streams: HttpAgent } {
  switch (endpoint.kind) {
    case 'ssh':
      // sshd lets only some logins through at a time (MaxStartups); a stream holds its connection, a call shares.
      return { calls: quiet(new SshAgent(endpoint, 4)), streams: quiet(new SshAgent(endpoint, Infinity)) };
    case 'tcp': {
      const agent = endpoint.secure
        ? new HttpsAgent({ keepAlive: true, ...tlsOptions(endpoint) })
        : new HttpAgent({ keepAlive: true });
      return { calls: quiet(agent), streams: agent };
    }
    case 'socket': {
      const agent = quiet(new HttpAgent({ keepAlive: true }));
      return { calls: agent, streams: agent };
    }
  }
}

function tlsOptions(endpoint: Endpoint & { kind: 'tcp' }): Record<string, unknown> {
  const { tls } = endpoint;
  if (tls === null) return {};
  const pem = { ca: tls.ca, cert: tls.cert, key: tls.key };
  const given = Object.entries(pem).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(given), rejectUnauthorized: tls.verify };
}

/** The modem prints its options for its debug log, wanted or not, to any depth: an agent prints as a word. */
function quiet<T extends object>(value: T): T {
  Object.defineProperty(value, inspect.custom, { value: () => '…' });
  return value;
}

function basePath(endpoint: Endpoint): string {
  return endpoint.kind === 'tcp' ? endpoint.basePath.replace(/^\//, '') : '';
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Statuses that the modem shall hand on; it would make errors of its own wording of the others. */
const ANY_STATUS: Readonly<Record<number, true>> = Object.fromEntries(
  Array.from({ length: 500 }, (_, index) => [index + 100, true] as const),
);
