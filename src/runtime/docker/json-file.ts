import { existsSync, readFileSync } from 'node:fs';

import { EngineError } from '../engine.ts';
import { errorCode } from './error-code.ts';

/** One of docker's own files; null when it is not there. Throws an {@link EngineError} of kind `invalid`. */
export function readJsonFile(path: string): unknown {
  if (!existsSync(path)) return null;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const code = errorCode(error);
    // A parser's message would quote the file, which may hold credentials.
    const why = code === '' ? 'is not JSON' : `cannot be read (${code})`;
    throw new EngineError('invalid', "read docker's settings", `docker's own \`${path}\` ${why}`);
  }
}
