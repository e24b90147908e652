import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

import type { ProbeRequest, ProbeResult, ProbeTarget } from '../runtime/agent/agent-session.ts';
import { elapsed } from '../runtime/elapsed.ts';
import { codeOf, systemError } from './system-error.ts';

/** Enough for any page; more is no answer to wait for. Nothing of it is kept. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Asks once, on a connection of its own. `http` succeeds with any status, but only when the answer is complete:
 * a server that dies in the middle of it must not count as ready. The target is taken as checked.
 */
export function probe({ target, ask, timeoutMs }: ProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    let stage = 'connecting';
    const socket = openSocket(target);
    const settle = (result: ProbeResult): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const fail = (error: string): void => settle({ ok: false, error });
    const succeed = (status: number | null): void =>
      settle({ ok: true, status, ms: Math.round((performance.now() - startedAt) * 10) / 10 });
    const timer = setTimeout(() => fail(`timed out after ${elapsed(timeoutMs)} ${stage}`), timeoutMs);

    socket.on('error', (error) => fail(systemError(error)));
    socket.once('connect', () => {
      if (ask.kind === 'connect') {
        succeed(null);
        return;
      }
      stage = 'waiting for an answer';
      get(socket, hostHeader(target), ask.path, {
        onStatus: (status) => {
          stage = `in the middle of the answer (${status})`;
        },
        succeed,
        fail,
      });
    });
  });
}

interface Outcome {
  readonly onStatus: (status: number) => void;
  readonly succeed: (status: number) => void;
  readonly fail: (error: string) => void;
}

function get(socket: Socket, host: string, path: string, outcome: Outcome): void {
  const request = httpRequest({
    createConnection: () => socket,
    path,
    headers: { host, connection: 'close', accept: '*/*', 'user-agent': 'stackc-agent' },
  });
  let answered = false;
  request.on('response', (response) => {
    answered = true;
    readAnswer(response, outcome);
  });
  request.on('error', (error) => outcome.fail(answerError(error)));
  // Also after a switch of protocols, which is no answer to a plain request.
  request.on('close', () => {
    if (!answered) outcome.fail('closed the connection without an answer');
  });
  request.end();
}

function readAnswer(response: IncomingMessage, { onStatus, succeed, fail }: Outcome): void {
  const status = response.statusCode ?? 0;
  let bytes = 0;
  onStatus(status);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) fail(`the answer (${status}) is longer than ${MAX_BODY_BYTES} bytes`);
  });
  response.on('end', () => succeed(status));
  const cutOff = (): void => fail(`closed the connection in the middle of the answer (${status})`);
  response.on('error', cutOff);
  response.on('close', cutOff);
}

function answerError(error: Error): string {
  const code = codeOf(error) ?? '';
  if (code.startsWith('HPE_')) return `the answer is no HTTP (${code})`;
  // Node's own word for an end of file where an answer should start.
  if (error.message === 'socket hang up') return 'closed the connection without an answer';
  return systemError(error);
}

function openSocket(target: ProbeTarget): Socket {
  if (target.kind === 'socket') return connect({ path: target.path });
  // `localhost` is ::1 first for the resolver, and 127.0.0.1 alone for many a server: try all addresses.
  return connect({ host: target.host, port: target.port, autoSelectFamily: true });
}

function hostHeader(target: ProbeTarget): string {
  if (target.kind === 'socket') return 'localhost';
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return target.port === 80 ? host : `${host}:${target.port}`;
}
