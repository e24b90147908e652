import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, expect } from 'vitest';

import {
  docker,
  freePort,
  PROGRAM,
  ROOT,
  rows,
  StackFolder,
  until,
  wipe,
  type Loose,
  type Ran,
} from './stack-cli.ts';

/** What `bench/load.mjs` prints. */
export interface LoadResult {
  readonly sent: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly ids: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly stretch: number;
  readonly failing: number;
  readonly sinceBad: number | null;
}

/** How the clients behave; see `bench/load.mjs`. */
export interface LoadAsk {
  readonly url: string;
  readonly concurrency: number;
  readonly keepAlive: boolean;
  readonly paths: readonly string[];
  /** Between two requests of one client, in milliseconds. */
  readonly pauseMs?: number;
  /** How long the body of a POST takes to be sent. */
  readonly uploadMs?: number;
  /** How far away the clients are, one way, in milliseconds. */
  readonly latencyMs?: number;
  readonly prefix?: string;
}

/**
 * Starts clients that never retry; `stop` lets them finish what is under way and tells what came of it. `entering`: the
 * words that run a command where they are to run.
 */
export function startLoad(ask: LoadAsk, entering: readonly string[] = []): { stop(): Promise<LoadResult> } {
  const words = [...entering, process.execPath, join(ROOT, 'bench/load.mjs'), JSON.stringify(ask)];
  const child: ChildProcessWithoutNullStreams = spawn(words[0] ?? '', words.slice(1));
  let output = '';
  let errors = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    stop: async () => {
      if (!child.stdin.writableEnded) child.stdin.end();
      await ended;
      if (output === '') throw new Error(`the clients ended without a word: ${errors}`);
      return JSON.parse(output) as LoadResult;
    },
  };
}

/** What clients saw while `work` was done; they end whatever comes of it. */
export async function whileAsked(
  loads: readonly ReturnType<typeof startLoad>[],
  work: () => Promise<unknown>,
): Promise<readonly LoadResult[]> {
  try {
    await work();
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  return Promise.all(loads.map((load) => load.stop()));
}

/** Ids of answered POSTs that the application, which tells each as often as it counted it, did not count exactly once. */
export function miscounted(loads: readonly LoadResult[], told: readonly string[]): readonly string[] {
  const times = new Map<string, number>();
  for (const id of told) times.set(id, (times.get(id) ?? 0) + 1);
  return loads.flatMap(({ ids }) => ids).filter((id) => times.get(id) !== 1);
}

/** The application servers of `bench/images/servers`. */
export const SERVERS = ['unicorn', 'puma', 'gunicorn', 'node'] as const;

/** A stack of one application server behind haproxy, which is published at `port`. */
export interface Served {
  readonly folder: StackFolder;
  readonly stack: Loose;
  readonly app: Loose;
  readonly haproxy: Loose;
}

/** Writes haproxy's configuration beside the stack file and describes the stack; `changed` edits the configuration. */
export function served(
  folder: StackFolder,
  name: string,
  port: number,
  server: (typeof SERVERS)[number],
  changed: (config: string) => string = (config) => config,
): Served {
  const config = join(folder.folder, 'haproxy.cfg');
  writeFileSync(config, changed(readFileSync(join(ROOT, 'bench/haproxy.cfg'), 'utf8')));
  const app: Loose = {
    deploy: 'auto',
    image: 'stackc-example/servers:1',
    containers: 2,
    command: [server, '/var/lib/haproxy/socks/%{app_name}.sock'],
    socket: '/var/lib/haproxy/socks/%{app_name}.sock',
    volumes_from: ['socks', 'counted'],
    health: { path: '/ping' },
    stop_signal: server === 'unicorn' ? 'QUIT' : 'TERM',
    env: { GENERATION: '1' },
  };
  const haproxy: Loose = {
    deploy: 'auto',
    image: 'stackc-example/haproxy:1',
    depends_on: ['app'],
    // The application's own volume as well, so that two of its generations may live side by side.
    volumes_from: ['socks', 'counted'],
    volumes: [`${config}:/etc/haproxy/haproxy.cfg:ro`],
    ports: [`127.0.0.1:${port}:8080`],
    port: 8080,
    health: { path: '/ping' },
  };
  const stack = {
    name,
    deploy: {
      load: {
        data_volumes: [
          { socks: { volumes: ['/var/lib/haproxy/socks'] } },
          { counted: { volumes: ['/var/counted'] } },
        ],
        containers: [{ app }, { haproxy }],
      },
    },
  };
  return { folder, stack, app, haproxy };
}

/** The same over TCP: haproxy lists the first `listed` instances by name, and has its runtime socket in a data volume. */
export function servedOverTcp(
  folder: StackFolder,
  name: string,
  port: number,
  server: (typeof SERVERS)[number],
  changed: (config: string) => string = (config) => config,
  listed = 2,
): Served {
  const overTcp = (config: string) =>
    config
      .replace('/run/haproxy/admin.sock', '/var/lib/haproxy/socks/admin.sock')
      .replace(/unix@\S*\/(app\d)\.sock/g, '$1:3000')
      .replace(/.*server app(\d) .*\n/g, (line, index) => (Number(index) < listed ? line : ''));
  const made = served(folder, name, port, server, (config) => changed(overTcp(config)));
  Object.assign(made.app, { command: [server, '0.0.0.0:3000'], port: 3000, balancer: 'haproxy' });
  delete made.app['socket'];
  made.haproxy['links'] = Array.from({ length: listed }, (_, index) => `app${index}`);
  return made;
}

/** How the clients of a scene behave. */
export type Clients = Partial<Pick<LoadAsk, 'concurrency' | 'keepAlive' | 'paths'>>;

/** Clients that connect anew for each request, half of them POSTs. */
export const EACH_ANEW: Clients = { concurrency: 12 };
/** Clients that keep their connections. */
export const KEPT_ALIVE: Clients = { concurrency: 8, keepAlive: true };
/** Requests of seconds; few enough that a server with four workers in all still answers the balancer's own checks. */
export const SLOW: Clients = { concurrency: 2, paths: ['/slow/1.5', '/stream/2'] };

/** Some hundred requests a second from each kind of clients: they find every gap, and leave the cores to what is tested. */
const PACE_MS = 80;

/** One stack of its own under load: several live side by side. */
export class LoadScene {
  readonly folder = new StackFolder();
  readonly name: string;
  readonly port: number;
  readonly url: string;
  #runs = 0;

  private constructor(name: string, port: number) {
    this.name = name;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Does `work` in a scene of this name, and leaves nothing of it. */
  static async within(name: string, work: (scene: LoadScene) => Promise<void>): Promise<void> {
    const scene = await LoadScene.#begin(name);
    try {
      await work(scene);
    } finally {
      await scene.#end();
    }
  }

  /**
   * One scene for the tests of a suite, one after the other, each of which goes on from what is there: wraps a test. The one
   * after a test that failed begins anew.
   */
  static shared<T>(
    name: string,
    begin: (scene: LoadScene) => Promise<T>,
  ): (work: (made: T, scene: LoadScene) => Promise<void>) => () => Promise<void> {
    let standing: { readonly scene: LoadScene; made?: T } | null = null;
    const clear = async () => {
      const leaving = standing;
      standing = null;
      if (leaving !== null) await leaving.scene.#end();
    };
    afterAll(clear);
    return (work) => async () => {
      try {
        standing ??= { scene: await LoadScene.#begin(name) };
        standing.made ??= await begin(standing.scene);
        await work(standing.made, standing.scene);
      } catch (error) {
        await clear();
        throw error;
      }
    };
  }

  static async #begin(name: string): Promise<LoadScene> {
    await wipe(name);
    return new LoadScene(name, await freePort());
  }

  async #end(): Promise<void> {
    await wipe(this.name);
    this.folder.remove();
  }

  /** See {@link served}. */
  served(
    ...how: Parameters<typeof served> extends [unknown, unknown, unknown, ...infer Rest] ? Rest : never
  ): Served {
    return served(this.folder, this.name, this.port, ...how);
  }

  /** Applies the stack; nothing may go wrong, and no stop may have to be forced. */
  async apply({ stack }: Pick<Served, 'stack'>): Promise<Ran> {
    this.folder.write(stack);
    const ran = await this.folder.run(['apply', '--yes']);
    expect(ran.stderr + ran.stdout).not.toMatch(/✗|warning: it did not stop/);
    expect(ran.code, ran.stderr + ran.stdout).toBe(0);
    return ran;
  }

  /** Applies it and waits until the front door answers. */
  async up(made: Served): Promise<void> {
    await this.apply(made);
    await answers(this.url);
  }

  /** What each kind of clients saw while `work` was done, and a moment before and after. */
  async underLoad(kinds: readonly Clients[], work: () => Promise<unknown>): Promise<readonly LoadResult[]> {
    const loads = kinds.map((clients) => {
      this.#runs += 1;
      const prefix = `r${this.#runs}-`;
      const paths = ['/ping', '/count/'];
      const ask = { url: this.url, concurrency: 1, keepAlive: false, paths, pauseMs: PACE_MS, prefix };
      return startLoad({ ...ask, ...clients });
    });
    return whileAsked(loads, async () => {
      await pause(400);
      await work();
      await pause(400);
    });
  }

  /** Runs an apply and kills it as soon as it has said that the operation whose name begins so is done. */
  killedAfter(operation: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [PROGRAM, 'apply', '--yes', '--json'], {
        cwd: this.folder.folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      let output = '';
      child.stdout.on('data', (data: Buffer) => {
        output += data.toString();
        const isDone = rows(output).some(
          (line) => line.includes('"node-finished"') && line.includes(`"id":"${operation}`),
        );
        if (isDone) child.kill('SIGKILL');
      });
      child.on('close', (code, signal) => {
        if (signal === 'SIGKILL') resolve();
        else reject(new Error(`it ended with code ${code} before ${operation}: ${output.slice(-500)}`));
      });
    });
  }

  /** Nothing failed, and what was posted was counted once. */
  async expectNothingLost(loads: readonly LoadResult[]): Promise<void> {
    expect(loads.map(({ failures }) => failures)).toEqual(loads.map(() => ({})));
    expect(Math.min(...loads.map(({ sent }) => sent))).toBeGreaterThan(3);
    const counts = await counted(this.name);
    expect(loads.flatMap(({ ids }) => ids).length).toBeGreaterThan(40);
    expect(miscounted(loads, counts)).toEqual([]);
  }
}

/** Another value in its environment: the application is replaced. */
export function nextGeneration({ app }: Served): void {
  const env = app['env'] as Loose;
  env['GENERATION'] = String(Number(env['GENERATION']) + 1);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Every id that the application has counted, once for each time. */
export async function counted(name: string): Promise<readonly string[]> {
  const [container] = (await docker('ps', '-q', '--filter', `name=^${name}-load-app0$`)).split('\n');
  const text = await docker('exec', container ?? '', 'sh', '-c', 'cat /var/counted/ids 2>/dev/null || true');
  return text.split('\n').filter((id) => id !== '');
}

/** Waits until the front door answers. */
export async function answers(url: string): Promise<void> {
  await until(
    () =>
      fetch(`${url}/ping`).then(
        (answer) => answer.status,
        () => 0,
      ),
    (status) => status === 200,
  );
}
