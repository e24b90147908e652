// What the benches under load share: an engine with the images, a stack in a folder of its own, clients, bare calls.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { ensurePackages, ROOT, run } from '../scripts/install.mjs';

export const IMAGE = 'stackc-example/servers:1';
export const BALANCER = 'stackc-example/haproxy:1';
export const SOCKETS = '/var/lib/haproxy/socks';
const ENGINE = '/var/run/docker.sock';
const PROGRAM = join(ROOT, 'dist/stack.cjs');

/**
 * Builds the program, gets an engine with the images, and says what machine it is.
 * @param {readonly string[]} [more] images beside those of the servers and haproxy
 */
export async function prepare(more = []) {
  ensurePackages();
  run(process.execPath, ['scripts/build.mjs']);
  const { ensureEngine } = await import('../scripts/engine.mjs');
  const { ensureBase, ensureImages } = await import('../scripts/images.mjs');
  await ensureEngine();
  await ensureBase();
  await ensureImages(['servers', 'haproxy', ...more]);
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  console.log(`${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB\n`);
}

/**
 * @typedef {object} Next one version of the stack
 * @property {string} [server] of `bench/images/servers`; unicorn by default
 * @property {number} instances
 * @property {number} [batch]
 * @property {number} [surge]
 * @property {number} [boot] seconds that it takes to load the application; 0 by default
 */

/** A stack of application servers on sockets behind haproxy, which is published at `port`. */
export class Stage {
  folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
  file = join(this.folder, 'stack.json');
  generation = 0;

  /**
   * @param {string} name
   * @param {number} port
   */
  constructor(name, port) {
    this.name = name;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    copyFileSync(join(ROOT, 'bench/haproxy.cfg'), join(this.folder, 'haproxy.cfg'));
  }

  /** @param {Next} how writes the next version, which replaces every instance */
  next({ server = 'unicorn', instances, batch = 1, surge, boot = 0 }) {
    this.generation += 1;
    const app = {
      deploy: 'auto',
      image: IMAGE,
      containers: instances,
      command: [server, `${SOCKETS}/%{app_name}.sock`],
      socket: `${SOCKETS}/%{app_name}.sock`,
      volumes_from: ['socks', 'counted'],
      health: { path: '/ping' },
      stop_signal: server === 'unicorn' ? 'QUIT' : 'TERM',
      strategy: { batch, surge },
      env: { BOOT: String(boot), GENERATION: String(this.generation) },
    };
    const haproxy = {
      deploy: 'auto',
      image: BALANCER,
      depends_on: ['app'],
      // The application's own volume as well, so that two of its generations may live side by side.
      volumes_from: ['socks', 'counted'],
      volumes: [`${this.folder}/haproxy.cfg:/etc/haproxy/haproxy.cfg:ro`],
      ports: [`127.0.0.1:${this.port}:8080`],
      port: 8080,
      health: { path: '/ping' },
    };
    const volumes = [{ socks: { volumes: [SOCKETS] } }, { counted: { volumes: ['/var/counted'] } }];
    const load = { data_volumes: volumes, containers: [{ app }, { haproxy }] };
    writeFileSync(this.file, JSON.stringify({ name: this.name, monitor: 0, deploy: { load } }));
  }

  /**
   * Runs `stack` with the file as its first argument; throws when it fails.
   * @param {readonly string[]} args
   * @returns {string} standard output
   */
  stack([command = '', ...args]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, command, this.file, ...args], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    if (status === 0) return stdout;
    throw new Error(`stack ${command}: ${stderr.slice(-2000)}`);
  }

  /** `stack apply`, while other things go on in this process. */
  async apply() {
    const child = spawn(process.execPath, [PROGRAM, 'apply', this.file, '--yes'], { stdio: 'ignore' });
    const status = await new Promise((resolve) => child.on('close', resolve));
    if (status !== 0) throw new Error(`stack apply: ${status}`);
  }

  close() {
    try {
      this.stack(['destroy', '--volumes', '--yes']);
    } finally {
      rmSync(this.folder, { recursive: true });
    }
  }
}

/**
 * Clients in a process of their own, as `load.mjs` says.
 * @param {object} ask
 * @returns {{ stop(): Promise<Load> }}
 * @typedef {{ sent: number, failed: number, failures: Record<string, number>, ids: string[], p50: number, p99: number, slowest: number }} Load
 */
export function startLoad(ask) {
  const child = spawn(process.execPath, [join(ROOT, 'bench/load.mjs'), JSON.stringify(ask)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => child.on('close', resolve));
  return {
    stop: async () => {
      child.stdin.end();
      await ended;
      return JSON.parse(output);
    },
  };
}

/**
 * POSTs that were answered and that the application did not count exactly once.
 * @param {readonly Load[]} loads
 * @param {string} container one that mounts the volume of what is counted
 * @returns {number}
 */
export function miscounted(loads, container) {
  const args = ['run', '--rm', '--volumes-from', container, '--entrypoint', 'cat', IMAGE, '/var/counted/ids'];
  const { stdout } = spawnSync('docker', args, { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  /** @type {Map<string, number>} */
  const times = new Map();
  for (const id of stdout.split('\n')) times.set(id, (times.get(id) ?? 0) + 1);
  return loads.flatMap(({ ids }) => ids).filter((id) => times.get(id) !== 1).length;
}

/**
 * One bare call of the Engine API.
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
export function engine(method, path, body) {
  return new Promise((resolve, reject) => {
    const sending = request(
      { socketPath: ENGINE, method, path, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.on('data', (data) => (text += data));
        response.on('end', () => {
          if ((response.statusCode ?? 500) < 400) resolve(text === '' ? null : JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      },
    );
    sending.on('error', reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * @param {import('node:http').RequestOptions} where
 * @returns {Promise<boolean>} whether `/ping` gets a complete answer below 500 there
 */
export function answers(where) {
  return new Promise((resolve) => {
    const sending = request({ path: '/ping', agent: false, timeout: 2000, ...where }, (response) => {
      response.resume();
      response.on('error', () => resolve(false));
      response.on('end', () => resolve((response.statusCode ?? 500) < 500));
    });
    sending.on('timeout', () => sending.destroy());
    sending.on('error', () => resolve(false));
    sending.on('close', () => resolve(false));
    sending.end();
  });
}

/** @param {readonly number[]} values */
export function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
