/**
 * The images of the example and of the load tests: built on a Debian base, and built again only when what they are
 * made of has changed. As a program: `node scripts/images.mjs [NAME…]`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { ensureEngine, hasCommand, installPackages, isRoot, lastLines, logToStderr } from './engine.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BASE = 'debian:bookworm-slim';
/** Of Debian's packages; without it, the one that debootstrap knows. */
const MIRROR = process.env['DEBIAN_MIRROR'] ?? null;
const PREFIX = 'stackc-example/';
/** The label that holds the hash of everything an image is made of. */
const LABEL = 'io.stackc.example.hash';
const PULL_MS = 20_000;
const AT_ONCE = 2;

/**
 * @typedef {import('./engine.mjs').Log} Log
 * @typedef {object} Recipe
 * @property {string} name `app:2`; the image is `stackc-example/app:2`
 * @property {string} context its folder in the repository
 * @property {string} from the name of the recipe it builds on; empty for the Debian base
 * @property {string} after a recipe with the same layers, so that they are built once; empty for none
 * @property {Readonly<Record<string, string>>} args build arguments
 * @typedef {object} Image
 * @property {string} tag
 * @property {boolean} built whether this call built it
 * @property {number} seconds
 */

/** @type {readonly Recipe[]} */
export const RECIPES = [
  { name: 'ruby:1', context: 'examples/images/ruby', from: '', after: '', args: {} },
  { name: 'postgres:1', context: 'examples/images/postgres', from: '', after: '', args: {} },
  { name: 'app:1', context: 'examples/images/app', from: 'ruby:1', after: '', args: { VERSION: '1' } },
  { name: 'app:2', context: 'examples/images/app', from: 'ruby:1', after: 'app:1', args: { VERSION: '2' } },
  // Boots, binds its socket and answers 503 to everything: it never becomes ready.
  {
    name: 'app:broken',
    context: 'examples/images/app',
    from: 'ruby:1',
    after: 'app:1',
    args: { VERSION: 'broken', READY: 'false' },
  },
  { name: 'haproxy:1', context: 'examples/images/haproxy', from: '', after: '', args: {} },
  { name: 'nginx:1', context: 'examples/images/nginx', from: '', after: '', args: {} },
  { name: 'redis:1', context: 'examples/images/redis', from: '', after: '', args: {} },
  { name: 'forwarder:1', context: 'examples/images/forwarder', from: 'ruby:1', after: '', args: {} },
  // An nginx that finds its servers through the engine's events.
  { name: 'discovery:1', context: 'examples/images/discovery', from: 'ruby:1', after: '', args: {} },
  // Four application servers with the same application, for tests and benchmarks under load.
  { name: 'servers:1', context: 'bench/images/servers', from: 'ruby:1', after: '', args: {} },
  // A bare machine for `stack setup`.
  { name: 'machine:1', context: 'test/images/machine', from: '', after: '', args: {} },
  { name: 'ab:1', context: 'bench/images/ab', from: '', after: '', args: {} },
];

/** What `examples/stack.json` needs. */
export const EXAMPLE = RECIPES.filter(
  ({ context }) => context.startsWith('examples/') && !context.endsWith('/discovery'),
).map(({ name }) => name);

/**
 * Makes sure that `debian:bookworm-slim` is on the engine: used when present, else pulled, else made from Debian's
 * own packages with debootstrap (which takes root and Debian or Ubuntu).
 *
 * @param {{ log?: Log }} [options]
 * @returns {Promise<string>} the tag
 */
export async function ensureBase({ log = logToStderr } = {}) {
  if (imageId(BASE)) return BASE;
  const started = Date.now();
  const pulled = await run('docker', ['pull', '--quiet', BASE], PULL_MS);
  if (pulled.code === 0) {
    log(`${BASE}: pulled in ${secondsSince(started)} s`);
    return BASE;
  }
  log(`${BASE}: cannot be pulled (${lastLines(pulled.output, 1) || `no answer in ${PULL_MS / 1000} s`})`);
  await bootstrap(log);
  log(`${BASE}: made from Debian's packages in ${secondsSince(started)} s`);
  return BASE;
}

/**
 * Builds what is missing or out of date, two at a time. Needs an engine that answers (`ensureEngine`).
 *
 * @param {readonly string[]} [names] `app` for all its versions, `app:2` for one; default: all
 * @param {{ log?: Log }} [options]
 * @returns {Promise<ReadonlyMap<string, Image>>} by recipe name, with what they build on
 */
export async function ensureImages(names = [], { log = logToStderr } = {}) {
  const wanted = withRequired(names);
  const present = presentHashes();
  const baseId = present.get(BASE)?.id ?? imageId(await ensureBase({ log })) ?? '';
  const hashes = recipeHashes(baseId);
  const isCurrent = (/** @type {Recipe} */ { name }) => present.get(PREFIX + name)?.hash === hashes.get(name);

  const slot = slots(AT_ONCE);
  /** @type {Map<string, Promise<Image>>} */
  const images = new Map();
  // What a recipe waits for stands before it in the list.
  for (const recipe of wanted) {
    const before = [recipe.from, recipe.after].flatMap((name) => images.get(name) ?? []);
    const make = async () => {
      await Promise.all(before);
      if (isCurrent(recipe)) return { tag: PREFIX + recipe.name, built: false, seconds: 0 };
      return slot(() => buildImage(recipe, hashes.get(recipe.name) ?? '', log));
    };
    images.set(recipe.name, make());
  }
  const results = await Promise.allSettled(images.values());
  const failures = new Set(
    results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason.message)] : [])),
  );
  if (failures.size > 0) throw new Error([...failures].join('\n'));
  return new Map(
    results.flatMap((result, index) =>
      result.status === 'fulfilled' ? [[wanted[index]?.name ?? '', result.value]] : [],
    ),
  );
}

/**
 * @param {number} count
 * @returns {<T>(task: () => Promise<T>) => Promise<T>} runs tasks, at most so many at a time
 */
function slots(count) {
  let free = count;
  /** @type {(() => void)[]} */
  const waiting = [];
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise((resolve) => waiting.push(() => resolve(undefined)));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/**
 * @param {readonly string[]} names
 * @returns {Recipe[]} the named recipes and those they build on, in the written order
 */
function withRequired(names) {
  if (names.length === 0) return [...RECIPES];
  /** @type {Set<string>} */
  const wanted = new Set();
  const add = (/** @type {Recipe} */ recipe) => {
    wanted.add(recipe.name);
    for (const other of RECIPES) if (other.name === recipe.from && !wanted.has(other.name)) add(other);
  };
  for (const name of names) {
    const found = RECIPES.filter((recipe) => recipe.name === name || recipe.name.startsWith(`${name}:`));
    if (found.length === 0) {
      throw new Error(
        `no example image ${name}; there are: ${RECIPES.map((recipe) => recipe.name).join(', ')}`,
      );
    }
    for (const recipe of found) add(recipe);
  }
  return RECIPES.filter((recipe) => wanted.has(recipe.name));
}

/**
 * @param {Recipe} recipe
 * @param {string} hash
 * @param {Log} log
 * @returns {Promise<Image>}
 */
async function buildImage({ name, context, args }, hash, log) {
  const started = Date.now();
  const tag = PREFIX + name;
  // The engine's own builder, which every engine has; the host's network, where the package mirror is.
  const { code, output } = await run('docker', [
    'build',
    '--quiet',
    '--network=host',
    '--force-rm',
    `--tag=${tag}`,
    `--label=${LABEL}=${hash}`,
    ...Object.entries({ ...proxyArgs(), ...args }).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]),
    join(ROOT, context),
  ]);
  if (code !== 0) throw new Error(`${tag} cannot be built:\n${lastLines(output, 30)}`);
  const seconds = secondsSince(started);
  log(`${tag}: built in ${seconds} s`);
  return { tag, built: true, seconds };
}

/** @returns {Record<string, string>} the proxy settings of this process, which builds take without declaring them */
function proxyArgs() {
  const names = ['http_proxy', 'https_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/**
 * @param {string} baseId
 * @returns {ReadonlyMap<string, string>} by recipe name: the hash of its files, arguments and what it builds on
 */
function recipeHashes(baseId) {
  /** @type {Map<string, string>} */
  const hashes = new Map();
  for (const { name, context, from, args } of RECIPES) {
    const hash = createHash('sha256').update(JSON.stringify([hashes.get(from) ?? baseId, args]));
    const folder = join(ROOT, context);
    for (const file of filesIn(folder)) {
      const executable = (statSync(file).mode & 0o100) !== 0;
      hash
        .update(JSON.stringify([relative(folder, file), executable]))
        .update(readFileSync(file))
        .update('\0');
    }
    hashes.set(name, hash.digest('hex').slice(0, 32));
  }
  return hashes;
}

/**
 * @param {string} folder
 * @returns {string[]} every file below it, sorted
 */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? filesIn(join(folder, entry.name)) : [join(folder, entry.name)],
    )
    .sort();
}

/** @returns {ReadonlyMap<string, { id: string, hash: string }>} by tag, what the engine holds: one call for all */
function presentHashes() {
  const ids = docker(['image', 'ls', '--all', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'])
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([tag = '']) => tag === BASE || RECIPES.some(({ name }) => tag === PREFIX + name));
  if (ids.length === 0) return new Map();
  const labels = docker([
    'image',
    'inspect',
    '--format',
    `{{.Id}} {{with .Config.Labels}}{{index . "${LABEL}"}}{{end}}`,
    ...ids.map(([tag = '']) => tag),
  ])
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
  return new Map(
    ids.map(([tag = ''], index) => [tag, { id: labels[index]?.[0] ?? '', hash: labels[index]?.[1] ?? '' }]),
  );
}

/** @param {string} tag */
function imageId(tag) {
  const found = spawnSync('docker', ['image', 'inspect', '--format', '{{.Id}}', tag], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.trim() : undefined;
}

/**
 * Debian's smallest system, with what the published image sets besides: no documentation, no started services, no
 * package files kept.
 *
 * @param {Log} log
 */
async function bootstrap(log) {
  if (!isRoot())
    throw new Error(
      `${BASE} is neither on the engine nor to be pulled, and only root can make it with debootstrap`,
    );
  const packages = ['debootstrap', 'debian-archive-keyring'].filter((name) => !isInstalled(name));
  installPackages(packages, 'the Debian base image', log);
  const folder = mkdtempSync('/var/tmp/stackc-base-');
  try {
    const made = await run('debootstrap', [
      '--variant=minbase',
      'bookworm',
      folder,
      ...(MIRROR === null ? [] : [MIRROR]),
    ]);
    if (made.code !== 0) throw new Error(`debootstrap cannot make ${BASE}:\n${lastLines(made.output, 15)}`);
    for (const [path, text] of Object.entries(SETTINGS)) writeFileSync(join(folder, path), text);
    addUpdates(join(folder, 'etc/apt/sources.list'));
    writeFileSync(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const excluded = [
      './var/cache/apt/archives/*.deb',
      './var/lib/apt/lists/*',
      './usr/share/doc/*',
      './usr/share/man/*',
      './usr/share/locale/*',
      './dev/*',
      './proc/*',
      './sys/*',
    ];
    const imported = await run('sh', [
      '-c',
      'folder=$1 base=$2; shift 2; tar -C "$folder" --numeric-owner "$@" -c . | docker import --change \'CMD ["bash"]\' - "$base"',
      'sh',
      folder,
      BASE,
      ...excluded.map((pattern) => `--exclude=${pattern}`),
    ]);
    if (imported.code !== 0) throw new Error(`docker import failed:\n${lastLines(imported.output, 5)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * debootstrap writes the release alone; its updates and security fixes lie beside it.
 * @param {string} file
 */
function addUpdates(file) {
  const mirror = readFileSync(file, 'utf8').match(/^deb (\S+)/m)?.[1];
  if (mirror === undefined) throw new Error(`debootstrap left no mirror in ${file}`);
  const security = mirror.replace(/\/debian\/?$/, '/debian-security');
  writeFileSync(
    file,
    [
      `deb ${mirror} bookworm main`,
      `deb ${mirror} bookworm-updates main`,
      `deb ${security} bookworm-security main`,
      '',
    ].join('\n'),
  );
}

const SETTINGS = {
  'etc/apt/apt.conf.d/image': [
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Acquire::GzipIndexes "true";',
    'Binary::apt::APT::Keep-Downloaded-Packages "false";',
    'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };',
    '',
  ].join('\n'),
  'etc/dpkg/dpkg.cfg.d/image': [
    'force-unsafe-io',
    'path-exclude /usr/share/doc/*',
    'path-include /usr/share/doc/*/copyright',
    'path-exclude /usr/share/man/*',
    'path-exclude /usr/share/locale/*',
    '',
  ].join('\n'),
};

/** @param {string} name */
function isInstalled(name) {
  if (name === 'debootstrap') return hasCommand(name);
  const status = spawnSync('dpkg-query', ['--show', '--showformat=${Status}', name], { encoding: 'utf8' });
  return status.status === 0 && status.stdout.includes('install ok installed');
}

/**
 * @param {readonly string[]} args
 * @returns {string}
 */
function docker(args) {
  const called = spawnSync('docker', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (called.status !== 0)
    throw new Error(`docker ${args.slice(0, 2).join(' ')} failed: ${lastLines(called.stderr, 3)}`);
  return called.stdout;
}

/**
 * Runs a program to its end without a terminal; past the time limit it is ended.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {number} [limitMs] default: none
 * @returns {Promise<{ code: number, output: string }>} -1 when it did not end by itself
 */
function run(program, args, limitMs) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DOCKER_BUILDKIT: '0', DEBIAN_FRONTEND: 'noninteractive' },
      ...(limitMs === undefined ? {} : { timeout: limitMs, killSignal: 'SIGKILL' }),
    });
    let output = '';
    const collect = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => resolve({ code: -1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? -1, output }));
  });
}

/** @param {number} started */
function secondsSince(started) {
  return Math.round((Date.now() - started) / 100) / 10;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    await ensureEngine();
    await ensureImages(process.argv.slice(2));
  } catch (error) {
    logToStderr(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
