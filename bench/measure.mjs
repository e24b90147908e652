import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PEAK = fileURLToPath(new URL('peak-memory.cjs', import.meta.url));

// Node reads these certificates whenever it starts, before any program of ours: 50 ms where they are a whole store.
// Nobody here needs them.
const { NODE_EXTRA_CA_CERTS: _unread, ...ENVIRONMENT } = process.env;

/** @typedef {{ readonly name: string, readonly command: readonly string[], readonly cwd?: string }} Contender */
/** @typedef {{ readonly median: number, readonly min: number, readonly max: number }} Spread */

/**
 * Runs contenders in turn, A B A B …, so that a machine whose speed drifts is the same for all.
 * @param {readonly Contender[]} contenders
 * @param {number} runs counted runs of each, after one that is not
 * @returns {ReadonlyMap<string, Spread>} wall time in milliseconds
 */
export function race(contenders, runs) {
  /** @type {Map<string, number[]>} */
  const times = new Map(contenders.map(({ name }) => [name, []]));
  for (let run = -1; run < runs; run += 1) {
    for (const contender of contenders) {
      const took = wallMs(contender);
      if (run >= 0) times.get(contender.name)?.push(took);
    }
  }
  return new Map([...times].map(([name, list]) => [name, spread(list)]));
}

/**
 * @param {Contender} contender
 * @returns {number}
 */
function wallMs({ name, command: [file = '', ...args], cwd }) {
  const startedAt = performance.now();
  const { status, error, stderr } = spawnSync(file, args, {
    cwd,
    env: ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (error !== undefined || status !== 0) {
    throw new Error(`${name} failed: ${error?.message ?? stderr.slice(-2000)}`);
  }
  return performance.now() - startedAt;
}

/**
 * Peak resident memory of one run of a Node program, in MB, as the kernel counts it (getrusage).
 * @param {readonly string[]} args of `node`
 * @returns {number}
 */
export function peakMemoryMb(args) {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-bench-'));
  const file = join(folder, 'peak');
  try {
    spawnSync(process.execPath, ['--require', PEAK, ...args], {
      stdio: 'ignore',
      env: { ...process.env, PEAK_FILE: file },
    });
    return Number(readFileSync(file, 'utf8')) / 1024;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {readonly number[]} values
 * @returns {Spread}
 */
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1] ?? 0, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/**
 * @param {Spread | undefined} times
 * @returns {string} `105 ms (98–121)`
 */
export function words(times) {
  if (times === undefined) return 'not measured';
  return `${times.median.toFixed(0)} ms (${times.min.toFixed(0)}–${times.max.toFixed(0)})`;
}

/**
 * @param {ReadonlyMap<string, Spread>} times
 * @param {string} a
 * @param {string} b
 * @returns {string} the ratio of the medians
 */
export function ratio(times, a, b) {
  return ((times.get(a)?.median ?? Number.NaN) / (times.get(b)?.median ?? Number.NaN)).toFixed(2);
}
