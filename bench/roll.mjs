// `npm run bench:roll [-- quick]`: what replacing four instances costs beside starting four containers by bare calls, and
// what the clients see of it. `bench/README.md` holds the last figures.
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensurePackages, ROOT, run } from '../scripts/install.mjs';

const ROUNDS = process.argv.includes('quick') ? 1 : 5;
const NAME = 'bench-roll';
const PORT = 18_180;
const URL = `http://127.0.0.1:${PORT}`;
const INSTANCES = 4;
const IMAGE = 'stackc-example/servers:1';
const ENGINE = '/var/run/docker.sock';
const SOCKETS = '/var/lib/haproxy/socks';
const PROGRAM = join(ROOT, 'dist/stack.cjs');
const folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
const file = join(folder, 'stack.json');

ensurePackages();
run(process.execPath, ['scripts/build.mjs']);
const { ensureEngine } = await import('../scripts/engine.mjs');
const { ensureBase, ensureImages } = await import('../scripts/images.mjs');
await ensureEngine();
await ensureBase();
await ensureImages(['servers', 'haproxy']);

let generation = 0;
console.log(
  `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB; medians of ${ROUNDS}, in turn\n`,
);
try {
  copyFileSync(join(ROOT, 'bench/haproxy.cfg'), join(folder, 'haproxy.cfg'));
  for (const boot of [0.3, 3]) await rolls(boot);
  await underLoad();
} finally {
  stack(['destroy', '--volumes', '--yes']);
  rmSync(folder, { recursive: true });
}

/** @param {number} boot seconds that unicorn takes to load the application */
async function rolls(boot) {
  /** @type {{ one: number[], all: number[], bare: number[], slowest: number[] }} */
  const times = { one: [], all: [], bare: [], slowest: [] };
  next({ boot, batch: 1 });
  stack(['apply', '--yes']);
  for (let round = 0; round < ROUNDS; round++) {
    next({ boot, batch: 1 });
    times.one.push(wall(() => stack(['apply', '--yes'])));
    next({ boot, batch: INSTANCES });
    times.all.push(wall(() => stack(['apply', '--yes'])));
    const each = await bareCalls(boot);
    times.bare.push(each.reduce((sum, one) => sum + one, 0));
    times.slowest.push(Math.max(...each));
  }
  console.log(`unicorn that boots in ${boot} s, ${INSTANCES} instances`);
  report('  one by one', times.one, times.bare, 'create, start and probe, bare calls one by one', 1.15);
  report(`  batch ${INSTANCES}   `, times.all, times.slowest, 'the slowest of these', 1.25);
  console.log();
}

/**
 * @param {string} what
 * @param {readonly number[]} ours
 * @param {readonly number[]} theirs
 * @param {string} beside
 * @param {number} goal
 */
function report(what, ours, theirs, beside, goal) {
  const [a, b] = [median(ours), median(theirs)];
  console.log(
    `${what}   ${seconds(a)}   beside ${seconds(b)} (${beside})   ratio ${(a / b).toFixed(2)} (goal ≤ ${goal})`,
  );
}

/** Four rolls in a row at half of what the stack can do: the times before and during, and what failed. */
async function underLoad() {
  next({ boot: 0.3, batch: 1 });
  stack(['apply', '--yes']);
  await sleep(2000);
  const most = await saturation();
  const rate = Math.min(1000, Math.round(most / 2));
  console.log(
    `under load: ${rate} requests a second, half of the ${Math.round(most)} that 32 clients get answered`,
  );
  for (let round = 0; round < ROUNDS; round++) {
    next({ boot: 0.3, batch: 1 });
    const lines = stack(['apply', '--yes', '--json', '--prove', `${URL}/ping`, '--prove-rate', String(rate)])
      .trimEnd()
      .split('\n');
    const { phases, total } = JSON.parse(lines.at(-1) ?? '');
    const [before, during] = [phases.before.p99_ms, phases.during.p99_ms];
    console.log(
      `  ${total.sent} requests, ${total.failed} failed; p99 ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms during: ratio ${(during / before).toFixed(2)} (goal ≤ 1.5)`,
    );
  }
}

/** @returns {Promise<number>} requests a second that 32 clients get answered */
async function saturation() {
  const ask = { url: URL, concurrency: 32, keepAlive: true, paths: ['/ping'] };
  const child = spawn(process.execPath, [join(ROOT, 'bench/load.mjs'), JSON.stringify(ask)]);
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const startedAt = performance.now();
  await sleep(3000);
  const took = performance.now() - startedAt;
  child.stdin.end();
  await new Promise((resolve) => child.on('close', resolve));
  return (JSON.parse(output).sent / took) * 1000;
}

/** @param {{ boot: number, batch: number }} how writes the next version of the stack */
function next({ boot, batch }) {
  generation += 1;
  const app = {
    deploy: 'auto',
    image: IMAGE,
    containers: INSTANCES,
    command: ['unicorn', `${SOCKETS}/%{app_name}.sock`],
    socket: `${SOCKETS}/%{app_name}.sock`,
    volumes_from: ['socks'],
    health: { path: '/ping' },
    stop_signal: 'QUIT',
    strategy: { batch },
    env: { BOOT: String(boot), GENERATION: String(generation) },
  };
  const haproxy = {
    deploy: 'auto',
    image: 'stackc-example/haproxy:1',
    depends_on: ['app'],
    volumes_from: ['socks'],
    volumes: [`${folder}/haproxy.cfg:/etc/haproxy/haproxy.cfg:ro`],
    ports: [`127.0.0.1:${PORT}:8080`],
    port: 8080,
    health: { path: '/ping' },
  };
  const load = { data_volumes: [{ socks: { volumes: [SOCKETS] } }], containers: [{ app }, { haproxy }] };
  writeFileSync(file, JSON.stringify({ name: NAME, deploy: { load } }));
}

/**
 * The same containers by bare calls of the Engine API, one after the other, each until it has answered twice.
 * @param {number} boot
 * @returns {Promise<number[]>} milliseconds for each
 */
async function bareCalls(boot) {
  const volume = `${NAME}-bare`;
  await engine('POST', '/volumes/create', { Name: volume });
  const { Mountpoint: mountpoint } = await engine('GET', `/volumes/${volume}`);
  const times = [];
  const ids = [];
  try {
    for (let i = 0; i < INSTANCES; i++) {
      const startedAt = performance.now();
      const { Id: id } = await engine('POST', `/containers/create?name=${NAME}-bare-${i}`, {
        Image: IMAGE,
        Cmd: ['unicorn', `${SOCKETS}/app${i}.sock`],
        Env: [`BOOT=${boot}`],
        HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: SOCKETS }] },
      });
      ids.push(id);
      await engine('POST', `/containers/${id}/start`);
      for (let good = 0; good < 2; ) {
        good = (await answers(`${mountpoint}/app${i}.sock`)) ? good + 1 : 0;
        if (good < 2) await sleep(25);
      }
      times.push(performance.now() - startedAt);
    }
  } finally {
    for (const id of ids) await engine('DELETE', `/containers/${id}?force=true`);
    await engine('DELETE', `/volumes/${volume}`);
  }
  return times;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>}
 */
function engine(method, path, body) {
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
 * @param {string} socketPath
 * @returns {Promise<boolean>} whether it gives a complete answer below 500
 */
function answers(socketPath) {
  return new Promise((resolve) => {
    const sending = request({ socketPath, path: '/ping', agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve((response.statusCode ?? 500) < 500));
    });
    sending.on('error', () => resolve(false));
    sending.end();
  });
}

/**
 * @param {readonly string[]} args
 * @returns {string} standard output
 */
function stack([command = '', ...args]) {
  const ran = spawnSync(process.execPath, [PROGRAM, command, file, ...args], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status === 0) return ran.stdout;
  throw new Error(`stack ${command}: ${ran.stderr.slice(-2000)}`);
}

/** @param {() => unknown} work */
function wall(work) {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** @param {readonly number[]} values */
function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

/** @param {number} ms */
function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}
