import { EngineError } from '../engine.ts';

/** Below it `platform` and the volumes of `Mounts` are not what stackc means; Debian 12's engine speaks just this. */
const OLDEST = '1.41';
/** The newest version whose changes were read; newer engines go on speaking it. */
const NEWEST = '1.47';

/**
 * The API version for all calls: the newest that both know. `minimum` is the oldest that the engine still speaks.
 * Throws an {@link EngineError} of kind `invalid` when there is none.
 */
export function pinApiVersion(offered: string, minimum: string, engineVersion: string): string {
  if (compare(offered, OLDEST) < 0) {
    const text = `Docker Engine ${engineVersion} is too old: it speaks API ${offered}, and ${OLDEST} (Docker 20.10) is needed`;
    throw new EngineError('invalid', 'connect', text);
  }
  if (compare(minimum, NEWEST) > 0) {
    const text = `Docker Engine ${engineVersion} is too new: it speaks API ${minimum} at least, and this stackc knows ${NEWEST}`;
    throw new EngineError('invalid', 'connect', text);
  }
  return compare(offered, NEWEST) > 0 ? NEWEST : offered;
}

function compare(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)];
  return x.major - y.major || x.minor - y.minor;
}

function parts(version: string): { major: number; minor: number } {
  const [major = '0', minor = '0'] = version.split('.');
  return { major: Number(major), minor: Number(minor) };
}
