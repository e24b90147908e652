import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { OwnEngine } from '../support/own-engine.ts';
import { startLoad, type LoadResult, miscounted, whileAsked } from '../support/load.ts';
import { rows, stack, StackFolder, unfolded, type Loose, type Ran } from '../support/stack-cli.ts';

// haproxy and nginx on a port of the host, two generations of them at a time. What the kernel does with the queue of a
// listener that closes is a setting of a network namespace: it takes an engine in one of its own.

const NAME = 'e2e-shared';
const PORT = 8080;
const url = `http://127.0.0.1:${PORT}`;
const engine = new OwnEngine('stackc-e2e-shared');
const folder = new StackFolder();

beforeAll(async () => {
  const agent = (await stack(['agent', 'build'])).stdout.trim();
  const images = ['haproxy:1', 'nginx:1', 'servers:1'].map((image) => `stackc-example/${image}`);
  await engine.make([...images, agent]);
}, 180_000);

afterEach(async () => {
  const ran = await run(['destroy', '--yes', '--volumes']);
  expect(ran.code, ran.stderr).toBe(0);
});

afterAll(async () => {
  await engine.remove();
  folder.remove();
}, 60_000);

const run = (args: readonly string[]): Promise<Ran> =>
  folder.run(args, { env: { DOCKER_HOST: engine.host } });

const HAPROXY = `global
  user haproxy
defaults
  mode http
  option http-server-close
  option idle-close-on-response
  timeout connect 2s
  timeout client 5s
  timeout http-keep-alive 2s
  timeout server 5s
frontend requests
  bind :${PORT}
  default_backend app
backend app
  server app0 unix@/var/lib/haproxy/socks/app0.sock
`;

const NGINX = `user www-data;
worker_processes 2;
error_log /dev/stderr warn;
events {}
http {
  access_log off;
  keepalive_timeout 0;
  upstream app { server unix:/var/lib/haproxy/socks/app0.sock max_fails=0; }
  server {
    listen ${PORT} reuseport;
    location / {
      proxy_http_version 1.1;
      proxy_set_header Connection close;
      proxy_read_timeout 5s;
      proxy_pass http://app;
    }
  }
}
`;

const PLACES = { haproxy: '/etc/haproxy/haproxy.cfg', nginx: '/etc/nginx/nginx.conf' } as const;
type Program = keyof typeof PLACES;

/** A server on a socket, and in front of it a balancer in the host's network; `front` changes that. */
class Scene {
  readonly front: Loose;
  readonly #program: Program;
  #generation = 0;

  constructor(program: Program, config: string, front: Loose = {}) {
    const file = join(folder.folder, `${program}.conf`);
    writeFileSync(file, config);
    this.#program = program;
    this.front = {
      deploy: 'auto',
      image: `stackc-example/${program}:1`,
      network: 'host',
      port: PORT,
      health: { path: '/ping' },
      startup_time: 15,
      volumes_from: ['socks'],
      volumes: [`${file}:${PLACES[program]}:ro`],
      strategy: { order: 'start-first' },
      ...front,
    };
  }

  /** The file says another generation from here on. */
  next(): void {
    this.#generation += 1;
    const app: Loose = {
      deploy: 'auto',
      image: 'stackc-example/servers:1',
      command: ['node', '/var/lib/haproxy/socks/%{app_name}.sock'],
      socket: '/var/lib/haproxy/socks/%{app_name}.sock',
      volumes_from: ['socks', 'counted'],
      health: { path: '/ping' },
    };
    const front = { ...this.front, env: { GENERATION: String(this.#generation) } };
    const data_volumes = [
      { socks: { volumes: ['/var/lib/haproxy/socks'] } },
      { counted: { volumes: ['/var/counted'] } },
    ];
    const containers = [{ app }, { [this.#program]: front }];
    folder.write({ name: NAME, deploy: { [NAME]: { data_volumes, containers } } });
  }

  /** As it is before the changes. */
  async up(): Promise<void> {
    this.next();
    await apply();
  }
}

async function apply(): Promise<string> {
  const ran = await run(['apply', '--yes']);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  return ran.stderr + ran.stdout;
}

async function replaced(scene: Scene, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    scene.next();
    await apply();
  }
}

/** What clients that connect anew and clients that keep their connections see meanwhile. */
async function underLoad(
  work: () => Promise<void>,
  { slow = [], pauseMs = 0 }: { readonly slow?: readonly string[]; readonly pauseMs?: number } = {},
): Promise<readonly LoadResult[]> {
  const asked = { url, paths: ['/ping', '/count/'], pauseMs };
  const loads = [
    startLoad({ ...asked, concurrency: 64, keepAlive: false, prefix: 'a' }, engine.entering),
    startLoad({ ...asked, concurrency: 16, keepAlive: true, prefix: 'k' }, engine.entering),
    ...slow.map((path) =>
      startLoad({ ...asked, paths: [path], concurrency: 4, keepAlive: false }, engine.entering),
    ),
  ];
  return whileAsked(loads, work);
}

const migrate = (value: 0 | 1) => engine.inside('sysctl', '-w', `net.ipv4.tcp_migrate_req=${value}`);

/** What the plan says. */
const plan = async () => unfolded((await run(['plan'])).stdout);

describe.each<[Program, string]>([
  ['haproxy', HAPROXY],
  ['nginx', NGINX],
])('%s', (program, config) => {
  test('replaced while both generations listen: nothing is lost where the kernel migrates', async () => {
    const scene = new Scene(program, config);
    await migrate(0);
    await scene.up();
    scene.next();
    expect(await plan()).toContain(
      'gap of an instant: what waits to be accepted by the old one when it stops is reset; avoid: `sysctl -w net.ipv4.tcp_migrate_req=1` on the host',
    );
    expect(await apply()).toContain('what waits to be accepted is reset when they close');
    await migrate(1);
    scene.next();
    expect(await plan()).toContain('zero downtime: both listen on port 8080 of the host');
    const loads = await underLoad(() => replaced(scene, 2), { slow: ['/slow/2', '/stream/5'] });
    process.stderr.write(`${JSON.stringify(loads.map(({ sent, failures }) => ({ sent, failures })))}\n`);
    expect(loads.map(({ failures }) => failures)).toEqual([{}, {}, {}, {}]);
    const counted = await engine.docker('exec', `${NAME}-app0`, 'cat', '/var/counted/ids');
    expect(miscounted(loads, rows(counted))).toEqual([]);
  }, 60_000);
});

describe('a new generation that cannot listen beside the old one', () => {
  test.each<[string, Program, string, Loose, string]>([
    [
      'the old one has not bound with `reuseport`',
      'nginx',
      NGINX.replace(' reuseport;', ';'),
      {},
      'fails its gate beside the old one: that has port 8080 for itself alone; `listen … reuseport`, and `stop-first` once',
    ],
    [
      'it runs as another user',
      'haproxy',
      HAPROXY.replace('  user haproxy\n', ''),
      { user: '65534' },
      'its user changes, and one user has port 8080',
    ],
  ])(
    '%s: the gate fails, the old one goes on',
    async (_, program, config, change, verdict) => {
      await migrate(1);
      const scene = new Scene(program, config);
      await scene.up();
      Object.assign(scene.front, change);
      scene.next();
      expect(await plan()).toContain(verdict);
      const before = await engine.docker('inspect', '-f', '{{.Id}}', `${NAME}-${program}0`);
      const fails = async () => {
        const ran = await run(['apply', '--yes']);
        expect(ran.code).toBe(1);
        expect(unfolded(ran.stderr + ran.stdout)).toContain(
          'nothing new listens on port 8080 of the host: both generations need `SO_REUSEPORT` and the same user, and haproxy no `-x`',
        );
      };
      // No listener closes that somebody could be queued at.
      const loads = await underLoad(fails, { pauseMs: 50 });
      expect(loads.map(({ failures }) => failures)).toEqual([{}, {}]);
      expect(await engine.docker('inspect', '-f', '{{.Id}} {{.State.Running}}', `${NAME}-${program}0`)).toBe(
        `${before} true`,
      );
    },
    60_000,
  );
});
