import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { command, docker } from './stack-cli.ts';

const IMAGE = 'stackc-example/machine:1';
/** An engine inside needs them; all of them (`--privileged`) a tester's own machine may not have. */
const CAPABILITIES = ['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE', 'SYS_MODULE'];

/**
 * A container that plays a bare Debian behind ssh, with an sshd of its own and no network: connections come by
 * `docker exec`, packages lie inside. Its users are `deploy` (sudo without a password), `careful` (with one) and `guest` (none).
 */
export class Machine {
  readonly #home = mkdtempSync(join(tmpdir(), 'stackc-machine-'));
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  /** PATH with an `ssh` that stands for the user's own, its configuration, key and known hosts. */
  get path(): string {
    return `${this.#home}:${process.env['PATH'] ?? ''}`;
  }

  async make(): Promise<void> {
    await command('docker', ['rm', '-fv', this.#name]);
    await docker(
      'run',
      '--detach',
      '--init',
      `--name=${this.#name}`,
      `--hostname=${this.#name}`,
      `--add-host=${this.#name}:127.0.0.1`,
      '--network=none',
      ...CAPABILITIES.map((capability) => `--cap-add=${capability}`),
      ...['seccomp', 'apparmor', 'systempaths'].map((option) => `--security-opt=${option}=unconfined`),
      '--cgroupns=host',
      '--volume=/sys/fs/cgroup:/sys/fs/cgroup:rw',
      IMAGE,
    );
    const key = join(this.#home, 'key');
    await command('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const lines = readFileSync(`${key}.pub`, 'utf8').trim();
    for (const user of ['deploy', 'careful', 'guest'])
      await this.run(
        `install -d -o ${user} /home/${user}/.ssh && echo '${lines}' > /home/${user}/.ssh/authorized_keys`,
      );
    writeFileSync(
      join(this.#home, 'ssh'),
      [
        '#!/bin/sh',
        `exec /usr/bin/ssh -F none -i ${key} -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=${this.#home}/known \\`,
        `  -o 'ProxyCommand=docker exec -i ${this.#name} /usr/sbin/sshd -i' "$@"`,
        '',
      ].join('\n'),
    );
    chmodSync(join(this.#home, 'ssh'), 0o755);
  }

  /** Runs a line of shell there, as root; its output, trimmed. */
  run(line: string): Promise<string> {
    return docker('exec', this.#name, 'sh', '-c', line);
  }

  /** Gives the engine inside images that the shared one has. */
  async load(...images: readonly string[]): Promise<void> {
    const archive = join(this.#home, 'images.tar');
    await docker('save', '-o', archive, ...images);
    await docker('cp', archive, `${this.#name}:/images.tar`);
    await this.run('docker load -qi /images.tar && rm /images.tar');
  }

  async remove(): Promise<void> {
    await command('docker', ['rm', '-fv', this.#name]);
    rmSync(this.#home, { recursive: true, force: true });
  }
}
