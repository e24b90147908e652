import { IncomingMessage, type RequestOptions } from 'node:http';
import { Duplex } from 'node:stream';

import type Docker from 'dockerode';

import { EngineError } from '../engine.ts';
import { makeAgents, type Agents } from './agents.ts';
import type { ReadMethod } from './answer-reader.ts';
import { NonsenseAnswer, toEngineError } from './engine-errors.ts';
import type { Endpoint } from './host-url.ts';
import { forCall, rootDocker } from './modem.ts';
import { PlainReads } from './plain-reads.ts';
import { outcomeOf, send, type Outcome, type RequestData, type Sending } from './send.ts';

type Work<T> = (docker: Docker) => Promise<T>;

/** How calls reach one engine. Everything rejects with {@link EngineError}. */
export interface Transport {
  readonly endpoint: Endpoint;
  /** Every later call speaks this version of the API (`1.41`). */
  pin(apiVersion: string): void;
  /** A call whose caller gets the `HttpAnswer` itself, within `limitMs`. */
  greet<T>(operation: string, limitMs: number, work: Work<T>): Promise<T>;
  /** A call with a complete answer, within `limitMs` (null: no limit). */
  ask<T>(operation: string, limitMs: number | null, work: Work<T>): Promise<T>;
  /** A call whose answer is read while it comes; settles with the answer's head. */
  open(operation: string, work: Work<unknown>, signal?: AbortSignal): Promise<IncomingMessage>;
  /** A call that takes the connection over. */
  hijack(operation: string, work: Work<unknown>): Promise<Duplex>;
  /** Closes every connection, those in use as well. */
  close(): void;
}

/** dockerode over connections of ours, with deadlines. Nothing is sent yet. */
export async function connectTransport(endpoint: Endpoint): Promise<Transport> {
  // Loaded only when an engine is wanted: the import is the larger part of a short command's time.
  const { default: Dockerode } = await import('dockerode');
  const root = rootDocker(Dockerode, endpoint);
  const reads = endpoint.kind === 'socket' ? new PlainReads(endpoint.path) : null;
  const protocol = endpoint.kind === 'tcp' && endpoint.secure ? 'https:' : 'http:';
  let agents: Promise<Agents> | null = null;
  const base = endpoint.kind === 'tcp' ? endpoint.basePath.replace(/^\//, '') : '';
  const hijacked = new Set<Duplex>();
  let prefix = base;

  const deliver = async (
    sending: Sending,
    options: RequestOptions,
    data: RequestData,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> => {
    const { mode, limitMs } = sending;
    const plain = mode === 'stream' ? null : plainMethod(options);
    if (reads !== null && plain !== null)
      return outcomeOf(await reads.ask(plain, options.path ?? '/', limitMs), mode);
    agents ??= makeAgents(endpoint);
    const { calls, streams } = await agents;
    const agent = mode === 'stream' ? streams : calls;
    return send({ ...options, protocol, agent, ...(signal && { signal }) }, data, sending);
  };

  const run = async <T>(
    operation: string,
    sending: Sending,
    work: Work<T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const docker = forCall(Dockerode, root, {
      prefix,
      deliver: (options, data) => deliver(sending, options, data, signal),
    });
    try {
      return await work(docker);
    } catch (error) {
      if (signal?.aborted) throw new EngineError('cut-off', operation, 'interrupted');
      throw toEngineError(error, operation, endpoint);
    }
  };
  const streaming: Sending = { mode: 'stream', limitMs: null };

  const nonsense = (operation: string, why: string) =>
    toEngineError(new NonsenseAnswer(why), operation, endpoint);

  return {
    endpoint,
    pin(apiVersion) {
      prefix = base === '' ? `v${apiVersion}` : `${base}/v${apiVersion}`;
    },
    greet: (operation, limitMs, work) => run(operation, { mode: 'greeting', limitMs }, work),
    ask: (operation, limitMs, work) => run(operation, { mode: 'answer', limitMs }, work),
    async open(operation, work, signal) {
      const answer = await run(operation, streaming, work, signal);
      if (answer instanceof IncomingMessage) return answer;
      throw nonsense(operation, 'it takes over a connection that nobody offered');
    },
    async hijack(operation, work) {
      const answer = await run(operation, streaming, work);
      if (!(answer instanceof Duplex)) {
        if (answer instanceof IncomingMessage) answer.destroy();
        throw nonsense(operation, 'it hands no connection over (is there a proxy between?)');
      }
      hijacked.add(answer);
      answer.once('close', () => hijacked.delete(answer));
      return answer;
    },
    close() {
      reads?.close();
      void agents?.then(({ calls, streams }) => {
        calls.destroy();
        streams.destroy();
      });
      for (const socket of hijacked) socket.destroy();
    },
  };
}

/** Of what an engine answers at once: no question to a registry, and nothing that is sent in headers. Else null. */
function plainMethod({ method, headers, path }: RequestOptions): ReadMethod | null {
  const isRead = method === 'GET' || method === 'HEAD';
  const isPlain = Object.keys(headers ?? {}).length === 0 && !path?.includes('/distribution/');
  return isRead && isPlain ? method : null;
}
