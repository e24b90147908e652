import { EngineError } from '../runtime/engine.ts';
import { parseHost } from '../runtime/docker/host-url.ts';
import type { SshEndpoint } from '../runtime/docker/ssh-agent.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';

/**
 * Reads the machine's address: `web1`, `deploy@web1`, `deploy@web1:2222`, each with or without `ssh://`; names are those of the user's
 * ssh configuration. Fails with 64 for anything else, and for what ssh could take for an option.
 */
export function setupHost(text: string): SshEndpoint {
  const address = /^[a-z]+:\/\//.test(text) ? text : `ssh://${text}`;
  const endpoint = parsed(address);
  if (endpoint.kind !== 'ssh') throw refused(text, 'a machine is set up over ssh');
  if (endpoint.path !== null) throw refused(text, 'the machine is set up, not a socket on it');
  if ([endpoint.host, endpoint.user ?? ''].some((name) => name.startsWith('-') || /\s/.test(name)))
    throw refused(text, 'neither host nor user may begin with `-`');
  return endpoint;
}

function parsed(address: string) {
  try {
    return parseHost(address);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new CommandFailure(exitCode.usage, error.message, HELP);
  }
}

function refused(text: string, why: string): CommandFailure {
  return new CommandFailure(exitCode.usage, `\`${text}\` cannot be set up: ${why}`, HELP);
}

const HELP = '`stack setup web1` or `stack setup ssh://deploy@web1`';
