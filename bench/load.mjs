/**
 * HTTP load from clients that never retry: `node bench/load.mjs '{"url":…}'`, a process of its own. It runs until it is told
 * to stop by the end of its input, and prints one JSON line: {@link Load}.
 */
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';

/**
 * @typedef {object} Ask
 * @property {string} url the front door, `http://127.0.0.1:8080`
 * @property {number} concurrency clients at the same time, each with one request under way
 * @property {boolean} keepAlive whether clients keep their connections
 * @property {readonly string[]} paths asked in turn; `/count/` becomes a POST with a body and an id of its own
 * @property {number} [bodyBytes] of a POST; 200 by default
 * @property {number} [pauseMs] between two requests of one client, and at most before its first; 0 by default
 * @property {number} [uploadMs] how long the body of a POST takes to be sent; 0 by default
 * @property {number} [latencyMs] how long each packet is on its way, in each direction; 0 by default
 * @property {string} [prefix] of the ids
 * @typedef {object} Load
 * @property {number} sent
 * @property {number} failed no answer, half an answer, or a status of 500 and more
 * @property {Readonly<Record<string, number>>} failures by what they were
 * @property {readonly string[]} ids of the POSTs that were answered
 * @property {number} p50 milliseconds
 * @property {number} p99
 * @property {number} slowest
 * @property {number} stretch milliseconds of the longest stretch in which clients were not served: a request is *bad* when
 *   it failed, or took {@link STALL_MS} longer than its path asks for; bad requests that overlap, or follow each other
 *   within {@link JOIN_MS}, are one stretch, from the start of the first to the end of the last
 * @property {number} failing the same of failed requests alone
 * @property {number | null} sinceBad milliseconds from the end of the last bad request to the end of all; null: none was
 */

const TIMEOUT_MS = 60_000;
const STALL_MS = 500;
const JOIN_MS = 250;

/** @type {Ask} */
const ask = JSON.parse(process.argv[2] ?? '');
const { hostname, port } = ask.latencyMs ? await farAway(new URL(ask.url), ask.latencyMs) : new URL(ask.url);
/** @type {number[]} */
const times = [];
/** @type {Record<string, number>} */
const failures = {};
/** @type {string[]} */
const ids = [];
/** @typedef {{ readonly from: number, readonly to: number, readonly failed: boolean }} Bad */
/** @type {Bad[]} */
const bad = [];
let sent = 0;
const state = { isGoing: true };

/**
 * @param {import('node:http').RequestOptions['agent']} agent
 * @param {string} path
 * @returns {Promise<void>} when it is answered to the end, or has failed
 */
function once(agent, path) {
  sent += 1;
  const isPost = path === '/count/';
  const id = `${ask.prefix ?? 'r'}${sent}`;
  const body = isPost ? 'x'.repeat(ask.bodyBytes ?? 200) : '';
  const startedAt = performance.now();
  return new Promise((resolve) => {
    let settled = false;
    const settle = (/** @type {string | null} */ failure) => {
      if (settled) return;
      settled = true;
      const now = performance.now();
      if (failure !== null || now - startedAt > expectedMs(path) + STALL_MS)
        bad.push({ from: startedAt, to: now, failed: failure !== null });
      if (failure === null) {
        times.push(performance.now() - startedAt);
        if (isPost) ids.push(id);
      } else failures[failure] = (failures[failure] ?? 0) + 1;
      resolve();
    };
    const sending = request(
      {
        hostname,
        port,
        agent,
        path: isPost ? `${path}${id}` : path,
        method: isPost ? 'POST' : 'GET',
        headers: isPost ? { 'content-length': body.length } : {},
        timeout: TIMEOUT_MS,
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('error', (error) => settle(codeOf(error)));
        response.on('end', () => {
          const { statusCode = 0 } = response;
          if (statusCode >= 400) settle(`status ${statusCode}`);
          else if (isPost && text !== `${id} ${body.length}\n`) settle('another answer');
          else settle(null);
        });
        response.on('close', () => settle('half an answer'));
      },
    );
    sending.on('timeout', () => sending.destroy(new Error('timeout')));
    sending.on('error', (error) => settle(codeOf(error)));
    if (!isPost || !ask.uploadMs) sending.end(body);
    else {
      sending.write(body.slice(1));
      setTimeout(() => sending.end(body.slice(0, 1)), ask.uploadMs);
    }
  });
}

/**
 * What a path asks for: `/slow/1.5` and `/stream/2` take that many seconds, a POST as long as its body.
 * @param {string} path
 */
function expectedMs(path) {
  if (path === '/count/') return ask.uploadMs ?? 0;
  return Number(/^\/(?:slow|stream)\/([\d.]+)/.exec(path)?.[1] ?? 0) * 1000;
}

/** @param {Bad[]} spans */
function longestStretch(spans) {
  let longest = 0;
  let from = 0;
  let to = Number.NEGATIVE_INFINITY;
  for (const span of spans.sort((a, b) => a.from - b.from)) {
    if (span.from > to + JOIN_MS) from = span.from;
    to = Math.max(to, span.to);
    longest = Math.max(longest, to - from);
  }
  return Math.round(longest);
}

/** @param {Error & { code?: string }} error */
function codeOf(error) {
  return error.code ?? error.message;
}

/**
 * The same server from further away: what either side sends, its end too, gets to the other one that much later.
 * @param {URL} url
 * @param {number} latencyMs
 * @returns {Promise<{ hostname: string, port: number }>}
 */
async function farAway(url, latencyMs) {
  const relay = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: url.hostname, port: Number(url.port), allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      from.setNoDelay(true);
      from.on('data', (data) => setTimeout(() => to.write(data), latencyMs));
      from.on('end', () => setTimeout(() => to.end(), latencyMs));
      from.on('error', () => setTimeout(() => to.resetAndDestroy(), latencyMs));
    }
  });
  await new Promise((resolve) => relay.listen(0, '127.0.0.1', () => resolve(null)));
  const address = relay.address();
  return { hostname: '127.0.0.1', port: address !== null && typeof address === 'object' ? address.port : 0 };
}

async function client() {
  const agent = ask.keepAlive ? new Agent({ keepAlive: true, maxSockets: 1 }) : false;
  if (ask.pauseMs) await new Promise((resolve) => setTimeout(resolve, Math.random() * ask.pauseMs));
  for (let turn = Math.floor(Math.random() * ask.paths.length); state.isGoing; turn++) {
    await once(agent, ask.paths[turn % ask.paths.length] ?? '/');
    if (ask.pauseMs) await new Promise((resolve) => setTimeout(resolve, ask.pauseMs));
  }
  if (agent) agent.destroy();
}

process.stdin.on('end', () => (state.isGoing = false));
process.stdin.resume();
await Promise.all(Array.from({ length: ask.concurrency }, client));
times.sort((a, b) => a - b);
const at = (/** @type {number} */ share) =>
  Math.round((times[Math.floor(times.length * share)] ?? 0) * 10) / 10;
const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
const result = {
  sent,
  failed,
  failures,
  ids,
  p50: at(0.5),
  p99: at(0.99),
  slowest: at(1 - 1 / times.length),
  stretch: longestStretch(bad),
  failing: longestStretch(bad.filter((span) => span.failed)),
  sinceBad: bad.length === 0 ? null : Math.round(performance.now() - Math.max(...bad.map(({ to }) => to))),
};
// What is written to a pipe is on its way for a while; connections that are kept would hold the process up.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
