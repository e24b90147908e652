import { spawn } from 'node:child_process';

import { EngineError, type RegistryAuth } from '../engine.ts';
import { textAt } from './docker-config.ts';
import { errorCode } from './error-code.ts';

/** Runs a program with `get` and a line of input; what it printed, and its exit code. */
export type HelperRunner = (program: string, input: string) => Promise<{ code: number; output: string }>;

const LIMIT_MS = 30_000;

/**
 * `docker-credential-NAME get`. Null when it has none for that registry. Rejects with an {@link EngineError} of kind
 * `denied`. Source of truth: docker/docker-credential-helpers.
 */
export async function askHelper(
  name: string,
  serverAddress: string,
  run: HelperRunner = runProgram,
): Promise<RegistryAuth | null> {
  const program = `docker-credential-${name}`;
  const { code, output } = await run(program, serverAddress);
  if (code !== 0) {
    if (/credentials not found|not found in native keychain/i.test(output)) return null;
    const line = output.trim().split('\n').at(-1) ?? '';
    throw denied(`\`${program}\` failed for ${serverAddress}: ${line || `exit code ${code}`}`);
  }
  const answer = parse(output);
  const [username, secret] = [textAt(answer, 'Username'), textAt(answer, 'Secret')];
  if (username === null || secret === null)
    throw denied(`\`${program}\` gave no credentials for ${serverAddress}`);
  if (username === '<token>') return { username: '', password: '', serverAddress, identityToken: secret };
  return { username, password: secret, serverAddress };
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    // Nothing of it in a message: it may be a secret in another shape.
    return null;
  }
}

function runProgram(program: string, input: string): ReturnType<HelperRunner> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
      windowsHide: true,
    });
    const output = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => {
      output.out += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      output.err += chunk.toString('utf8');
    });
    // One that does not read its input ends with a code, which says more.
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      const missing = errorCode(error) === 'ENOENT';
      reject(
        denied(missing ? `docker's settings want \`${program}\`, which is not installed` : error.message),
      );
    });
    // Helpers print their complaints to stdout.
    child.on('close', (code) => {
      resolve({ code: code ?? 1, output: code === 0 ? output.out : `${output.err}\n${output.out}` });
    });
    child.stdin.end(input);
  });
}

function denied(message: string): EngineError {
  return new EngineError('denied', 'find registry credentials', message);
}
