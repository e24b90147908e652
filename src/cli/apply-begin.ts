import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';

import { version } from '../runtime/agent/agent-image.ts';
import { gitCommit } from '../runtime/journal/git-commit.ts';
import type { ApplyBegin } from '../runtime/journal/apply-journal.ts';
import type { LeaseOptions } from '../runtime/lease/apply-lease.ts';
import { ownMark } from '../runtime/run-owner.ts';
import type { CommandContext, Io } from './io.ts';
import { writeNote } from './output.ts';
import { holderWords } from './render/holder.ts';
import { sha256 } from './sha256.ts';
import type { LoadedSpec } from './stack-file.ts';

/** Who begins an apply, from where, with which file (null: with none), or which revision. */
export async function applyBegin(
  { cwd, env }: Pick<Io, 'cwd' | 'env'>,
  command: ApplyBegin['command'],
  loaded: Pick<LoadedSpec, 'source' | 'fromStdin'> | null,
  of: ApplyBegin['of'] = null,
): Promise<ApplyBegin> {
  const isFile = loaded !== null && !loaded.fromStdin;
  return {
    command,
    of,
    ...whoAsks(env),
    program: version(),
    file: loaded === null ? null : sha256(loaded.source.text),
    git: isFile ? await gitCommit(resolve(cwd, loaded.source.path)) : null,
  };
}

/** Who changes a stack, and from where. */
export function whoAsks(env: Io['env']): Pick<ApplyBegin, 'user' | 'host'> {
  return { user: userOf(env), host: hostname() };
}

/** Whoever called sudo is the one to ask. */
function userOf({ SUDO_USER: caller }: Io['env']): string {
  if (caller !== undefined && caller !== '') return caller;
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the system's table.
    return String(process.getuid?.() ?? 'unknown');
  }
}

/** How the lock of a stack is taken. */
export function leaseOptions(
  context: CommandContext,
  id: string,
  { user, host, command }: Pick<ApplyBegin, 'user' | 'host'> & { readonly command: string },
  how: Pick<LeaseOptions, 'agent' | 'observedAtMs' | 'timeoutMs'>,
): LeaseOptions {
  const since = new Date(context.io.clock.now()).toISOString();
  const onWait: LeaseOptions['onWait'] = (holder) =>
    writeNote(context, `waiting for the lock: ${holderWords(holder)}`);
  const request = { id, user, host, mark: ownMark() ?? '', command, since };
  return { request, onWait, ...how };
}
