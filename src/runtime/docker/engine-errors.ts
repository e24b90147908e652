import { EngineError, type EngineErrorKind } from '../engine.ts';
import { errorCode } from './error-code.ts';
import type { Endpoint } from './host-url.ts';

/** An HTTP answer that is no success; 304 included, which callers may want to take for one. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure';
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

/** A successful answer that is not what an engine sends. */
export class NonsenseAnswer extends Error {
  override readonly name = 'NonsenseAnswer';
}

/** The connection ended before the answer did. */
export class CutOff extends Error {
  override readonly name = 'CutOff';
}

/** The call's own deadline passed. */
export class DeadlinePassed extends Error {
  override readonly name = 'DeadlinePassed';
  readonly limitMs: number;

  constructor(limitMs: number) {
    super(`no answer in ${limitMs} ms`);
    this.limitMs = limitMs;
  }
}

/**
 * Every failure of a call as an {@link EngineError}: the engine's own words where it answered, else a sentence with
 * the likely cause. Nothing of the request goes into a message.
 */
export function toEngineError(cause: unknown, operation: string, endpoint: Endpoint): EngineError {
  if (cause instanceof EngineError) return cause;
  const at = `the engine at ${endpoint.words}`;
  if (cause instanceof HttpFailure) return fromStatus(cause, operation, at);
  if (cause instanceof DeadlinePassed) {
    return new EngineError('timeout', operation, `${at} did not answer within ${cause.limitMs / 1000} s`);
  }
  if (cause instanceof CutOff)
    return new EngineError('cut-off', operation, `${at} broke off in the middle of its answer`);
  if (cause instanceof NonsenseAnswer) {
    return new EngineError(
      'nonsense',
      operation,
      `what answers at ${endpoint.words} is not Docker Engine: ${cause.message}`,
    );
  }
  return fromSystem(cause, operation, at, endpoint);
}

/** Engine's words without what must not be shown; short values are kept, since they would blank whole sentences. */
export function conceal(error: EngineError, secrets: readonly string[]): EngineError {
  const worth = secrets.filter((value) => value.length >= 4).sort((a, b) => b.length - a.length);
  const message = worth.reduce((text, value) => text.replaceAll(value, '***'), error.message);
  return message === error.message
    ? error
    : new EngineError(error.kind, error.operation, message, error.status);
}

const KIND_BY_STATUS: Readonly<Record<number, EngineErrorKind>> = {
  400: 'invalid',
  401: 'denied',
  403: 'denied',
  404: 'not-found',
  409: 'conflict',
};

function fromStatus({ status, body }: HttpFailure, operation: string, at: string): EngineError {
  const message = engineMessage(body);
  if (message === null) {
    const text = `${at} answered ${status} with what is not Docker's: ${excerpt(body)}`;
    return new EngineError('nonsense', operation, text, status);
  }
  return new EngineError(
    KIND_BY_STATUS[status] ?? (status < 500 ? 'invalid' : 'server'),
    operation,
    message,
    status,
  );
}

/** `{"message": "…"}`, the shape of every error of the API; plain text only from engines' own 404 and 400 pages. */
function engineMessage(body: string): string | null {
  try {
    const value: unknown = JSON.parse(body);
    const message: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined;
    return typeof message === 'string' ? message.trim() : null;
  } catch {
    return null;
  }
}

/** The start of an answer for a message, on one line. */
export function excerpt(body: string): string {
  const line = body.replace(/\s+/g, ' ').trim();
  if (line === '') return 'an empty answer';
  return `\`${line.slice(0, 60)}${line.length > 60 ? '…' : ''}\``;
}

function fromSystem(cause: unknown, operation: string, at: string, endpoint: Endpoint): EngineError {
  const code = errorCode(cause);
  const text = cause instanceof Error ? cause.message : String(cause);
  const unreachable = (why: string) =>
    new EngineError('unreachable', operation, `${at} cannot be reached: ${why}`);
  if (endpoint.kind === 'ssh' && cause instanceof SshEnded) return unreachable(text);
  switch (code) {
    case 'ENOENT':
      return unreachable('there is no such socket; is Docker Engine installed and running?');
    case 'ECONNREFUSED':
      return unreachable('nothing listens there; is Docker Engine running?');
    case 'EACCES':
    case 'EPERM':
      return unreachable('permission denied; are you in the group `docker`?');
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return unreachable('the host name cannot be resolved');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return unreachable(`no way to the host (${code})`);
    case 'ENOTSOCK':
      return unreachable('that is not a socket');
    case 'ECONNRESET':
    case 'EPIPE':
      return new EngineError(
        'cut-off',
        operation,
        `${at} closed the connection without an answer${tlsDoubt(endpoint)}`,
      );
    default:
      break;
  }
  if (code.startsWith('HPE_')) {
    return new EngineError(
      'nonsense',
      operation,
      `what answers at ${endpoint.words} does not speak HTTP; does it want TLS?`,
    );
  }
  if (isTls(code)) return unreachable(`TLS failed (${code}): ${tlsReason(code)}`);
  return unreachable(code === '' ? text : `${text} (${code})`);
}

/** Over TCP a server that wants another kind of connection mostly just hangs up. */
function tlsDoubt(endpoint: Endpoint): string {
  if (endpoint.kind !== 'tcp') return '';
  return endpoint.secure
    ? '; does it take the certificate of the client, `cert.pem`?'
    : '; does it want TLS?';
}

/** The ssh program ended with an error; the message is what it said. */
export class SshEnded extends Error {
  override readonly name = 'SshEnded';
}

function isTls(code: string): boolean {
  return /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO)/.test(code);
}

function tlsReason(code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return "the server's certificate has expired";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "the server's certificate is for another host name";
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
      return 'the other side does not speak TLS';
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_SIGNATURE_FAILURE':
      return "the server's certificate is not of an authority in `ca.pem`";
    case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
    case 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE':
      return 'it wants a certificate of the client: `cert.pem` and `key.pem` beside `ca.pem`';
    case 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA':
    case 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN':
    case 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED':
      return 'it does not take the certificate of the client, `cert.pem`';
    default:
      return "the certificates do not fit; see DOCKER_CERT_PATH or the context's TLS files";
  }
}
