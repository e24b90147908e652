import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';

import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, type CliResult } from './cli.ts';
import type { EngineCall } from './memory/world.ts';
import { memoryEngine, type MemoryEngine, type MemoryEngineOptions } from './memory-engine.ts';

/** A version of the shop's stack file; its secret is in a file beside it. */
export interface Version {
  readonly image: string;
  readonly secret: string;
  readonly count?: number;
  /** More keys of the container `app`. */
  readonly app?: object;
  /** More keys of its application. */
  readonly application?: object;
  /** More keys of the stack. */
  readonly stack?: object;
  /** More containers. */
  readonly more?: object;
}

export const one: Version = { image: 'app:1', secret: 'first-secret' };
export const two: Version = { image: 'app:2', secret: 'second-secret', count: 2 };
/** One that keeps data in a volume. */
export const withData: Version = {
  ...one,
  application: { data_volumes: { data: ['/data'] } },
  app: { volumes_from: ['data'] },
};
/** It ends as soon as it has begun, and says its secret. */
export const bad: Version = { image: 'app:bad', secret: 'bad-secret' };

/** What runs of {@link one}, and of {@link two}. */
export const AS_ONE = ['shop-app0 app:1 first-secret for app:1'];
export const AS_TWO = ['shop-app0 app:2 second-secret for app:2', 'shop-app1 app:2 second-secret for app:2'];

/** The stack `shop` in a folder of its own, and an engine in memory; both are made anew for each test of the file. */
export class ShopScene {
  cwd = '';
  memory: MemoryEngine = memoryEngine();
  /** Where a call hangs, as if the command had been killed there, and who hears so. */
  #hang: { readonly at: (call: EngineCall) => boolean; readonly tell: () => void } | null = null;

  constructor() {
    beforeEach(async () => {
      this.cwd = await mkdtemp(join(tmpdir(), 'stackc-shop-'));
      this.#hang = null;
      this.useEngine();
    });
    afterEach(() => rm(this.cwd, { recursive: true, force: true }));
  }

  /** Another engine, with nothing of the shop on it. */
  readonly useEngine = (more: Pick<MemoryEngineOptions, 'before'> = {}): void => {
    this.memory = memoryEngine({
      images: { 'app:1': {}, 'app:2': {}, 'app:3': {}, 'app:bad': {}, [agentImage().tag]: {} },
      behaviour: ({ labels: own, env }) =>
        env.includes('VERSION=bad')
          ? {
              exitAfterMs: 0,
              exitCode: 3,
              output: env
                .filter((pair) => pair.startsWith('TOKEN='))
                .map((pair) => ({ stream: 'stderr' as const, text: `no database: ${pair.slice(6)}` })),
            }
          : own[labels.role] === 'migration'
            ? { exitAfterMs: 0, exitCode: 0 }
            : {},
      before: (call) => {
        if (this.#hang?.at(call) !== true) return undefined;
        this.#hang.tell();
        return new Promise<void>(() => undefined);
      },
      ...more,
    });
  };

  readonly cli = (...words: readonly string[]): Promise<CliResult> =>
    stack(words, { cwd: this.cwd, engine: this.memory });

  /** Writes the stack file and what lies beside it. */
  readonly write = async ({
    image,
    secret,
    count = 1,
    app,
    application,
    stack: top,
    more = {},
  }: Version): Promise<void> => {
    await writeFile(join(this.cwd, 'token'), secret);
    await writeFile(join(this.cwd, 'app.conf'), `for ${image}\n`);
    const container = {
      deploy: 'auto',
      image,
      containers: count,
      startup_time: 0.01,
      env: { TOKEN: '%{secret:TOKEN}', VERSION: image.slice('app:'.length), ME: '%{app_name}' },
      files: { '/etc/app.conf': { file: 'app.conf' } },
      strategy: { order: 'stop-first' },
      ...app,
    };
    await writeFile(
      join(this.cwd, 'stack.json'),
      JSON.stringify({
        name: 'shop',
        monitor: 0,
        secrets: { TOKEN: { file: 'token' } },
        deploy: { shop: { ...application, containers: { app: container, ...more } } },
        ...top,
      }),
    );
  };

  /** Applies a version, to its end. */
  readonly applied = async (version: Version): Promise<void> => {
    await this.write(version);
    expect(await this.cli('apply', '--yes')).toMatchObject({ code: 0 });
  };

  /** Runs a command that hangs for good at its first such call: its lock is held. */
  readonly hanging = async (
    at: (call: EngineCall) => boolean,
    ...words: readonly string[]
  ): Promise<void> => {
    const reached = new Promise<void>((tell) => {
      this.#hang = { at, tell };
    });
    void this.cli(...words);
    await reached;
    this.#hang = null;
  };

  /** Begins an apply, which hangs where it starts an instance; a migration is none. */
  readonly hangingApply = (command = 'apply', ...options: readonly string[]): Promise<void> => {
    const isStart = ({ method, args: [id] }: EngineCall) =>
      method === 'startContainer' && this.#roleOf(String(id)) === 'instance';
    return this.hanging(isStart, command, '--yes', ...options);
  };

  /** The same, and whoever began it is gone. */
  readonly cutOffApply = async (command = 'apply', ...options: readonly string[]): Promise<void> => {
    await this.hangingApply(command, ...options);
    await this.cli('unlock', '--yes');
  };

  readonly cutOff = async (version: Version): Promise<void> => {
    await this.write(version);
    await this.cutOffApply();
  };

  /** The current instances: name, image, and what they were told. */
  readonly running = async (): Promise<readonly string[]> => {
    const found = this.ofRole('instance').filter(({ state }) => state === 'running');
    return Promise.all(
      found
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(async ({ id, name, imageId, env }) => {
          const file = await this.memory.fetchFile(id, '/etc/app.conf');
          const text = file?.kind === 'file' ? new TextDecoder().decode(file.content).trim() : '';
          const token = env.find((entry) => entry.startsWith('TOKEN='))?.slice(6);
          const image = ['app:1', 'app:2', 'app:3'].find((known) => this.memory.image(known) === imageId);
          return `${name} ${image} ${token} ${text}`;
        }),
    );
  };

  readonly ofRole = (role: string) =>
    this.memory.containers().filter(({ labels: own }) => own[labels.role] === role);

  /** The names of what is kept to go back by. */
  readonly kept = (role: 'revision' | 'image'): readonly string[] =>
    this.ofRole(role)
      .map(({ name }) => name)
      .sort();

  #roleOf(id: string): string | undefined {
    return this.memory.containers().find((container) => container.id === id)?.labels[labels.role];
  }
}
