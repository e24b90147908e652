// `npm run bench:roll [-- quick]`: what replacing four instances costs beside starting four containers by bare calls, and
// what the clients see of it. `bench/README.md` holds the last figures.
import { setTimeout as sleep } from 'node:timers/promises';
import { answers, engine, IMAGE, median, prepare, seconds, SOCKETS, Stage, startLoad } from './stage.mjs';

const ROUNDS = process.argv.includes('quick') ? 1 : 5;
const INSTANCES = 4;
const CLIENTS = 32;
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
  /** @type {{ one: number[], wide: number[], all: number[], bare: number[], slowest: number[], together: number[] }} */
  const times = { one: [], wide: [], all: [], bare: [], slowest: [], together: [] };
  stage.next({ boot, instances: INSTANCES });
  stage.stack(['apply', '--yes']);
  for (let round = 0; round < ROUNDS; round++) {
    stage.next({ boot, instances: INSTANCES });
    times.one.push(wall(() => stage.stack(['apply', '--yes'])));
    stage.next({ boot, instances: INSTANCES, surge: INSTANCES });
    times.wide.push(wall(() => stage.stack(['apply', '--yes'])));
    stage.next({ boot, instances: INSTANCES, batch: INSTANCES });
    times.all.push(wall(() => stage.stack(['apply', '--yes'])));
    const each = await bareCalls(boot);
    times.bare.push(each.reduce((sum, one) => sum + one, 0));
    times.slowest.push(Math.max(...each));
    times.together.push(Math.max(...(await bareCalls(boot, true))));
  }
  console.log(`unicorn that boots in ${boot} s, ${INSTANCES} instances`);
  const [bare, slowest, together] = [times.bare, times.slowest, times.together].map(median);
  console.log(`  bare calls: create, start and probe`);
  console.log(`    one after the other   ${seconds(bare)}, the slowest ${seconds(slowest)}`);
  console.log(`    all at the same time  ${seconds(together)}`);
  console.log(`  stack apply`);
  report('as it is             ', times.one, bare, 'one after the other', 1.15);
  report(`surge ${INSTANCES}              `, times.wide, bare, 'one after the other', 1.15);
  report(`batch ${INSTANCES}              `, times.all, slowest, 'the slowest', 1.25);
  console.log();
}

/**
 * @param {string} what
 * @param {readonly number[]} ours
 * @param {number} theirs
 * @param {string} beside
 * @param {number} goal
 */
function report(what, ours, theirs, beside, goal) {
  const ratio = (median(ours) / theirs).toFixed(2);
  console.log(`    ${what} ${seconds(median(ours))}, ${ratio} × ${beside} (goal ≤ ${goal})`);
}

/** The 99th percentile at half of what the stack can answer: alone, during a roll, and during bare calls. */
async function underLoad() {
  const roll = { boot: 0.3, instances: INSTANCES };
  stage.next(roll);
  stage.stack(['apply', '--yes']);
  await sleep(2000);
  const most = await saturation();
  /** @type {{ rate: number[], alone: number[], roll: number[], bare: number[] }} */
  const p99 = { rate: [], alone: [], roll: [], bare: [] };
  let [sent, failed] = [0, 0];
  /** @param {() => unknown} work */
  const during = async (work) => {
    const load = startLoad({
      url: stage.url,
      concurrency: CLIENTS,
      keepAlive: true,
      paths: ['/ping', '/count/'],
      pauseMs: Math.round((CLIENTS / most) * 1000),
    });
    await sleep(500);
    const startedAt = performance.now();
    await work();
    const took = performance.now() - startedAt;
    const seen = await load.stop();
    sent += seen.sent;
    failed += seen.failed;
    return { p99: seen.p99, rate: (seen.sent / (took + 500)) * 1000 };
  };
  for (let round = 0; round < ROUNDS; round++) {
    stage.next(roll);
    const alone = await during(() => sleep(4000));
    p99.rate.push(alone.rate);
    p99.alone.push(alone.p99);
    p99.roll.push((await during(() => stage.apply())).p99);
    p99.bare.push((await during(() => bareCalls(0.3))).p99);
  }
  const [rate, alone, rolled, bare] = [p99.rate, p99.alone, p99.roll, p99.bare].map(median);
  console.log(
    `under load: ${Math.round(rate)} requests a second, of the ${Math.round(most)} that ${CLIENTS} clients get answered`,
  );
  console.log(`  ${sent} requests, ${failed} failed`);
  console.log(`  p99 ${alone.toFixed(1)} ms alone`);
  console.log(`  ${rolled.toFixed(1)} ms during a roll, ${(rolled / alone).toFixed(2)} × (goal ≤ 1.5)`);
  console.log(`  ${bare.toFixed(1)} ms while bare calls start as many, ${(bare / alone).toFixed(2)} ×`);
}

/** @returns {Promise<number>} requests a second that all clients get answered */
async function saturation() {
  const load = startLoad({
    url: stage.url,
    concurrency: CLIENTS,
    keepAlive: true,
    paths: ['/ping', '/count/'],
  });
  const startedAt = performance.now();
  await sleep(3000);
  const took = performance.now() - startedAt;
  return ((await load.stop()).sent / took) * 1000;
}

/**
 * The same containers by bare calls of the Engine API, each until it has answered twice; one after the other, or all at once.
 * @param {number} boot
 * @param {boolean} [together]
 * @returns {Promise<number[]>} milliseconds for each
 */
async function bareCalls(boot, together = false) {
  const volume = `${stage.name}-bare`;
  await engine('POST', '/volumes/create', { Name: volume });
  const { Mountpoint: mountpoint } = await engine('GET', `/volumes/${volume}`);
  /** @type {string[]} */
  const ids = [];
  /** @param {number} i */
  const one = async (i) => {
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
    return performance.now() - startedAt;
  };
  const all = [...Array(INSTANCES).keys()];
  try {
    if (together) return await Promise.all(all.map(one));
    const times = [];
    for (const i of all) times.push(await one(i));
    return times;
  } finally {
    await Promise.all(ids.map((id) => engine('DELETE', `/containers/${id}?force=true`)));
    await engine('DELETE', `/volumes/${volume}`);
  }
}

/** @param {() => unknown} work */
function wall(work) {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}
