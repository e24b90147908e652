import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The built program, as a user runs it. */
export const PROGRAM = join(ROOT, 'dist/stack.cjs');

/** What a command did. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a command is run besides its arguments. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** Runs `stack`; never rejects for its exit code. Killed after two minutes. */
export function stack(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return command(process.execPath, [PROGRAM, ...args], options);
}

/** Runs any command to its end. */
export function command(file: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, NO_COLOR: '1', ...options.env },
      timeout: options.timeoutMs ?? 120_000,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (stderr += data.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    // A command may end without having read.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
  });
}

/** `docker` with the arguments; its output, trimmed. Rejects when it fails. */
export async function docker(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await command('docker', args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr.trim()}`);
  return stdout.trim();
}

/** An output with its folded lines made one again: what a test looks for may stand at a fold. */
export function unfolded(text: string): string {
  return text.replaceAll(/\n +(?=[^ |=-])/g, ' ');
}

/** The lines of an output, without empty ones. */
export function rows(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** A folder with one stack file, and what a test does to it. */
export class StackFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'stackc-'));
  readonly file = join(this.folder, 'stack.json');

  /** Writes the file. Nobody is watched after a replacement unless it says so: most tests are not about that. */
  write(content: object): void {
    writeFileSync(this.file, JSON.stringify({ monitor: 0, ...content }, null, 2));
  }

  /** Runs `stack` in the folder. */
  run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return stack(args, { cwd: this.folder, ...options });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A container of a stack file as tests change it. */
export type Loose = Record<string, unknown>;

/** The shipped example under another name and port, its containers by name. */
export function exampleStack(
  name: string,
  port: number,
): { readonly stack: Loose; readonly containers: Record<string, Loose> } {
  const file = JSON.parse(readFileSync(join(ROOT, 'examples/stack.json'), 'utf8')) as {
    name: string;
    deploy: Record<string, { containers: Record<string, Loose>[] }>;
  };
  file.name = name;
  const containers: Record<string, Loose> = {};
  for (const application of Object.values(file.deploy)) {
    for (const entry of application.containers) Object.assign(containers, entry);
  }
  (containers['nginx'] as Loose)['ports'] = [`127.0.0.1:${port}:80`];
  return { stack: { ...file }, containers };
}

/** A TCP port that nobody holds at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no port')),
      );
    });
  });
}

/** Asks again until the answer is as wanted; fails with the last answer after `limitMs`. */
export async function until<T>(
  ask: () => Promise<T>,
  good: (answer: T) => boolean,
  limitMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${limitMs} ms; last: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The engine may still be taking containers off; one that it miscounts stays until its next start, and is free to be used. */
async function removeNetwork(network: string): Promise<void> {
  await until(
    async () => {
      const { code, stderr } = await command('docker', ['network', 'rm', network]);
      if (code === 0 || /not found|No such/i.test(stderr)) return true;
      return (await docker('network', 'inspect', '-f', '{{len .Containers}}', network)) === '0';
    },
    (isFree) => isFree,
  );
}

/** Removes everything that carries the stack's label, whatever state a failed test left. */
export async function wipe(name: string): Promise<void> {
  const label = `label=io.stackc.stack=${name}`;
  // First of all whoever would make the others again.
  const agents = rows(await docker('ps', '-aq', '--filter', label, '--filter', 'label=io.stackc.role=agent'));
  if (agents.length > 0) await docker('rm', '-fv', ...agents);
  const containers = rows(await docker('ps', '-aq', '--filter', label));
  if (containers.length > 0) await docker('rm', '-fv', ...containers);
  const networks = rows(await docker('network', 'ls', '-q', '--filter', label));
  for (const network of networks) await removeNetwork(network);
  const volumes = rows(await docker('volume', 'ls', '-q', '--filter', label));
  if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
}
