// `npm run bench [-- quick]`: ratios against something measured in the same run. `bench/README.md` holds the last figures.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { ensurePackages, ROOT, run } from '../scripts/install.mjs';
import { ensureCompose } from './compose.mjs';
import { peakMemoryMb, race, ratio, words } from './measure.mjs';

const RUNS = process.argv.includes('quick') ? 5 : 21;
const NODE = process.execPath;
const PROGRAM = join(ROOT, 'dist/stack.cjs');
const IMAGE = 'debian:bookworm-slim';
const folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));

ensurePackages();
run(NODE, ['scripts/build.mjs']);
const { ensureEngine } = await import('../scripts/engine.mjs');
const { ensureBase } = await import('../scripts/images.mjs');
await ensureEngine();
await ensureBase();

console.log(
  `${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}; median (min–max) of ${RUNS} runs\n`,
);
try {
  startUp();
  planning();
  for (const count of [8, 50]) nothingToDo(count);
} finally {
  rmSync(folder, { recursive: true });
}

function startUp() {
  const times = race(
    [
      { name: 'node', command: [NODE, '-e', '0'] },
      { name: 'stack', command: [NODE, PROGRAM, '--version'] },
    ],
    RUNS * 2,
  );
  console.log('start-up');
  console.log(`  node -e 0         ${words(times.get('node'))}`);
  console.log(
    `  stack --version   ${words(times.get('stack'))}   ratio ${ratio(times, 'stack', 'node')} (goal ≤ 1.15)\n`,
  );
}

function planning() {
  console.log('compile and plan --offline');
  let before = 0;
  for (const instances of [10, 100, 1_000, 10_000]) {
    const file = join(folder, `plan-${instances}.json`);
    writeFileSync(file, JSON.stringify(manyInstances(instances)));
    const times = race(
      [{ name: 'plan', command: [NODE, PROGRAM, 'plan', '--offline', file] }],
      Math.ceil(RUNS / 3),
    );
    const memory = peakMemoryMb([PROGRAM, 'plan', '--offline', file]);
    const median = times.get('plan')?.median ?? 0;
    const growth = before === 0 ? '' : `   × ${(median / before).toFixed(1)}`;
    before = median;
    console.log(
      `  ${String(instances).padStart(6)} instances   ${words(times.get('plan'))}, ${memory.toFixed(0)} MB${growth}`,
    );
  }
  console.log('  (goal: linear, 10,000 under 1 s and 300 MB)\n');
}

/** @param {number} count */
function nothingToDo(count) {
  const name = `stackc-bench-${count}`;
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(idleStack(name, count)));
  const contenders = [
    { name: 'node', command: [NODE, '-e', '0'] },
    { name: 'stack', command: [NODE, PROGRAM, 'apply', '--yes', file] },
  ];
  const compose = ensureCompose();
  const composeFile = join(folder, `${name}.yaml`);
  writeFileSync(composeFile, JSON.stringify(idleCompose(count)));
  const composeArgs = ['-p', `${name}-compose`, '-f', composeFile];
  if (compose !== null) {
    const up = [...composeArgs, 'up', '-d'];
    contenders.push({ name: 'compose', command: [...compose.command, ...up] });
    contenders.push({ name: 'plugin', command: [...compose.plugin, ...up] });
  }
  try {
    const times = race(contenders, RUNS);
    console.log(`nothing to do, ${count} containers`);
    console.log(`  node -e 0              ${words(times.get('node'))}`);
    console.log(`  stack apply            ${words(times.get('stack'))}`);
    if (compose === null)
      console.log('  docker compose up -d   not measured: Compose v2 is not installed and could not be had');
    else {
      const compared = (/** @type {string} */ to) => `ratio ${ratio(times, 'stack', to)}`;
      const typed = `Compose ${compose.version}, ${compared('compose')} (goal ≤ 1.0)`;
      console.log(`  docker compose up -d   ${words(times.get('compose'))}   ${typed}`);
      console.log(`  its plugin alone       ${words(times.get('plugin'))}   ${compared('plugin')}\n`);
    }
  } finally {
    spawnSync(NODE, [PROGRAM, 'destroy', '--yes', file], { stdio: 'ignore' });
    if (compose !== null)
      spawnSync(compose.plugin[0] ?? '', [...composeArgs, 'down', '-t', '0'], { stdio: 'ignore' });
  }
}

/** @param {number} instances */
function manyInstances(instances) {
  const each = Math.min(instances, 1_000);
  const containers = Array.from({ length: instances / each }, (_, i) => ({
    [`app${String.fromCharCode(97 + i)}x`]: {
      deploy: 'auto',
      image: 'example/app:1',
      containers: each,
      volumes_from: ['socks'],
      command: 'serve -l /run/socks/%{app_name}.sock',
      env: { NAME: '%{app_name}', LEVEL: 'info' },
    },
  }));
  return {
    name: 'bench',
    monitor: 0,
    deploy: { bench: { data_volumes: [{ socks: { volumes: ['/run/socks'] } }], containers } },
  };
}

/**
 * @param {string} name
 * @param {number} count
 */
function idleStack(name, count) {
  const containers = Array.from({ length: count }, (_, i) => ({
    [`c${i}x`]: {
      deploy: 'auto',
      image: IMAGE,
      command: 'sleep infinity',
      stop_timeout: 0,
      env: { N: String(i) },
    },
  }));
  return { name, monitor: 0, deploy: { [name]: { containers } } };
}

/** @param {number} count */
function idleCompose(count) {
  return {
    services: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `c${i}`,
        { image: IMAGE, command: 'sleep infinity', environment: { N: String(i) } },
      ]),
    ),
  };
}
