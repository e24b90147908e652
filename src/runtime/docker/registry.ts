import type { AuthConfig } from 'dockerode';

import { EngineError, type RegistryAuth } from '../engine.ts';
import { DeadlinePassed, NonsenseAnswer, conceal, toEngineError } from './engine-errors.ts';
import { splitReference } from './image-reference.ts';
import { failureIn, readMessages } from './message-stream.ts';
import type { Transport } from './transport.ts';

/** A pull: progress comes as one line whenever a layer's state changes. */
export interface PullRequest {
  readonly reference: string;
  readonly platform: string | null;
  readonly auth: RegistryAuth | null;
  readonly onProgress: (line: string) => void;
}

/**
 * GET /distribution/{name}/json: the registry's digest, asked by the engine. Rejects with {@link EngineError}:
 * `denied`, `not-found`, `timeout` after `timeoutMs`, else what the engine says.
 */
export async function askDigest(
  transport: Transport,
  reference: string,
  auth: RegistryAuth | null,
  timeoutMs: number,
): Promise<string> {
  const operation = `ask the registry for ${reference}`;
  try {
    return await transport.ask(operation, timeoutMs, async (docker) => {
      const answer = await docker.getImage(reference).distribution({ authconfig: authHeader(auth) });
      if (typeof answer?.Descriptor?.digest !== 'string') throw new NonsenseAnswer('it told no digest');
      return answer.Descriptor.digest;
    });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.kind === 'timeout') {
      const { host } = splitReference(reference);
      throw new EngineError(
        'timeout',
        operation,
        `the registry ${host} did not answer within ${timeoutMs / 1000} s`,
      );
    }
    throw registryFailure(error, auth);
  }
}

/** POST /images/create. Rejects as {@link askDigest} does; `timeout` after `silenceMs` without a line. */
export function pullImage(
  transport: Transport,
  silenceMs: number,
  { reference, platform, auth, onProgress }: PullRequest,
): Promise<void> {
  const { name, version } = splitReference(reference);
  return transfer(transport, { operation: `pull ${reference}`, silenceMs, auth, onProgress }, (docker) =>
    docker.createImage(authHeader(auth), {
      _query: { fromImage: name, tag: version, ...(platform === null ? {} : { platform }) },
      _body: {},
    }),
  );
}

/** POST /images/{name}/push of one tag. Rejects as {@link pullImage} does. */
export function pushImage(
  transport: Transport,
  silenceMs: number,
  { reference, auth, onProgress }: Omit<PullRequest, 'platform'>,
): Promise<void> {
  const { name, version } = splitReference(reference);
  return transfer(transport, { operation: `push ${reference}`, silenceMs, auth, onProgress }, (docker) =>
    // The engine wants the header, also where there is nobody to be.
    docker.getImage(name).push({ tag: version, authconfig: authHeader(auth) ?? ANONYMOUS }),
  );
}

const ANONYMOUS: AuthConfig = { username: '', password: '', serveraddress: '' };

interface Transfer extends Pick<PullRequest, 'auth' | 'onProgress'> {
  readonly operation: string;
  readonly silenceMs: number;
}

async function transfer(
  transport: Transport,
  { operation, silenceMs, auth, onProgress }: Transfer,
  begin: Parameters<Transport['open']>[1],
): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(), silenceMs);
  const seen = new Map<string, string>();
  try {
    const answer = await transport.open(operation, begin, silence.signal);
    for await (const message of readMessages(answer)) {
      timer.refresh();
      const failure = failureIn(message);
      if (failure !== null) throw new EngineError('server', operation, failure);
      const { id = '', status = '' } = message;
      // The same state comes many times a second, with only its bytes counted on.
      if (status === '' || seen.get(id) === status) continue;
      seen.set(id, status);
      onProgress(id === '' ? status : `${id}: ${status}`);
    }
  } catch (error) {
    if (silence.signal.aborted)
      throw toEngineError(new DeadlinePassed(silenceMs), operation, transport.endpoint);
    throw registryFailure(toEngineError(error, operation, transport.endpoint), auth);
  } finally {
    clearTimeout(timer);
  }
}

/** What registries say comes through the engine under statuses that vary between its versions; the words vary less. */
function registryFailure(error: EngineError, auth: RegistryAuth | null): EngineError {
  const kind = (() => {
    // An engine that was not reached, or talks nonsense, has nothing to do with a registry.
    if (!['server', 'not-found', 'denied', 'invalid'].includes(error.kind)) return error.kind;
    // Hub says "denied … may not exist": nobody without an account can tell which.
    if (/denied|unauthorized|authentication required|no basic auth/i.test(error.message)) return 'denied';
    if (/not found|manifest unknown|name unknown|does not exist locally/i.test(error.message))
      return 'not-found';
    return error.kind;
  })();
  const secrets = auth === null ? [] : [auth.password, auth.identityToken ?? ''];
  return conceal(new EngineError(kind, error.operation, error.message, error.status), secrets);
}

/** dockerode encodes it for the header (base64url of the JSON). */
function authHeader(auth: RegistryAuth | null): AuthConfig | undefined {
  if (auth === null) return undefined;
  const { username, password, serverAddress: serveraddress, identityToken } = auth;
  if (identityToken === undefined) return { username, password, serveraddress };
  return { username: '', password: '', serveraddress, identitytoken: identityToken };
}
