import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { expect } from 'vitest';

import type { Served } from '../load.ts';
import type { OwnEngine } from '../own-engine.ts';
import { PROGRAM, rows, StackFolder, type Loose, type Ran } from '../stack-cli.ts';
import { HeldEngine } from './held-engine.ts';
import { shapeOf } from './shape.ts';
import { stackName, strategies, type Strategy } from './strategies.ts';
import { fillKept } from './volumes.ts';

/** Of the host, in the engine's own network: the first of several stacks. */
const PORT = 8080;

/** An apply that something is about to befall. */
export interface Running {
  readonly ended: Promise<Ran>;
  /** The operation that was told to have begun last. */
  doing(): string;
  kill(): void;
}

/** One stack on an engine of the tests' own. */
export class CrashScene {
  readonly strategy: Strategy;
  readonly engine: OwnEngine;
  readonly held: HeldEngine;
  readonly name: string;
  readonly made: Served;
  readonly url: string;
  readonly #folder: StackFolder;

  private constructor(strategy: Strategy, engine: OwnEngine, held: HeldEngine, folder: StackFolder) {
    this.strategy = strategy;
    this.engine = engine;
    this.held = held;
    this.#folder = folder;
    this.name = stackName(strategy);
    const port = PORT + strategies.indexOf(strategy);
    this.url = `http://127.0.0.1:${port}`;
    this.made = strategy.stack(folder, this.name, port);
    const { load } = this.made.stack['deploy'] as { load: { data_volumes: Loose[] } };
    load.data_volumes.push({ kept: { volumes: ['/var/kept'] } });
    for (const one of [this.made.app, this.made.haproxy])
      one['volumes_from'] = [...(one['volumes_from'] as string[]), 'kept'];
  }

  /** Does `work` in a scene of this strategy, and leaves nothing of it. */
  static async within(
    strategy: Strategy,
    engine: OwnEngine,
    work: (scene: CrashScene) => Promise<void>,
  ): Promise<void> {
    const folder = new StackFolder();
    const held = await HeldEngine.listen(join(folder.folder, 'held.sock'), engine.socket);
    const scene = new CrashScene(strategy, engine, held, folder);
    try {
      await work(scene);
    } finally {
      await held.close();
      await scene.wipe();
      folder.remove();
    }
  }

  /** The stack as it is before a change, from nothing. */
  async up(): Promise<void> {
    await this.wipe();
    await this.apply();
    fillKept(this.engine.filesOf(this.volume('kept-var-kept')));
  }

  volume(name: string): string {
    return `${this.name}-load-${name}`;
  }

  /** Undisturbed. Where the last one was just cut off, its lock may be on its way back. */
  async apply(): Promise<void> {
    this.#write();
    const ran = await this.run('apply', '--yes', '--lock-timeout', '20');
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  }

  /** Undisturbed, and to the last trace. */
  async destroy(): Promise<void> {
    const ran = await this.run('destroy', '--yes', '--volumes');
    expect(ran.code, ran.stdout + ran.stderr).toBe(0);
    // An engine that ends while it makes a volume may lose its labels: then it is nobody's, and `destroy` says that it stays.
    for (const [, volume = ''] of ran.stderr.matchAll(/`([^`]+)` stays?: another tool made/g)) {
      expect(await this.engine.docker('volume', 'inspect', '-f', '{{json .Labels}}', volume)).toBe('null');
      await this.engine.docker('volume', 'rm', volume);
    }
    expect(await shapeOf(this)).toEqual(['network bridge', 'network host', 'network none']);
  }

  run(...args: readonly string[]): Promise<Ran> {
    return this.#folder.run(args, { env: { DOCKER_HOST: this.engine.host } });
  }

  /** An apply whose every step goes through {@link held}. */
  start(): Running {
    this.#write();
    const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes', '--json'], {
      cwd: this.#folder.folder,
      env: { ...process.env, DOCKER_HOST: this.held.host, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    return {
      ended: new Promise((resolve) => {
        child.once('close', (code) => resolve({ code, stdout, stderr }));
      }),
      doing: () => {
        const begun = rows(stdout).findLast((line) => line.includes('"node-started"'));
        return /"id":"(?:load\/)?([^"]*)"/.exec(begun ?? '')?.[1] ?? 'begin';
      },
      kill: () => void child.kill('SIGKILL'),
    };
  }

  /** Whatever state anything has left it in. */
  async wipe(): Promise<void> {
    const { engine } = this;
    const filter = ['--filter', `label=io.stackc.stack=${this.name}`];
    const containers = rows(await engine.docker('ps', '-aq', ...filter));
    if (containers.length > 0) await engine.docker('rm', '-fv', ...containers);
    // The engine prunes one at a time, and refuses a second one.
    const networks = rows(await engine.docker('network', 'ls', '-q', ...filter));
    if (networks.length > 0) await engine.docker('network', 'rm', ...networks);
    const volumes = rows(await engine.docker('volume', 'ls', '-q', ...filter));
    if (volumes.length > 0) await engine.docker('volume', 'rm', ...volumes);
  }

  #write(): void {
    this.#folder.write(this.made.stack);
  }
}
