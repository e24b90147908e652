// `npm run bench:agent [-- --jobs 1000 --minutes 3 --kills 20 --metrics]`: what the agent that runs a stack's jobs costs while it has nothing to do,
// how late jobs begin, and how fast those of one minute do, beside the same calls made by nobody but this; and how soon a dead instance
// serves again. 0 leaves a part out. `bench/README.md` holds the last figures.
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';

import { healing } from './healing.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '3' },
    containers: { type: 'string', default: '50' },
    kills: { type: 'string', default: '20' },
    metrics: { type: 'boolean', default: false },
  },
});
const JOBS = Number(values.jobs);
const MINUTES = Number(values.minutes);
const CONTAINERS = Number(values.containers);
const KILLS = Number(values.kills);
const STACK = 'bench-agent';
const AGENT = `${STACK}-agent-engine`;
const MINUTE_MS = 60_000;
/** With `--metrics` they are asked for as often as Prometheus does where nobody says otherwise. */
const METRICS_PORT = 29464;
const SCRAPE_MS = 15_000;
/** As many as the agent itself starts at the same time. */
const AT_ONCE = 6;

const SOCKET = '/var/run/docker.sock';
const image = execFileSync(process.execPath, ['dist/stack.cjs', 'agent', 'build'], {
  encoding: 'utf8',
}).trim();
clear();
try {
  console.log(`${cpus().length} cores (${cpus()[0]?.model}), ${CONTAINERS} containers on the engine`);
  if (MINUTES > 0 || JOBS > 0) await startAgent();
  if (MINUTES > 0) {
    await idle();
    await lateness();
  }
  if (JOBS > 0) await burst();
  clear();
  if (KILLS > 0) await healing({ image, containers: CONTAINERS, kills: KILLS, minutes: MINUTES });
} finally {
  clear();
}

/** What the agent costs that waits. */
async function idle() {
  await atMost(AT_ONCE, CONTAINERS, (n) =>
    start(`${STACK}-idle${n}`, { Entrypoint: ['sleep', '86400'], Labels: { [`io.stackc.stack`]: STACK } }),
  );
  await sleep(10_000);
  const pid = docker('inspect', '-f', '{{.State.Pid}}', AGENT);
  const before = processorMs(pid);
  const scraped = await spend(MINUTES * MINUTE_MS);
  const share = (processorMs(pid) - before) / (MINUTES * MINUTE_MS);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (/** @type {string} */ key) =>
    Math.round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  console.log(`idle, for ${MINUTES} min`);
  console.log(
    `  resident   ${mb('VmRSS')} MB (goal < 60), ${mb('RssFile')} of them files of Node that all agents share`,
  );
  console.log(`  processor  ${(share * 100).toFixed(2)} % of a core (goal < 0.5)`);
  if (scraped.length > 0) {
    const ms = scraped.map(({ tookMs }) => Math.round(tookMs)).sort((a, b) => a - b);
    const bytes = Math.max(...scraped.map((scrape) => scrape.bytes));
    console.log(
      `  metrics    scraped ${ms.length} times, in ${ms[ms.length >> 1]} ms (at most ${ms.at(-1)} ms), ${Math.ceil(bytes / 1024)} KB`,
    );
  }
}

/**
 * Lets time go by, and scrapes meanwhile if that is asked for.
 * @param {number} ms
 */
async function spend(ms) {
  const endMs = Date.now() + ms;
  const scraped = [];
  while (values.metrics && Date.now() + SCRAPE_MS < endMs) {
    const beganMs = performance.now();
    const text = await (await fetch(`http://127.0.0.1:${METRICS_PORT}/metrics`)).text();
    scraped.push({ tookMs: performance.now() - beganMs, bytes: text.length });
    await sleep(SCRAPE_MS);
  }
  await sleep(endMs - Date.now());
  return scraped;
}

/** How late a job of each minute is in its container. */
async function lateness() {
  const starts = watchStarts();
  await template('minutely', '* * * * *');
  await sleep((MINUTES + 1) * MINUTE_MS - (Date.now() % MINUTE_MS) + 10_000);
  await remove(`${STACK}-minutely.template`);
  const late = starts.stop().map(({ atMs }) => atMs % MINUTE_MS);
  console.log(`a job of each minute, ${late.length} times`);
  console.log(`  begins  ${late.map((ms) => `${Math.round(ms)} ms`).join(', ')} after its time (goal < 1 s)`);
}

/** Many jobs of one minute, and as many containers started by bare calls. */
async function burst() {
  const bare = Math.ceil(Math.min(JOBS, 400) / 2);
  const callBare = () =>
    timed(() =>
      atMost(AT_ONCE, bare, (n) => start(`${STACK}-bare${n}-${Date.now()}`, { Labels: { bench: STACK } })),
    );
  const beforeMs = await callBare();
  const firstRate = bare / (beforeMs / 1000);
  // Half the time of a start is its create; the agent looks at the templates before they are due.
  const madeMs = Date.now() + (JOBS / firstRate) * 1000 + 20_000;
  const due = new Date(Math.ceil(madeMs / MINUTE_MS) * MINUTE_MS);
  const dueMs = due.getTime();
  const line = `${due.getUTCMinutes()} ${due.getUTCHours()} * * *`;
  await atMost(AT_ONCE, JOBS, (n) => template(`job${n}`, line));
  if (Date.now() > dueMs - 2000) throw new Error('the templates took longer than there was time: try again');
  const starts = watchStarts();
  await sleep(dueMs - Date.now());
  while (starts.seen() < JOBS && Date.now() < dueMs + JOBS * 1000 + 60_000) await sleep(500);
  const seen = starts.stop();
  // The other half behind it: a machine whose speed drifts is the same for both.
  const bareRate = (2 * bare) / ((beforeMs + (await callBare())) / 1000);
  const lastMs = Math.max(...seen.map(({ atMs }) => atMs)) - dueMs;
  const rate = seen.length / (lastMs / 1000);
  console.log(`${JOBS} jobs of the same minute`);
  console.log(
    `  bare calls  ${bareRate.toFixed(2)} a second, ${AT_ONCE} at once, ${2 * bare} containers, half of them before and half behind`,
  );
  console.log(`  the agent   ${rate.toFixed(2)} a second, ${(rate / bareRate).toFixed(2)} × (goal ≥ 0.9)`);
  console.log(`  begun ${new Set(seen.map(({ name }) => name)).size} of ${JOBS}, ${seen.length} starts`);
}

/** @param {string} name @param {string} line */
async function template(name, line) {
  const job = {
    catchUp: false,
    jitterMs: 0,
    overlap: 'skip',
    schedule: [line],
    timeoutMs: null,
    timezone: 'UTC',
    version: 1,
  };
  await call('POST', `/containers/create?name=${STACK}-${name}.template`, {
    ...body(),
    Labels: {
      'io.stackc.stack': STACK,
      'io.stackc.application': STACK,
      'io.stackc.container': name,
      'io.stackc.generation': '1',
      'io.stackc.role': 'template',
      'io.stackc.job': JSON.stringify(job),
    },
  });
}

/** What is created: a container that ends at once. */
function body() {
  return { Image: image, Entrypoint: ['true'], HostConfig: { NetworkMode: 'none' } };
}

/** @param {string} name @param {object} more */
async function start(name, more) {
  const { Id } = await call('POST', `/containers/create?name=${name}`, { ...body(), ...more });
  await call('POST', `/containers/${Id}/start`);
}

/** @param {string} name */
async function remove(name) {
  await call('DELETE', `/containers/${name}?force=1`);
}

async function startAgent() {
  docker('volume', 'create', `${STACK}.journal`);
  const network = values.metrics
    ? `--network host -e STACKC_METRICS_LISTEN=127.0.0.1:${METRICS_PORT}`
    : '--network none';
  const words = [
    `run -d --name ${AGENT} ${network} --read-only --tmpfs /run/stackc -e STACKC_STACK=${STACK}`,
    `-v ${STACK}.journal:/stackc/journal -v ${SOCKET}:${SOCKET} --label io.stackc.stack=${STACK}`,
    // As `agentConfig` starts it.
    `-e MALLOC_ARENA_MAX=1 -e UV_THREADPOOL_SIZE=4`,
    `--entrypoint node ${image} --max-semi-space-size=1 /stackc/scheduler.mjs`,
  ];
  docker(...words.join(' ').split(' '));
}

/** By the engine's own clock. */
function watchStarts() {
  const filters = ['--filter', 'event=start', '--filter', `label=io.stackc.stack=${STACK}`];
  const child = spawn('docker', [
    'events',
    ...filters,
    '--format',
    '{{.TimeNano}} {{.Actor.Attributes.name}}',
  ]);
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  const rows = () => text.split('\n').filter((line) => line.includes('.run.'));
  return {
    seen: () => rows().length,
    stop: () => {
      child.kill();
      return rows().map((row) => {
        const [nanos = '', name = ''] = row.split(' ');
        return { atMs: Number(nanos.slice(0, -6)), name };
      });
    },
  };
}

/** @param {string} pid of all of its threads, user and system */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** @param {number} most @param {number} count @param {(n: number) => Promise<void>} work */
async function atMost(most, count, work) {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: most }, worker));
}

/** @param {() => Promise<void>} work */
async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** @param {string} method @param {string} path @param {object} [content] @returns {Promise<{ Id: string }>} */
function call(method, path, content) {
  return new Promise((resolve, reject) => {
    const text = content === undefined ? '' : JSON.stringify(content);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request({ socketPath: SOCKET, method, path: `/v1.41${path}`, headers }, (answer) => {
      let said = '';
      answer.on('data', (data) => (said += data));
      answer.on('end', () => {
        if ((answer.statusCode ?? 500) >= 400) reject(new Error(`${method} ${path}: ${said}`));
        else resolve(said === '' ? { Id: '' } : JSON.parse(said));
      });
    });
    asked.on('error', reject);
    asked.end(text);
  });
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}

/** @param {readonly string[]} args */
function docker(...args) {
  return execFileSync('docker', args, { encoding: 'utf8' }).trim();
}

function clear() {
  const ids = [`label=io.stackc.stack=${STACK}`, `label=bench=${STACK}`].flatMap((filter) =>
    docker('ps', '-aq', '--filter', filter).split('\n').filter(Boolean),
  );
  for (let at = 0; at < ids.length; at += 50) docker('rm', '-f', ...ids.slice(at, at + 50));
  try {
    docker('volume', 'rm', `${STACK}.journal`);
  } catch {
    // There is none.
  }
}
