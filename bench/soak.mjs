// `npm run bench:soak [-- quick]`: replacement after replacement under full load, the four servers in turn, until a million
// requests and 500 replacements are over; a hundredth of both with `quick`. Exits with 1 when one request failed, was lost
// or was done twice. `bench/README.md` holds the last figures.
import { miscounted, prepare, seconds, Stage, startLoad } from './stage.mjs';

const IS_QUICK = process.argv.includes('quick');
const SHARE = IS_QUICK ? 100 : 1;
/** Clients keep what they saw: they are not used for longer than this. */
const ROLLS = IS_QUICK ? 1 : 5;
const REQUESTS = 1_000_000 / SHARE;
const REPLACEMENTS = Math.ceil(500 / SHARE);
const INSTANCES = 4;
const SERVERS = ['unicorn', 'puma', 'gunicorn', 'node'];
/** Clients that never retry: half of what they ask are POSTs, each counted by the application. */
const CLIENTS = [
  { concurrency: 1, keepAlive: true },
  { concurrency: 32, keepAlive: false },
  { concurrency: 128, keepAlive: true },
];

await prepare();
let bad = 0;
const all = { sent: 0, replaced: 0 };
for (const server of SERVERS) bad += await soak(server);
console.log(`\n${all.sent} requests, ${all.replaced} replacements, ${bad} failed, lost or done twice`);
process.exitCode = bad === 0 ? 0 : 1;

/**
 * @param {string} server
 * @returns {Promise<number>} requests that went wrong
 */
async function soak(server) {
  const stage = new Stage('bench-soak', 18_181);
  try {
    stage.next({ server, instances: INSTANCES });
    stage.stack(['apply', '--yes']);
    const startedAt = performance.now();
    const share = 1 / SERVERS.length;
    let replaced = 0;
    /** @type {import('./stage.mjs').Load[]} */
    const loads = [];
    while (sum(loads, 'sent') < REQUESTS * share || replaced < REPLACEMENTS * share) {
      const clients = CLIENTS.map((kind, i) =>
        startLoad({ ...kind, url: stage.url, paths: ['/ping', '/count/'], prefix: `${loads.length + i}-` }),
      );
      for (let roll = 0; roll < ROLLS; roll++) {
        stage.next({ server, instances: INSTANCES });
        stage.stack(['apply', '--yes']);
        replaced += INSTANCES;
      }
      loads.push(...(await Promise.all(clients.map((client) => client.stop()))));
    }
    const took = performance.now() - startedAt;
    const wrong = miscounted(loads, `${stage.name}-load-haproxy0`);
    const sent = sum(loads, 'sent');
    const failed = sum(loads, 'failed');
    all.sent += sent;
    all.replaced += replaced;
    const slowest = Math.max(...loads.map((load) => load.slowest));
    console.log(
      `${server.padEnd(8)}  ${sent} requests in ${seconds(took)}, ${replaced} replacements: ${failed} failed, ${wrong} lost or done twice; the slowest took ${seconds(slowest)}`,
    );
    if (failed > 0) console.log(JSON.stringify(loads.map(({ failures }) => failures)));
    return failed + wrong;
  } finally {
    stage.close();
  }
}

/**
 * @param {readonly import('./stage.mjs').Load[]} loads
 * @param {'sent' | 'failed'} what
 */
function sum(loads, what) {
  return loads.reduce((total, load) => total + load[what], 0);
}
