import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

import { execAgentConnector } from '../../src/runtime/agent/agent-connector.ts';
import type { AgentSession } from '../../src/runtime/agent/agent-session.ts';
import type { Engine, ExecSession } from '../../src/runtime/engine.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';

/** The agent's program and a volume root of its own, without any container. */
export interface AgentPlace {
  /** A volume below the root; short, since socket paths are. */
  readonly volume: string;
  readonly root: string;
  /** Starts the program; whoever starts it ends it, `remove` the rest. */
  readonly start: (words: readonly string[]) => ChildProcessWithoutNullStreams;
  remove(): void;
}

/** Before the program: root may write anywhere. */
const NOBODY = 'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534); }';

/** Makes a place in the temporary folder. `nobody`: the program is not root there, and may be kept from writing. */
export function agentPlace({ nobody = false }: { readonly nobody?: boolean } = {}): AgentPlace {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  const program = join(folder, 'agent.mjs');
  const root = join(folder, 'v');
  const volume = join(root, 'socks');
  mkdirSync(volume, { recursive: true });
  writeFileSync(program, agentImage().files['agent.mjs'] ?? '');
  if (nobody) {
    for (const each of [folder, root, volume]) chmodSync(each, 0o777);
  }
  const before = nobody ? ['--import', `data:text/javascript,${encodeURIComponent(NOBODY)}`] : [];
  const started: ChildProcessWithoutNullStreams[] = [];
  return {
    volume,
    root,
    start: (words) => {
      const child = spawn(process.execPath, [...before, program, ...words], {
        env: {
          ...process.env,
          STACKC_VOLUME_ROOT: root,
          STACKC_AGENT_SOCKET: join(folder, 'run/agent.sock'),
        },
      });
      // A program that has ended takes no input; its tests look at how it ended.
      child.stdin.on('error', () => undefined);
      started.push(child);
      return child;
    },
    remove: () => {
      for (const child of started) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A place with the agent's first process, and a session. */
export async function agentAtWork({ nobody = false }: { readonly nobody?: boolean } = {}): Promise<{
  readonly place: AgentPlace;
  readonly session: AgentSession;
  readonly close: () => void;
}> {
  const place = agentPlace({ nobody });
  await once(place.start([]).stdout, 'data');
  const session = await execAgentConnector(execEngine(place.start)).open('agent');
  return {
    place,
    session,
    close: () => {
      session.close();
      place.remove();
    },
  };
}

/** An engine whose exec starts a process here, and that can do nothing else. */
export function execEngine(start: AgentPlace['start']): Pick<Engine, 'exec'> {
  return { exec: async () => execSession(start(['session'])) };
}

function execSession(child: ChildProcessWithoutNullStreams): ExecSession {
  const exitCode = new Promise<number>((resolve) => {
    child.once('close', (code) => resolve(code ?? -1));
  });
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    exitCode,
    write: async (chunk) => void child.stdin.write(chunk),
    endInput: () => void child.stdin.end(),
    resize: async () => undefined,
    destroy: () => {
      child.stdin.destroy();
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
