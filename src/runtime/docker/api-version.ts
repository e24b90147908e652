import { EngineError } from '../engine.ts';
import type { HttpAnswer } from './answer-reader.ts';
import { excerpt, NonsenseAnswer } from './engine-errors.ts';

/** Below it `platform` and the volumes of `Mounts` are not what stackc means; Debian 12's engine speaks just this. */
const OLDEST = '1.41';
/** The newest version whose changes were read; newer engines go on speaking it. */
const NEWEST = '1.47';

/** What an engine says of itself in the headers of every answer. */
export interface ApiOffer {
  /** The newest version of the API that it speaks. */
  readonly apiVersion: string;
  /** `Docker Engine 20.10.24`. */
  readonly engine: string;
}

/** Reads an answer to GET /_ping; throws {@link NonsenseAnswer} when it is none of an engine. */
export function apiOffer({ headers, body }: HttpAnswer): ApiOffer {
  const apiVersion = headers['api-version'];
  if (typeof apiVersion !== 'string' || !/^\d+\.\d+$/.test(apiVersion))
    throw new NonsenseAnswer(`it told no API version, but sent ${excerpt(body)}`);
  const name = /^Docker\/(\S+)/.exec(String(headers.server))?.[1];
  return { apiVersion, engine: name === undefined ? 'the engine' : `Docker Engine ${name}` };
}

/**
 * The API version for all calls: the newest that both know. Throws an {@link EngineError} of kind `invalid` for an
 * engine that is too old.
 */
export function chooseApiVersion({ apiVersion, engine }: ApiOffer): string {
  if (compare(apiVersion, OLDEST) < 0) {
    const text = `${engine} is too old: it speaks API ${apiVersion}, and ${OLDEST} (Docker 20.10) is needed`;
    throw new EngineError('invalid', 'connect', text);
  }
  return compare(apiVersion, NEWEST) > 0 ? NEWEST : apiVersion;
}

/** For `catch` of a call that speaks {@link NEWEST}: the engine takes it no more. */
export function tooNew({ apiVersion, engine }: ApiOffer): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof EngineError) || error.status !== 400) throw error;
    const text = `${engine} is too new: it speaks API ${apiVersion}, no longer ${NEWEST}, the newest that this stackc knows`;
    throw new EngineError('invalid', 'connect', text, error.status);
  };
}

function compare(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  return x.major - y.major || x.minor - y.minor;
}

function parts(version: string): { major: number; minor: number } {
  const [major = '0', minor = '0'] = version.split('.');
  return { major: Number(major), minor: Number(minor) };
}
