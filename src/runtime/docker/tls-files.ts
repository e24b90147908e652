import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../engine.ts';
import { errorCode } from './error-code.ts';

/** The certificates for one engine, as PEM. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  /** Whether the server has to prove who it is. */
  readonly verify: boolean;
}

/**
 * Reads `ca.pem`, `cert.pem` and `key.pem`; each may be absent, but certificate and key only together. Throws an
 * {@link EngineError} of kind `invalid` when one cannot be read.
 */
export function readTlsFolder(folder: string, verify: boolean): TlsFiles {
  const [ca, cert, key] = [read(folder, 'ca.pem'), read(folder, 'cert.pem'), read(folder, 'key.pem')];
  if ((cert === null) !== (key === null)) {
    throw invalid(
      `\`${folder}\` holds ${cert === null ? '`key.pem` without `cert.pem`' : '`cert.pem` without `key.pem`'}`,
    );
  }
  if (verify && ca === null && cert === null)
    throw invalid(`\`${folder}\` holds no \`ca.pem\`, \`cert.pem\`, \`key.pem\``);
  return { ca, cert, key, verify };
}

function read(folder: string, name: string): string | null {
  const path = join(folder, name);
  if (!existsSync(path)) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // Of the cause only its code: it is a file of keys.
    throw invalid(`\`${path}\` cannot be read (${errorCode(error)})`);
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid', 'choose the engine', message);
}
