// A part of `npm run bench:agent`: what it costs to watch over a stack, and how soon a dead instance serves again.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const STACK = 'bench-healing';
const AGENT = `${STACK}-agent-engine`;
const PORT = 3000;
/** After its own start the agent leaves it to the engine for 15 s. */
const GRACE_MS = 17_000;
const LIMIT_MS = 60_000;

/** As small a server as there is in the agent's image: it answers each request with 200. */
const SERVER = [
  'perl',
  '-MIO::Socket::INET',
  '-e',
  `$SIG{TERM}=sub{exit};$s=IO::Socket::INET->new(Listen=>64,LocalPort=>${PORT},ReuseAddr=>1)or die$!;` +
    String.raw`while(1){$c=$s->accept or next;while(<$c>){last if/^\r?\n$/}` +
    String.raw`print$c "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";close$c}`,
];

/**
 * @typedef {object} Part
 * @property {string} image has Perl
 * @property {number} containers that are watched over
 * @property {number} kills instances that die, one after the other
 * @property {number} minutes for which the agent is left alone; 0: not at all
 */

/** @param {Part} part */
export async function healing({ image, containers, kills, minutes }) {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
  try {
    apply(folder, image, containers);
    await sleep(GRACE_MS);
    if (minutes > 0) await watched(containers, minutes);
    await deaths(image, containers, kills);
  } finally {
    spawnSync(process.execPath, ['dist/stack.cjs', 'destroy', '--name', STACK, '--yes', '--volumes']);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} image @param {number} containers */
function apply(folder, image, containers) {
  const app = {
    deploy: 'auto',
    image,
    containers,
    entrypoint: SERVER,
    port: PORT,
    health: { path: '/' },
    stop_timeout: 1,
  };
  const file = join(folder, 'stack.json');
  const deploy = { [STACK]: { containers: [{ app }] } };
  writeFileSync(file, JSON.stringify({ name: STACK, heal: true, monitor: 0, deploy }));
  execFileSync(process.execPath, ['dist/stack.cjs', 'apply', file, '--yes'], { stdio: 'pipe' });
}

/** What the agent costs that watches, and asks each of them every ten seconds. @param {number} containers @param {number} minutes */
async function watched(containers, minutes) {
  const pid = docker('inspect', '-f', '{{.State.Pid}}', AGENT);
  const before = processorMs(pid);
  await sleep(minutes * 60_000);
  const share = (processorMs(pid) - before) / (minutes * 60_000);
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  console.log(`watches over ${containers} containers, and asks each over HTTP, for ${minutes} min`);
  console.log(`  resident   ${Math.round(Number(resident) / 1024)} MB (goal < 60)`);
  console.log(`  processor  ${(share * 100).toFixed(2)} % of a core (goal < 0.5)`);
}

/** @param {string} image @param {number} containers @param {number} kills */
async function deaths(image, containers, kills) {
  /** @type {number[]} */
  const own = [];
  /** @type {number[]} */
  const seen = [];
  /** @type {number[]} */
  const serving = [];
  for (let at = 0; at < kills; at += 1) {
    // Turn by turn: a machine that is busy for a while is so for both.
    own.push(await ownStart(image));
    const instance = `app${at % containers}`;
    const name = `${STACK}-${instance}`;
    const diesMs = Date.now();
    if (at % 2 === 0) docker('kill', name);
    else docker('rm', '-f', name);
    await untilServing(name, diesMs);
    serving.push(Date.now() - diesMs);
    seen.push(await healedAt(instance, diesMs));
  }
  const beyond = serving.map((ms, at) => ms - (own[at] ?? 0));
  console.log(`${kills} instances die, every other one is removed (load ${loadavg()[0]?.toFixed(1)})`);
  console.log(`  own start      ${words(own)}, to the first answer, by bare calls`);
  console.log(`  acted on       ${words(seen)} after its end (goal 1 s; half a second of it is waited)`);
  console.log(`  serving again  ${words(serving)} after its end`);
  console.log(`  beyond its own start  ${words(beyond)} (goal 3 s)`);
}

/** How long the same container takes from its create to its first answer. @param {string} image */
async function ownStart(image) {
  const name = `${STACK}.own`;
  const [entrypoint = '', ...command] = SERVER;
  const startedMs = Date.now();
  docker('run', '-d', '--name', name, '--network', STACK, '--entrypoint', entrypoint, image, ...command);
  await untilServing(name, startedMs);
  const ms = Date.now() - startedMs;
  docker('rm', '-f', name);
  return ms;
}

/** @param {string} name @param {number} sinceMs */
async function untilServing(name, sinceMs) {
  for (;;) {
    if (await answers(address(name))) return;
    if (Date.now() > sinceMs + LIMIT_MS)
      throw new Error(`${name} does not serve within ${LIMIT_MS / 1000} s`);
    await sleep(20);
  }
}

/** Of one that runs; empty for any other. @param {string} name */
function address(name) {
  const format = '{{if .State.Running}}{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}{{end}}';
  const found = spawnSync('docker', ['inspect', '-f', format, name], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : '';
}

/** @param {string} host @returns {Promise<boolean>} */
function answers(host) {
  if (host === '') return Promise.resolve(false);
  return new Promise((resolve) => {
    const asked = request({ host, port: PORT, timeout: 1000 }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode === 200));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}

/** When the agent has said that it heals this one, after it died. @param {string} instance @param {number} diesMs */
async function healedAt(instance, diesMs) {
  const since = new Date(diesMs).toISOString();
  for (let tries = 0; tries < 50; tries += 1) {
    const { stdout } = spawnSync('docker', ['logs', '-t', '--since', since, AGENT], { encoding: 'utf8' });
    const line = stdout.split('\n').find((each) => each.includes(`healing ${STACK}/${instance} `));
    if (line !== undefined) return Date.parse(line.split(' ')[0] ?? '') - diesMs;
    await sleep(100);
  }
  throw new Error(`the agent says nothing of ${instance}`);
}

/** @param {readonly number[]} all */
function words(all) {
  const sorted = [...all].sort((a, b) => a - b);
  const seconds = (/** @type {number} */ ms) => `${(ms / 1000).toFixed(2)} s`;
  return `${seconds(sorted[Math.floor(sorted.length / 2)] ?? 0)} (slowest ${seconds(sorted.at(-1) ?? 0)})`;
}

/** @param {string} pid of all of its threads, user and system */
function processorMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** @param {readonly string[]} args */
function docker(...args) {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}
