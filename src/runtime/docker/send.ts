import {
  request as makeRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import type { Duplex } from 'node:stream';

import { CutOff, DeadlinePassed, excerpt, HttpFailure, NonsenseAnswer } from './engine-errors.ts';

/** What a server says of itself in the headers of an answer, and the answer. */
export interface Greeting {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/**
 * How a call is answered: `answer` with the JSON of it, `greeting` with a {@link Greeting}, `stream` with an
 * `IncomingMessage` that is read while it comes, or with the connection where the engine hands it over.
 */
export type AnswerMode = 'answer' | 'greeting' | 'stream';

/** One request. */
export interface Sending {
  readonly options: RequestOptions;
  readonly data: string | Buffer | NodeJS.ReadableStream | undefined;
  readonly mode: AnswerMode;
  /** For the whole answer; null: no limit. */
  readonly limitMs: number | null;
}

type Callback = (error: Error | null, value: IncomingMessage | Duplex | object | null) => void;

/**
 * Sends a request and calls back once. An answer that breaks off, one that is not JSON, and every status beyond 2xx
 * ({@link HttpFailure}, in the engine's own words) are failures.
 */
export function send({ options, data, mode, limitMs }: Sending, callback: Callback): void {
  const request = makeRequest(options);
  let isLate = false;
  const timer =
    limitMs === null
      ? undefined
      : setTimeout(() => {
          isLate = true;
          request.destroy();
        }, limitMs);
  const settle: Callback = (error, value) => {
    clearTimeout(timer);
    callback(isLate ? new DeadlinePassed(limitMs ?? 0) : error, value);
  };
  request.on('response', (answer) => receive(answer, mode, settle));
  request.on('upgrade', (_answer, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    settle(null, socket);
  });
  request.on('error', (error) => settle(error, null));
  if (data === undefined || typeof data === 'string' || Buffer.isBuffer(data)) {
    request.end(data);
    return;
  }
  data.on('error', (error: Error) => request.destroy(error));
  data.pipe(request);
}

function receive(answer: IncomingMessage, mode: AnswerMode, settle: Callback): void {
  const status = answer.statusCode ?? 0;
  if (mode === 'stream' && status < 300) return settle(null, answer);
  const chunks: Buffer[] = [];
  answer.on('data', (chunk: Buffer) => chunks.push(chunk));
  answer.on('error', () => settle(new CutOff(), null));
  answer.on('end', () => {
    if (!answer.complete) return settle(new CutOff(), null);
    const body = Buffer.concat(chunks).toString('utf8');
    if (status >= 300) return settle(new HttpFailure(status, body), null);
    if (mode === 'greeting') return settle(null, { headers: answer.headers, body } satisfies Greeting);
    return parse(body, settle);
  });
}

function parse(body: string, settle: Callback): void {
  if (body.trim() === '') return settle(null, null);
  let value: object | null;
  try {
    value = JSON.parse(body);
  } catch {
    // Without a length the end of the connection is the end of the answer: JSON that only began was cut off.
    const onlyBegan = /^\s*[[{]/.test(body) && !/[\]}]\s*$/.test(body);
    return settle(onlyBegan ? new CutOff() : new NonsenseAnswer(`it sent ${excerpt(body)}`), null);
  }
  return settle(null, value);
}
