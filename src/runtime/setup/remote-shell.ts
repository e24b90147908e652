import { spawn } from 'node:child_process';

import { SshEnded } from '../docker/engine-errors.ts';
import { sshWords, type SshEndpoint } from '../docker/ssh-agent.ts';

/** What is run over there. */
export interface RemoteScript {
  readonly script: string;
  /** By `sudo -n`, where the user is not root. */
  readonly sudo: boolean;
  readonly limitMs: number;
}

/** How a script ended; what it wrote to both outputs, the last of it where it was much. */
export interface ScriptEnd {
  readonly code: number;
  readonly stdout: string;
  readonly lines: readonly string[];
}

/** A shell on another machine. */
export interface RemoteShell {
  /** Rejects with {@link SshEnded} where the machine is not reached, or not any more. */
  run(script: RemoteScript, onLine: (line: string) => void): Promise<ScriptEnd>;
}

const KEPT_LINES = 200;
const KEPT_OUTPUT = 4_000_000;
/** How long what ssh has written is read after its end. */
const REST_MS = 5_000;
/** What ssh itself ends with when it is not the command that has failed. */
const SSH_FAILED = 255;

/**
 * Runs scripts by `sh -s` through the system's own `ssh`: what they are and what they hold stands in no list of processes. Each has
 * a connection of its own, since one that is shared keeps the groups that the user had when it was made.
 */
export function sshShell(
  endpoint: SshEndpoint,
  env: Readonly<Record<string, string | undefined>>,
): RemoteShell {
  return {
    run: ({ script, sudo, limitMs }, onLine) =>
      new Promise((resolve, reject) => {
        const words = sshWords(
          endpoint,
          ['ControlMaster=no', 'ControlPath=none', 'ServerAliveInterval=15', 'ServerAliveCountMax=4'],
          sudo ? ['sudo', '-n', 'sh', '-s'] : ['sh', '-s'],
        );
        // A session of its own: Ctrl-C in the terminal must not cut an installation off.
        const child = spawn('ssh', words, { env, stdio: 'pipe', detached: true, windowsHide: true });
        const limit = setTimeout(() => child.kill('SIGKILL'), limitMs);
        let stdout = '';
        const lines: string[] = [];
        const take = (line: string) => {
          if (line.trim() === '') return;
          lines.push(line);
          if (lines.length > KEPT_LINES) lines.shift();
          onLine(line);
        };
        const ends = [child.stdout, child.stderr].map((stream) => {
          stream.setEncoding('utf8');
          let rest = '';
          stream.on('data', (text: string) => {
            if (stream === child.stdout) stdout = (stdout + text).slice(-KEPT_OUTPUT);
            const parts = (rest + text).split(/\r?\n|\r/);
            rest = parts.pop() ?? '';
            parts.forEach(take);
          });
          return () => take(rest);
        });
        child.on('error', (error: NodeJS.ErrnoException) => {
          clearTimeout(limit);
          reject(
            new SshEnded(error.code === 'ENOENT' ? 'the program `ssh` is not installed' : error.message),
          );
        });
        let last: NodeJS.Timeout | undefined;
        // What ssh has begun beside itself, such as a master of the host between, may hold its outputs for hours.
        child.on('exit', () => {
          last = setTimeout(
            () => [child.stdout, child.stderr].forEach((stream) => stream.destroy()),
            REST_MS,
          );
        });
        child.on('close', (code, signal) => {
          clearTimeout(limit);
          clearTimeout(last);
          ends.forEach((end) => end());
          if (code !== null && code !== SSH_FAILED) resolve({ code, stdout, lines });
          else if (signal === 'SIGKILL')
            reject(new SshEnded(`no end within ${Math.round(limitMs / 1000)} s`));
          else reject(new SshEnded(lines.slice(-3).join('; ') || 'ssh ended without a word'));
        });
        // A machine that is not reached reads nothing.
        child.stdin.on('error', () => undefined);
        child.stdin.end(script);
      }),
  };
}
