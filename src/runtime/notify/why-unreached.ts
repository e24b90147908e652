import { elapsed } from '../elapsed.ts';

/** What the system's and undici's codes say to people; others stand for themselves. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its host cannot be looked up now',
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was cut off',
  EHOSTUNREACH: 'no way to its host',
  ENETUNREACH: 'no way to its network',
  ETIMEDOUT: 'the connection took too long',
  UND_ERR_CONNECT_TIMEOUT: 'the connection took too long',
  UND_ERR_SOCKET: 'the connection was closed without an answer',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody vouches for its certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'nobody vouches for its certificate',
};

/** What `fetch` refuses by itself, without a code, in its own words. */
const REFUSED: Readonly<Record<string, string>> = {
  'bad port': 'its port is one of those that fetch never asks',
  'unknown scheme': 'it is neither http nor https',
};

/**
 * Why an address was not reached within `limitMs`, by what `fetch` rejects with: it hides what happened in the cause, whose message
 * may hold the address. That is never repeated.
 */
export function whyUnreached(error: unknown, limitMs: number): string {
  if (!(error instanceof Error)) return 'it cannot be asked';
  if (error.name === 'TimeoutError') return `no answer within ${elapsed(limitMs)}`;
  const { cause } = error;
  const code: unknown = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : null;
  if (typeof code === 'string') return WORDS[code] === undefined ? code : `${WORDS[code]} (${code})`;
  if (!(cause instanceof Error)) return `it cannot be asked (${error.name})`;
  return REFUSED[cause.message] ?? `it cannot be asked (${cause.name})`;
}
