import { spawn } from 'node:child_process';
import { expect } from 'vitest';

import { nextGeneration, type Clients, type LoadResult, type LoadScene, type Served } from './load.ts';
import { MOODY_SERVER } from './moody-server.ts';
import { docker, PROGRAM, rows, until, type Loose, type Ran } from './stack-cli.ts';

/** Where the sockets lie. */
export const DIRECTORY = '/var/lib/haproxy/socks';
/** A request every few milliseconds from each kind: they find every gap, and leave the cores to what is tested. */
const CLIENTS: readonly Clients[] = [{ concurrency: 8 }, { concurrency: 4, keepAlive: true }];

type Env = Record<string, string>;

/** One stack from test to test: what a bad day leaves is what the next one begins with. */
export class BadDays {
  readonly scene: LoadScene;
  readonly made: Served;
  readonly volume: string;

  constructor(scene: LoadScene, app: Loose) {
    this.scene = scene;
    this.volume = `${scene.name}-load-socks-var-lib-haproxy-socks`;
    // Checks are held like everything else: the balancer must not give up its only server meanwhile.
    this.made = scene.served('node', (config) => config.replace('fall 2', 'fall 40'));
    Object.assign(this.made.app, {
      entrypoint: ['node', '-e', MOODY_SERVER],
      command: [`${DIRECTORY}/%{app_name}.sock`],
      stop_timeout: 5,
      startup_time: 20,
      ...app,
    });
  }

  get env(): Env {
    return this.made.app['env'] as Env;
  }

  /** The file of the next generation, in this mood. */
  next(mood = '', more: Loose = {}): void {
    Object.assign(this.made.app, more);
    nextGeneration(this.made);
    this.env['MOOD'] = mood;
  }

  /** An apply that may fail. */
  async apply(...options: readonly string[]): Promise<Ran> {
    this.scene.folder.write(this.made.stack);
    return this.scene.folder.run(['apply', '--yes', ...options]);
  }

  /** The file that is good again converges, and nothing is left to do. */
  async converges(more: Loose = {}): Promise<void> {
    this.next('', more);
    await this.scene.apply(this.made);
    expect((await this.scene.folder.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await until(
      () => this.files(),
      (names) => !names.some((name) => name.startsWith('.hold')),
    );
  }

  files(): Promise<readonly string[]> {
    return this.agent('ls', '-A', `/stackc/v/${this.volume}`).then(rows);
  }

  agent(...words: readonly string[]): Promise<string> {
    return docker('exec', `${this.scene.name}-agent`, ...words);
  }

  running(instance: string): Promise<string> {
    const generation = '{{index .Config.Labels "io.stackc.generation"}}';
    return docker('inspect', '-f', generation, `${this.scene.name}-load-${instance}`);
  }

  /** Clients all the while; gives what they saw. Whatever failed is told by `expectNothingLost`. */
  underLoad(work: () => Promise<unknown>): Promise<readonly LoadResult[]> {
    return this.scene.underLoad(CLIENTS, work);
  }

  async nothingLost(work: () => Promise<unknown>): Promise<void> {
    await this.scene.expectNothingLost(await this.underLoad(work));
  }

  /** Applies, and does something when an operation of `app0` is told to have begun. */
  async applyWatching(onBegin: (op: string, kill: () => void, node: string) => void): Promise<Ran> {
    this.scene.folder.write(this.made.stack);
    const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes', '--json'], {
      cwd: this.scene.folder.folder,
    });
    let [stdout, stderr, seen] = ['', '', 0];
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      const whole = stdout.slice(seen, stdout.lastIndexOf('\n') + 1);
      seen += whole.length;
      for (const line of rows(whole)) {
        const { type, node } = JSON.parse(line) as {
          type: string;
          node?: { id: string; group: string; op: { kind: string } };
        };
        if (type === 'node-started' && node?.group === 'load/app0')
          onBegin(node.op.kind, () => void child.kill('SIGKILL'), node.id);
      }
    });
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code === null) await this.#lockIsFree();
    return { code, stdout, stderr };
  }

  /** Its session ends a moment after a command that was killed. */
  async #lockIsFree(): Promise<void> {
    await until(
      () => this.scene.folder.run(['status', '--json']),
      ({ stdout }) => {
        const { unfinished } = JSON.parse(stdout) as { unfinished: { holder: unknown } | null };
        return unfinished === null || unfinished.holder === null;
      },
    );
  }

  /** The agent is killed in its n-th work for `app0`, for each n. */
  async walkAgent(
    operations: (op: string) => boolean,
    ended: (loads: readonly LoadResult[]) => Promise<void>,
  ) {
    const killed: string[] = [];
    let count = 0;
    do {
      const n = killed.length + 1;
      count = 0;
      this.next();
      let killing: Promise<unknown> = Promise.resolve();
      const loads = await this.underLoad(async () => {
        const ran = await this.applyWatching((op) => {
          if (!operations(op)) return;
          count += 1;
          if (count !== n) return;
          killed.push(op);
          killing = docker('kill', `${this.scene.name}-agent`).catch(() => '');
        });
        await killing;
        expect(ran.code, `killed in ${killed.at(-1)}: ${failureOf(ran)}`).toBe(0);
      });
      await ended(loads);
      // Until nothing came after the one that it was killed in.
    } while (count > killed.length);
    return killed;
  }
}

/** The events that say what went wrong. */
export function failureOf({ stdout, stderr }: Ran): string {
  return [...rows(stdout).filter((line) => /"(?:node-failed|undo-finished)"/.test(line)), stderr].join('\n');
}
