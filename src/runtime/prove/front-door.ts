import { request as plainRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';

/** What is asked of the front door again and again. */
export interface FrontDoorQuestion {
  /** `http:` or `https:`. Redirects are answers, and not followed. */
  readonly url: URL;
  /** `GET`, `HEAD`, `POST`, …; sent without a body. */
  readonly method: string;
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number;
}

/** One request's end: a complete answer with its status, or why there was none. `ms` is how long it took. */
export type FrontDoorAnswer =
  | { readonly ok: true; readonly status: number; readonly ms: number }
  | { readonly ok: false; readonly error: string; readonly ms: number };

/**
 * Asks once, on a connection of its own, as a client that comes for the first time; never tries again. An answer counts
 * when it has come to its end. Never rejects.
 */
export function askFrontDoor({ url, method, timeoutMs }: FrontDoorQuestion): Promise<FrontDoorAnswer> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const settle = (end: { ok: true; status: number } | { ok: false; error: string }): void => {
      clearTimeout(timer);
      resolve({ ...end, ms: performance.now() - startedAt });
      sending.destroy();
    };
    const fail = (error: string): void => settle({ ok: false, error });
    const sending = open(url, method, (response) => {
      const status = response.statusCode ?? 0;
      const cutOff = (): void => fail(`the answer (${status}) was cut off`);
      response.on('error', cutOff);
      response.on('close', cutOff);
      response.on('end', () => settle({ ok: true, status }));
      response.resume();
    });
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    sending.on('error', (error) => fail(inWords(error)));
    sending.end();
  });
}

function open(url: URL, method: string, onAnswer: (response: IncomingMessage) => void): ClientRequest {
  const options = { method, agent: false, headers: { 'user-agent': 'stackc-prove', connection: 'close' } };
  return url.protocol === 'https:'
    ? secureRequest(url, options, onAnswer)
    : plainRequest(url, options, onAnswer);
}

/** The code that everyone knows, else Node's own words. */
function inWords(error: Error): string {
  if (error.message === 'socket hang up') return 'the connection was closed without an answer';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
