import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { docker, ROOT, until, type Loose, type StackFolder } from './stack-cli.ts';

/** What `bench/load.mjs` prints. */
export interface LoadResult {
  readonly sent: number;
  readonly failed: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly ids: readonly string[];
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
}

/** How the clients behave; see `bench/load.mjs`. */
export interface LoadAsk {
  readonly url: string;
  readonly concurrency: number;
  readonly keepAlive: boolean;
  readonly paths: readonly string[];
  readonly prefix?: string;
}

/** Starts clients that never retry; `stop` lets them finish what is under way and tells what came of it. */
export function startLoad(ask: LoadAsk): { stop(): Promise<LoadResult> } {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [
    join(ROOT, 'bench/load.mjs'),
    JSON.stringify(ask),
  ]);
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

/** The application servers of `bench/images/servers`. */
export const SERVERS = ['unicorn', 'puma', 'gunicorn', 'node'] as const;

/** A stack of one application server behind haproxy, which is published at `port`. */
export interface Served {
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
  return { stack, app, haproxy };
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
