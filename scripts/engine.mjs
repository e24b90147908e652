/**
 * A Docker Engine to work with: the one that is there, or one that is installed and started.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const SOCKET = '/var/run/docker.sock';
const DAEMON_PID_FILE = '/var/run/docker.pid';
const PID_FILES = [
  { path: DAEMON_PID_FILE, program: 'dockerd' },
  { path: '/var/run/docker/containerd/containerd.pid', program: 'containerd' },
];
const ANSWER_MS = 5_000;
const START_MS = 60_000;
/** After dockerd gave up without another one running: time for a last answer. */
const GONE_MS = 1_000;

/**
 * @typedef {(line: string) => void} Log
 * @typedef {{ version: string, apiVersion: string }} Answer
 * @typedef {object} EngineAddress
 * @property {string} host the address, as DOCKER_HOST takes it
 * @property {string} source what named it, for messages
 * @property {boolean} named whether someone chose it; the default socket nobody chose
 * @typedef {object} Engine
 * @property {string} host the address, as DOCKER_HOST takes it
 * @property {string} version
 * @property {string} apiVersion
 * @property {boolean} started whether this call started it
 * @property {string | undefined} log where a dockerd started by this call writes
 */

/**
 * Gives an engine that answers, with the `docker` command to talk to it; installs and starts one where there is
 * none, which takes root and Debian or Ubuntu. Throws an Error of one sentence when there can be none.
 *
 * @param {{ log?: Log }} [options]
 * @returns {Promise<Engine>}
 */
export async function ensureEngine({ log = logToStderr } = {}) {
  const address = engineAddress();
  if (!address.host.startsWith('unix://') && !hasCommand('docker')) {
    installPackages(clientPackages(), 'the docker command', log);
  }
  const running = await ping(address.host);
  if (running) {
    if (!hasCommand('docker')) installPackages(clientPackages(), 'the docker command', log);
    return { host: address.host, ...running, started: false, log: undefined };
  }
  if (address.named) {
    throw new Error(`the Docker Engine at ${address.host}, which ${address.source} names, does not answer`);
  }
  installEngine(log);
  return startEngine(address.host, log);
}

/**
 * Which engine is meant, in the order of docker's own command: DOCKER_HOST, DOCKER_CONTEXT, the current context,
 * the default socket.
 *
 * @returns {EngineAddress}
 */
export function engineAddress() {
  const host = process.env['DOCKER_HOST'];
  if (host) return { host, source: 'DOCKER_HOST', named: true };
  const fallback = { host: `unix://${SOCKET}`, source: 'the default', named: false };
  if (!hasCommand('docker')) return fallback;
  const context = spawnSync(
    'docker',
    ['context', 'inspect', '--format', '{{.Name}} {{.Endpoints.docker.Host}}'],
    {
      encoding: 'utf8',
    },
  );
  if (context.status !== 0) {
    const named = process.env['DOCKER_CONTEXT'];
    if (named)
      throw new Error(`DOCKER_CONTEXT names the Docker context ${named}, which docker does not know`);
    return fallback;
  }
  const [name = 'default', endpoint = fallback.host] = context.stdout.trim().split(' ');
  if (name === 'default') return fallback;
  return { host: endpoint, source: `the Docker context ${name}`, named: true };
}

/**
 * Asks an engine for its version: over its unix socket itself, otherwise through the `docker` command.
 *
 * @param {string} host as DOCKER_HOST takes it
 * @returns {Promise<Answer | undefined>} undefined when it does not answer in 5 s
 */
export async function ping(host) {
  if (host.startsWith('unix://')) return pingSocket(host.slice('unix://'.length));
  const answer = spawnSync('docker', ['version', '--format', '{{.Server.Version}} {{.Server.APIVersion}}'], {
    encoding: 'utf8',
    timeout: 4 * ANSWER_MS,
    env: { ...process.env, DOCKER_HOST: host },
  });
  const [version, apiVersion] = answer.stdout?.trim().split(' ') ?? [];
  return answer.status === 0 && version && apiVersion ? { version, apiVersion } : undefined;
}

/**
 * @param {string} socketPath
 * @returns {Promise<Answer | undefined>}
 */
function pingSocket(socketPath) {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/version', timeout: ANSWER_MS }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (/** @type {string} */ chunk) => {
        body += chunk;
      });
      answer.on('error', () => resolve(undefined));
      answer.on('end', () => resolve(answer.statusCode === 200 ? versionIn(body) : undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
    asked.on('close', () => resolve(undefined));
    asked.end();
  });
}

/**
 * @param {string} body the answer to `GET /version`
 * @returns {Answer | undefined}
 */
function versionIn(body) {
  try {
    const { Version, ApiVersion } = JSON.parse(body);
    return { version: String(Version), apiVersion: String(ApiVersion) };
  } catch {
    return undefined;
  }
}

/** @param {Log} log */
function installEngine(log) {
  const needed = [
    ...(hasCommand('dockerd') ? [] : ['docker.io']),
    ...(hasCommand('iptables') ? [] : ['iptables']),
    ...(hasCommand('docker') ? [] : clientPackages()),
  ];
  const missing = [...new Set(needed)];
  if (missing.length > 0) installPackages(missing, 'Docker Engine', log);
  else if (!isRoot())
    throw new Error('Docker Engine is installed but does not run, and only root can start it');
}

/**
 * Installs distribution packages, on Debian and Ubuntu as root; otherwise throws what to install.
 *
 * @param {readonly string[]} packages
 * @param {string} purpose what they bring, for messages
 * @param {Log} log
 */
export function installPackages(packages, purpose, log) {
  if (packages.length === 0) return;
  if (!isDebian()) {
    throw new Error(`${purpose} is needed: install it as your system does and make sure that it answers`);
  }
  if (!isRoot())
    throw new Error(`${purpose} is needed: run \`apt-get install ${packages.join(' ')}\` as root`);
  log(`installing ${packages.join(', ')} for ${purpose}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [
    ['update', '-q'],
    ['install', '-q', '-y', '-o', 'DPkg::Lock::Timeout=120', '--no-install-recommends', ...packages],
  ]) {
    const run = spawnSync('apt-get', args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
    // A repository of someone else's may be out of reach; the install says whether that matters.
    if (run.status !== 0 && args[0] !== 'update') {
      throw new Error(
        `apt-get install ${packages.join(' ')} failed:\n${lastLines(`${run.stdout}${run.stderr}`, 15)}`,
      );
    }
  }
}

/** @returns {string[]} the client is part of docker.io in Debian 12 and a package of its own after that */
function clientPackages() {
  const found = spawnSync('apt-cache', ['show', '--no-all-versions', 'docker-cli'], { encoding: 'utf8' });
  return found.status === 0 && found.stdout.includes('Package: docker-cli') ? ['docker-cli'] : ['docker.io'];
}

/**
 * @param {string} host
 * @param {Log} log
 * @returns {Promise<Engine>}
 */
async function startEngine(host, log) {
  if (existsSync('/run/systemd/system')) {
    log('starting Docker Engine with systemctl');
    const started = spawnSync('systemctl', ['start', 'docker'], { encoding: 'utf8' });
    const answer = started.status === 0 ? await waitForAnswer(host, START_MS, () => false) : undefined;
    if (answer) return { host, ...answer, started: true, log: undefined };
    const journal = spawnSync('journalctl', ['-u', 'docker', '-n', '20', '--no-pager'], { encoding: 'utf8' });
    throw new Error(`Docker Engine does not start:\n${lastLines(`${started.stderr}${journal.stdout}`, 20)}`);
  }
  removeStalePidFiles(log);
  mountCgroups(log);
  const first = await startDaemon(host, log, process.env['PATH'] ?? '');
  if (first.answer) return { host, ...first.answer, started: first.ours, log: first.logFile };
  const legacy = /iptables|nf_tables/i.test(first.output) ? legacyIptablesPath() : undefined;
  if (legacy) {
    log('the kernel does not take iptables-nft: starting again with iptables-legacy');
    const second = await startDaemon(host, log, legacy);
    if (second.answer) return { host, ...second.answer, started: second.ours, log: second.logFile };
    throw new Error(`dockerd does not start (${second.logFile}):\n${second.output}`);
  }
  throw new Error(`dockerd does not start (${first.logFile}):\n${first.output}`);
}

/**
 * Starts dockerd in a session of its own, so that it outlives this process, and waits for its answer. It brings its
 * own containerd along and writes its process id to /var/run/docker.pid. Where another process is starting one at
 * the same time, ours gives up at once and the other one is waited for.
 *
 * @param {string} host
 * @param {Log} log
 * @param {string} path PATH for dockerd
 * @returns {Promise<{ answer: Answer | undefined, ours: boolean, logFile: string, output: string }>}
 */
async function startDaemon(host, log, path) {
  const logFile = join(existsSync('/var/log') ? '/var/log' : tmpdir(), 'stackc-dockerd.log');
  const output = openSync(logFile, 'a');
  log(`starting dockerd (its log: ${logFile})`);
  let goneAt = 0;
  const daemon = spawn('dockerd', [], {
    detached: true,
    stdio: ['ignore', output, output],
    // For each container dockerd runs itself several times for a moment, and each time Go collects garbage on the way up: a fifth
    // of what a start costs.
    env: { GOGC: '400', ...process.env, PATH: path },
  });
  daemon.on('error', () => {
    goneAt = Date.now();
  });
  daemon.on('exit', () => {
    goneAt = Date.now();
  });
  daemon.unref();
  closeSync(output);
  const hopeless = () =>
    goneAt > 0 && Date.now() - goneAt > GONE_MS && programIn(DAEMON_PID_FILE) !== 'dockerd';
  const answer = await waitForAnswer(host, START_MS, hopeless);
  return { answer, ours: goneAt === 0, logFile, output: lastLines(readFileSync(logFile, 'utf8'), 15) };
}

/**
 * @param {string} host
 * @param {number} limitMs
 * @param {() => boolean} hopeless
 */
async function waitForAnswer(host, limitMs, hopeless) {
  const end = Date.now() + limitMs;
  while (Date.now() < end && !hopeless()) {
    const answer = await ping(host);
    if (answer) return answer;
    await sleep(100);
  }
  return undefined;
}

/**
 * A machine that was cut off leaves process ids behind. dockerd takes any live process of that id for itself or
 * for its containerd, and does not start.
 *
 * @param {Log} log
 */
function removeStalePidFiles(log) {
  for (const { path, program } of PID_FILES) {
    if (!existsSync(path) || programIn(path) === program) continue;
    log(`removing ${path}: it names no running ${program}`);
    rmSync(path, { force: true });
  }
}

/**
 * @param {string} pidFile
 * @returns {string | undefined} the running program that it names; not a zombie, which nobody reaps without an init
 */
function programIn(pidFile) {
  try {
    const pid = readFileSync(pidFile, 'utf8').trim();
    const [, program, state] = /\((.*)\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' ? undefined : program;
  } catch {
    return undefined;
  }
}

/**
 * Without an init system nobody may have mounted the control groups, or not all of them: version 2 where the kernel has
 * nothing else in use, otherwise one mount a controller. An engine that lacks one measures none of its containers.
 *
 * @param {Log} log
 */
function mountCgroups(log) {
  const root = '/sys/fs/cgroup';
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, place = '', type = '']) => place.startsWith(root) && /^cgroup2?$/.test(type));
  if (mounts.some(([, place]) => place === root)) return;
  const mounted = new Set(mounts.flatMap(([, , , options = '']) => options.split(',')));
  const controllers = readFileSync('/proc/cgroups', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
    .filter(([, hierarchy, , enabled]) => enabled === '1' && hierarchy !== undefined)
    .map(([name = '', hierarchy]) => ({ name, free: hierarchy === '0' }));
  const missing = controllers.filter(({ name }) => !mounted.has(name));
  if (missing.length === 0) return;
  log(`mounting control groups at ${root}`);
  if (mounts.length === 0) {
    if (controllers.every(({ free }) => free) && mount(['-t', 'cgroup2', 'cgroup2', root])) return;
    mount(['-t', 'tmpfs', '-o', 'mode=755', 'cgroup', root]);
  }
  for (const { name } of missing) {
    const folder = join(root, name);
    mkdirSync(folder, { recursive: true });
    if (!mount(['-t', 'cgroup', '-o', name, 'cgroup', folder]))
      rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} args */
function mount(args) {
  return spawnSync('mount', args, { stdio: 'ignore' }).status === 0;
}

/** @returns {string | undefined} a PATH on which `iptables` is the legacy program, where it is installed */
function legacyIptablesPath() {
  const programs = readdirSync('/usr/sbin').filter((name) => /^ip6?tables-legacy/.test(name));
  if (programs.length === 0) return undefined;
  const folder = '/var/lib/stackc-iptables-legacy';
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of programs)
    symlinkSync(join('/usr/sbin', name), join(folder, name.replace('-legacy', '')));
  return `${folder}:${process.env['PATH'] ?? ''}`;
}

/**
 * @param {string} name
 * @returns {boolean} whether PATH holds that command
 */
export function hasCommand(name) {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, name)));
}

function isDebian() {
  if (!existsSync('/etc/os-release')) return false;
  const ids = readFileSync('/etc/os-release', 'utf8')
    .split('\n')
    .filter((line) => /^ID(_LIKE)?=/.test(line))
    .flatMap((line) =>
      line
        .replace(/^[^=]*=/, '')
        .replaceAll('"', '')
        .split(' '),
    );
  return ids.includes('debian') || ids.includes('ubuntu');
}

/** @returns {boolean} */
export function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

/** @param {string} line */
export function logToStderr(line) {
  process.stderr.write(`${line}\n`);
}
