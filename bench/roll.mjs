// `npm run bench:roll [-- quick]`: what replacing four instances costs beside starting four containers by bare calls, and
// what the clients see of it. `bench/README.md` holds the last figures.
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, engine, IMAGE, median, prepare, seconds, SOCKETS, Stage, startLoad } from './stage.mjs';

const ROUNDS = process.argv.includes('quick') ? 1 : 5;
const INSTANCES = 4;
await prepare();
const stage = new Stage('bench-roll', 18_180);

console.log(`medians of ${ROUNDS}, in turn\n`);
try {
  for (const boot of [0.3, 3]) await rolls(boot);
  await underLoad();
} finally {
  stage.close();
}

/** @param {number} boot seconds that unicorn takes to load the application */
async function rolls(boot) {
  /** @type {{ one: number[], all: number[], bare: number[], slowest: number[] }} */
  const times = { one: [], all: [], bare: [], slowest: [] };
  stage.next({ boot, instances: INSTANCES });
  stage.stack(['apply', '--yes']);
  for (let round = 0; round < ROUNDS; round++) {
    stage.next({ boot, instances: INSTANCES });
    times.one.push(wall(() => stage.stack(['apply', '--yes'])));
    stage.next({ boot, instances: INSTANCES, batch: INSTANCES });
    times.all.push(wall(() => stage.stack(['apply', '--yes'])));
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

/** Rolls at half of what the stack can answer: the times before and during, and what failed. */
async function underLoad() {
  const roll = { boot: 0.3, instances: INSTANCES };
  stage.next(roll);
  stage.stack(['apply', '--yes']);
  await sleep(2000);
  const most = await saturation();
  const rate = Math.min(1000, Math.round(most / 2));
  console.log(
    `under load: ${rate} requests a second, half of the ${Math.round(most)} that 32 clients get answered`,
  );
  for (let round = 0; round < ROUNDS; round++) {
    stage.next(roll);
    const proving = ['--prove', `${stage.url}/ping`, '--prove-rate', String(rate)];
    const lines = stage
      .stack(['apply', '--yes', '--json', ...proving])
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
  const load = startLoad({ url: stage.url, concurrency: 32, keepAlive: true, paths: ['/ping'] });
  const startedAt = performance.now();
  await sleep(3000);
  const took = performance.now() - startedAt;
  return ((await load.stop()).sent / took) * 1000;
}

/**
 * The same containers by bare calls of the Engine API, one after the other, each until it has answered twice.
 * @param {number} boot
 * @returns {Promise<number[]>} milliseconds for each
 */
async function bareCalls(boot) {
  const volume = `${stage.name}-bare`;
  await engine('POST', '/volumes/create', { Name: volume });
  const { Mountpoint: mountpoint } = await engine('GET', `/volumes/${volume}`);
  const times = [];
  const ids = [];
  try {
    for (let i = 0; i < INSTANCES; i++) {
      const startedAt = performance.now();
      const { Id: id } = await engine('POST', `/containers/create?name=${stage.name}-bare-${i}`, {
        Image: IMAGE,
        Cmd: ['unicorn', `${SOCKETS}/app${i}.sock`],
        Env: [`BOOT=${boot}`],
        HostConfig: { Mounts: [{ Type: 'volume', Source: volume, Target: SOCKETS }] },
      });
      ids.push(id);
      await engine('POST', `/containers/${id}/start`);
      for (let good = 0; good < 2; ) {
        good = (await answers({ socketPath: `${mountpoint}/app${i}.sock` })) ? good + 1 : 0;
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

/** @param {() => unknown} work */
function wall(work) {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
