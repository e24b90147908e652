import { request as makeRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Duplex } from 'node:stream';

import type { HttpAnswer } from './answer-reader.ts';
import { CutOff, DeadlinePassed, excerpt, HttpFailure, NonsenseAnswer } from './engine-errors.ts';

/**
 * How a call is answered: `answer` with the JSON of it, `greeting` with the {@link HttpAnswer} itself, `stream` with
 * an `IncomingMessage` that is read while it comes, or with the connection where the engine hands it over.
 */
export type AnswerMode = 'answer' | 'greeting' | 'stream';

/** What a call comes to, by its mode. */
export type Outcome = IncomingMessage | Duplex | object | null;

/** What is sent after the head of a request. */
export type RequestData = string | Buffer | NodeJS.ReadableStream | undefined;

/** How a request is sent and answered. */
export interface Sending {
  readonly mode: AnswerMode;
  /** For the whole answer; null: no limit. */
  readonly limitMs: number | null;
}

/** Sends a request by Node's own client. Rejects for an answer that breaks off, and as {@link outcomeOf} throws. */
export function send(
  options: RequestOptions,
  data: RequestData,
  { mode, limitMs }: Sending,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const request = makeRequest(options);
    let isLate = false;
    const expire = () => {
      isLate = true;
      request.destroy();
    };
    const timer = limitMs === null ? undefined : setTimeout(expire, limitMs);
    const succeed = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (error: unknown) => {
      clearTimeout(timer);
      reject(isLate ? new DeadlinePassed(limitMs ?? 0) : error);
    };
    request.on('error', fail);
    request.on('upgrade', (_answer, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      succeed(socket);
    });
    request.on('response', (answer) => {
      const isStream = mode === 'stream' && (answer.statusCode ?? 0) < 300;
      const outcome = isStream ? Promise.resolve(answer) : whole(answer).then((all) => outcomeOf(all, mode));
      outcome.then(succeed, fail);
    });
    if (data === undefined || typeof data === 'string' || Buffer.isBuffer(data)) {
      request.end(data);
      return;
    }
    data.on('error', (error: Error) => request.destroy(error));
    data.pipe(request);
  });
}

function whole(answer: IncomingMessage): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('error', () => reject(new CutOff()));
    answer.on('end', () => {
      if (!answer.complete) return reject(new CutOff());
      const { statusCode: status = 0, headers } = answer;
      return resolve({ status, headers, body: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/**
 * What a complete answer means. Throws {@link HttpFailure} for every status beyond 2xx, and for what is not JSON
 * {@link NonsenseAnswer}, or {@link CutOff} where it only began.
 */
export function outcomeOf(answer: HttpAnswer, mode: AnswerMode): object | null {
  const { status, body } = answer;
  if (status >= 300) throw new HttpFailure(status, body);
  if (mode === 'greeting') return answer;
  if (body.trim() === '') return null;
  try {
    const value: object | null = JSON.parse(body);
    return value;
  } catch {
    // Without a length the end of the connection is the end of the answer: JSON that only began was cut off.
    const onlyBegan = /^\s*[[{]/.test(body) && !/[\]}]\s*$/.test(body);
    throw onlyBegan ? new CutOff() : new NonsenseAnswer(`it sent ${excerpt(body)}`);
  }
}
