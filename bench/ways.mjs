// `npm run bench:ways [-- quick]`: two instances of unicorn behind haproxy, replaced in several ways while 32 clients that
// never retry ask, half of the time with POSTs. `bench/README.md` holds the last figures.
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureCompose } from './compose.mjs';
import { answers, median, miscounted, prepare, seconds, startLoad } from './stage.mjs';
import {
  capistrano,
  composeRecreate,
  cookbook,
  rollout,
  serviceUpdate,
  stackApply,
  until,
} from './contenders.mjs';

const ROUNDS = process.argv.includes('quick') ? 1 : 5;
/** Between two requests of one client, in milliseconds: the machine is not the bottleneck. */
const PAUSE_MS = 20;
/** Before and after each deploy: who is late to see it is seen. */
const SETTLE_MS = 2000;

await prepare();
const compose = ensureCompose();
console.log(
  `${ROUNDS} deploys each, 32 clients; Compose ${compose?.version ?? 'is not installed and could not be had'}\n`,
);
console.log('| way | wall time of a deploy, median | requests | failed | lost or done twice |');
console.log('| --- | --- | --- | --- | --- |');
const ways = [
  stackApply,
  ...(compose === null ? [] : [() => composeRecreate(compose.command), () => rollout(compose.command)]),
  serviceUpdate,
  cookbook,
  capistrano,
];
for (const make of ways) await measure(make());

/** @param {import('./contenders.mjs').Way} way */
async function measure(way) {
  let generation = 1;
  try {
    await way.up(generation);
    const { port } = new URL(way.url);
    await until(() => answers({ host: '127.0.0.1', port: Number(port) }));
    await sleep(SETTLE_MS);
    const load = startLoad({
      url: way.url,
      concurrency: 32,
      keepAlive: false,
      paths: ['/ping', '/count/'],
      pauseMs: PAUSE_MS,
    });
    const times = [];
    await sleep(SETTLE_MS);
    for (let round = 0; round < ROUNDS; round++) {
      generation += 1;
      const startedAt = performance.now();
      await way.deploy(generation);
      times.push(performance.now() - startedAt);
      await sleep(SETTLE_MS);
    }
    const result = await load.stop();
    const wrong = miscounted([result], way.balancer);
    console.log(`| ${way.name} | ${seconds(median(times))} | ${result.sent} | ${result.failed} | ${wrong} |`);
  } finally {
    await way.down();
  }
}
