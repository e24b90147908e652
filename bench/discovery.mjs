// `npm run bench:discovery [-- quick]`: one unicorn behind an nginx that finds it through the engine's events, deployed again and
// again while the load test of the article runs, and the same by 32 clients who post. `bench/README.md` holds the last figures.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../scripts/install.mjs';
import { answers, IMAGE, prepare } from './stage.mjs';

const run = promisify(execFile);
const docker = async (/** @type {readonly string[]} */ ...args) => (await run('docker', args)).stdout.trim();
const NAME = 'bench-discovery';
const NETWORK = `${NAME}-proxied`;
const PORT = 18_184;
const HOST = 'shop.test';
const PROXY = 'stackc-example/discovery:1';
const AB = 'stackc-example/ab:1';
const QUICK = process.argv.includes('quick');
const SECONDS = QUICK ? 15 : 50;
const BODY_BYTES = 2000;

const folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
const body = join(folder, 'body');
writeFileSync(body, 'x'.repeat(BODY_BYTES));

/**
 * @typedef {object} Way
 * @property {string} name
 * @property {(generation: number) => Promise<unknown>} up
 * @property {(generation: number) => Promise<unknown>} deploy
 * @property {() => Promise<unknown>} down
 */

/** The words of ab beside those that the article has, and what they are. */
const CLIENTS = [
  { name: '`-c1`, GET', words: ['-c1'], path: '/ping' },
  {
    name: `\`-c32\`, POST of ${BODY_BYTES} bytes`,
    words: ['-c32', '-p/body', '-Ttext/plain'],
    path: '/count/ab',
  },
];

await prepare(['discovery', 'ab']);
console.log(`ab -l -s5000 -t${SECONDS} -n1000000 -H "Host: ${HOST}"\n`);
console.log('| way | clients | deploys | requests | failed | non-2xx | longest |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
try {
  for (const way of [stackApply(), script()]) await measure(way);
} finally {
  rmSync(folder, { recursive: true });
}

/** @param {Way} way */
async function measure(way) {
  let generation = 1;
  await docker('network', 'create', NETWORK);
  try {
    await way.up(generation);
    await until(() => answers({ host: '127.0.0.1', port: PORT, headers: { host: HOST } }));
    for (const { name, words, path } of CLIENTS) {
      const ab = apacheBench(words, path);
      let deploys = 0;
      await sleep(2000);
      // The last one ends before they do.
      for (let tookMs = 0, left = SECONDS - 4; left * 1000 > tookMs * 1.5; deploys += 1) {
        const startedAt = performance.now();
        await way.deploy((generation += 1));
        await sleep(2000);
        tookMs = performance.now() - startedAt;
        left -= tookMs / 1000;
      }
      const { requests, failed, refused, longestMs } = await ab;
      console.log(
        `| ${way.name} | ${name} | ${deploys} | ${requests} | ${failed} | ${refused} | ${longestMs} ms |`,
      );
    }
  } finally {
    await way.down();
    await docker('network', 'rm', NETWORK);
  }
}

/**
 * @param {readonly string[]} words
 * @param {string} path
 */
async function apacheBench(words, path) {
  const article = ['-l', '-s5000', `-t${SECONDS}`, '-n1000000', '-H', `Host: ${HOST}`];
  const where = ['--network=host', `--volume=${body}:/body:ro`];
  const url = `http://127.0.0.1:${PORT}${path}`;
  const text = await docker('run', '--rm', ...where, AB, ...article, ...words, url);
  const number = (/** @type {RegExp} */ pattern) => Number(pattern.exec(text)?.[1] ?? 0);
  return {
    requests: number(/^Complete requests: +(\d+)/m),
    failed: number(/^Failed requests: +(\d+)/m),
    refused: number(/^Non-2xx responses: +(\d+)/m),
    longestMs: number(/^ *100% +(\d+)/m),
  };
}

/** @returns {Way} */
function stackApply() {
  const file = join(folder, 'stack.json');
  const stack = (/** @type {readonly string[]} */ ...args) =>
    run(process.execPath, [join(ROOT, 'dist/stack.cjs'), args[0] ?? '', file, '--yes', ...args.slice(1)]);
  const apply = async (/** @type {number} */ generation) => {
    const app = {
      deploy: 'auto',
      image: IMAGE,
      command: ['unicorn', '0.0.0.0:3000'],
      port: 3000,
      networks: [NETWORK],
      health: { path: '/ping' },
      stop_signal: 'QUIT',
      env: environment(generation),
    };
    const proxy = {
      deploy: 'manual',
      image: PROXY,
      networks: [NETWORK],
      volumes: ['/var/run/docker.sock:/var/run/docker.sock'],
      ports: [`127.0.0.1:${PORT}:80`],
      port: 80,
      health: { path: '/', status: 503 },
    };
    const deploy = { front: { containers: [{ proxy }] }, shop: { containers: [{ app }] } };
    writeFileSync(file, JSON.stringify({ name: NAME, monitor: 0, deploy }));
    await stack('apply');
  };
  return { name: '`stack apply`', up: apply, deploy: apply, down: () => stack('destroy') };
}

/**
 * What the article's Capistrano script does: the new one beside the old one, until it answers, then the old one stops.
 * @returns {Way}
 */
function script() {
  const [current, fresh, proxy] = [`${NAME}-app`, `${NAME}-app-next`, `${NAME}-proxy`];
  const start = async (/** @type {string} */ name, /** @type {number} */ generation) => {
    const env = Object.entries(environment(generation)).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
    const how = ['--network', NETWORK, '--stop-signal', 'QUIT', ...env];
    await docker('run', '-d', '--name', name, ...how, IMAGE, 'unicorn', '0.0.0.0:3000');
    const format = `{{(index .NetworkSettings.Networks "${NETWORK}").IPAddress}}`;
    const host = await docker('inspect', '-f', format, name);
    await until(() => answers({ host, port: 3000 }));
  };
  return {
    name: 'the script’s way',
    up: async (generation) => {
      const published = ['-p', `127.0.0.1:${PORT}:80`, '-v', '/var/run/docker.sock:/var/run/docker.sock'];
      await docker('run', '-d', '--name', proxy, '--network', NETWORK, ...published, PROXY);
      await start(current, generation);
    },
    deploy: async (generation) => {
      await start(fresh, generation);
      await docker('stop', current);
      await docker('rm', current);
      await docker('rename', fresh, current);
    },
    down: () => docker('rm', '-fv', current, proxy),
  };
}

/**
 * @param {number} generation
 * @returns {Record<string, string>}
 */
function environment(generation) {
  return {
    VIRTUAL_HOST: HOST,
    VIRTUAL_PORT: '3000',
    COUNTED: '/dev/null',
    GENERATION: String(generation),
  };
}

/** @param {() => Promise<boolean>} holds */
async function until(holds) {
  while (!(await holds())) await sleep(50);
}
