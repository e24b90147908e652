import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { command, docker, rows, until, type Ran } from './stack-cli.ts';

/**
 * An engine that a test has to itself, and may restart, in a network namespace of its own, so that its bridge, and what
 * is set in `/proc/sys/net`, is nobody else's. It takes root, `ip` and `dockerd`. Its containers reach nothing outside.
 */
export class OwnEngine {
  readonly #home = mkdtempSync(join(tmpdir(), 'stackc-engine-'));
  readonly #namespace: string;
  #daemon: ChildProcess | null = null;
  readonly socket = join(this.#home, 'docker.sock');
  readonly host = `unix://${this.socket}`;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Makes the namespace, starts the engine, and gives it images that the shared one has. */
  async make(images: readonly string[]): Promise<void> {
    await command('ip', ['netns', 'delete', this.#namespace]);
    const made = await command('ip', ['netns', 'add', this.#namespace]);
    if (made.code !== 0) throw new Error(`ip netns add: ${made.stderr}`);
    await this.inside('ip', 'link', 'set', 'lo', 'up');
    await this.up();
    const archive = join(this.#home, 'images.tar');
    await docker('save', '-o', archive, ...images);
    await this.docker('load', '-i', archive);
  }

  async up(): Promise<void> {
    const [enter = '', ...words] = this.entering;
    this.#daemon = spawn(
      enter,
      [
        ...words,
        'dockerd',
        `--host=${this.host}`,
        `--data-root=${this.#home}/data`,
        `--exec-root=${this.#home}/run`,
        `--pidfile=${this.#home}/docker.pid`,
        '--iptables=false',
        '--ip6tables=false',
      ],
      // As `scripts/engine.mjs` does.
      { stdio: 'ignore', env: { GOGC: '400', ...process.env } },
    );
    await until(
      () => this.docker('version', '--format', '{{.Server.Version}}').catch(() => ''),
      (version) => version !== '',
      60_000,
    );
  }

  async down(): Promise<void> {
    const leaving = this.#daemon;
    if (leaving === null) return;
    this.#daemon = null;
    const ended = new Promise((resolve) => leaving.once('exit', resolve));
    leaving.kill('SIGTERM');
    await ended;
  }

  /**
   * Ends the shims that have outlived the engine, which is down, with what runs under them, and unmounts what they had mounted: one
   * whose task it has lost track of keeps its container from being started, and its files from being removed, however often the
   * engine is restarted. A restart of the machine would do the same.
   */
  async endShims(): Promise<void> {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const shims = pids.filter((pid) => {
      const words = textOf(`/proc/${pid}/cmdline`).split('\0');
      return (
        words[0]?.includes('containerd-shim') === true &&
        words.some((word) => word.startsWith(`${this.#home}/`))
      );
    });
    const under = pids.filter((pid) => shims.includes(parentOf(pid)));
    for (const pid of [...shims, ...under]) end(Number(pid));
    const mounts = rows(textOf('/proc/self/mounts')).map((line) => line.split(' ')[1] ?? '');
    for (const place of mounts.filter((one) => one.startsWith(`${this.#home}/data/overlay2/`)))
      await command('umount', ['--lazy', place]);
  }

  /** Where the files of a volume lie on this machine. */
  filesOf(volume: string): string {
    return join(this.#home, 'data/volumes', volume, '_data');
  }

  docker(...args: readonly string[]): Promise<string> {
    return docker('--host', this.host, ...args);
  }

  /** Runs a command in the engine's network. */
  inside(...words: readonly string[]): Promise<Ran> {
    const [enter = '', ...rest] = [...this.entering, ...words];
    return command(enter, rest);
  }

  /** The words that run a command in the engine's network; `ip netns exec` would hide the cgroups from it. */
  get entering(): readonly string[] {
    return ['nsenter', `--net=/run/netns/${this.#namespace}`];
  }

  async remove(): Promise<void> {
    if (this.#daemon !== null) {
      const ids = rows(await this.docker('ps', '-aq'));
      if (ids.length > 0) await this.docker('rm', '-f', ...ids);
    }
    await this.down();
    await command('ip', ['netns', 'delete', this.#namespace]);
    // The engine leaves its namespace mounted there.
    await command('umount', ['--quiet', `${this.#home}/run/netns/default`]);
    rmSync(this.#home, { recursive: true, force: true });
  }
}

/** Nothing, of a process that is gone by now. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function parentOf(pid: string): string {
  return /^PPid:\s*(\d+)$/m.exec(textOf(`/proc/${pid}/status`))?.[1] ?? '';
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone by now.
  }
}
