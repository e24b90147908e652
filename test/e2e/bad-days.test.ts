import { request } from 'node:http';
import { describe, expect, test } from 'vitest';

import { BadDays, DIRECTORY, failureOf } from '../support/bad-days.ts';
import { answers, LoadScene, type LoadResult } from '../support/load.ts';
import { SLEEPY_SERVER } from '../support/moody-server.ts';
import { docker, rows, unfolded, until } from '../support/stack-cli.ts';

const NAME = 'e2e-bad';

const OF_AGENT = (op: string): boolean => op.startsWith('socket.') || op === 'container.gate';

describe.concurrent('bad days', () => {
  test('of two instances that are swapped: new versions that are not what they seem', () =>
    LoadScene.within(`${NAME}-s`, async (scene) => {
      const days = new BadDays(scene, { containers: 2 });
      await scene.up(days.made);
      await neverReady(days);
      await diesAsSoonAsItIsReady(days);
      await diesAtItsFirstRequest(days);
      await answersWithErrors(days);
      await listensLongBeforeItServes(days);
    }));

  test('of two instances that are swapped: old versions that do not leave as they should', () =>
    LoadScene.within(`${NAME}-o`, async (scene) => {
      const days = new BadDays(scene, { containers: 2 });
      await scene.up(days.made);
      await doesNotStopAndLeavesItsSocket(days);
      await keepsEnding(days);
      await uploadsInFlight(days);
      await theAgentIsKilledWhileItWaitsForTheBalancer(days);
      await crashesOnItsOwnSocket(days);
    }));

  test('of an agent that is killed in each of its steps, of a swap', () =>
    LoadScene.within(`${NAME}-k`, async (scene) => {
      const days = new BadDays(scene, { containers: 1 });
      await scene.up(days.made);
      const killed = await days.walkAgent(OF_AGENT, (loads) => scene.expectNothingLost(loads));
      expect(killed).toEqual([
        'socket.unlink',
        'container.gate',
        'socket.publish',
        'socket.drain',
        'socket.unlink',
      ]);
      await days.converges();
    }));

  test('of an agent that is killed in each of its steps, of a hold', () =>
    LoadScene.within(`${NAME}-a`, async (scene) => {
      const days = new BadDays(scene, { containers: 1, strategy: { order: 'stop-first' } });
      await scene.up(days.made);
      await theAgentIsKilledWhileItHolds(days);
    }));

  test('of a single instance that must stop first', () =>
    LoadScene.within(`${NAME}-h`, async (scene) => {
      const days = new BadDays(scene, { containers: 1, strategy: { order: 'stop-first' } });
      await scene.up(days.made);
      await failsWhileItIsHeld(days);
      await theCommandIsKilledWhileItIsHeld(days);
    }));

  test('of a single instance that binds the published path itself', () =>
    LoadScene.within(`${NAME}-f`, async (scene) => {
      const days = new BadDays(scene, {
        containers: 1,
        command: [],
        env: { GENERATION: '1', MOOD: '', SOCKS: DIRECTORY, OWN: '%{app_name}' },
      });
      await scene.up(days.made);
      await isHeldUntilItHasToBind(days);
      await failsOnAPathThatItBindsItself(days);
      await comesAndGoesOnAPathThatItBindsItself(days);
    }));

  test('of a machine that loses its power', () => LoadScene.within(`${NAME}-p`, everythingEndsAtOnce));

  test('of a full disk', () => LoadScene.within(`${NAME}-d`, fullDisk));

  test('of a balancer with a tenth of a core', () => LoadScene.within(`${NAME}-c`, starvedBalancer));
});

/** The old ones serve on; the message says why, and what it said. */
async function neverReady(days: BadDays): Promise<void> {
  days.next('never', { startup_time: 2 });
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(1);
    expect(unfolded(ran.stderr)).toContain('not ready after 2 s');
  });
  await days.converges({ startup_time: 20 });
}

/**
 * Between its gate and its publish, or right after: the old one was not stopped yet, and has its path back. What the new one
 * had accepted by then is lost.
 */
async function diesAsSoonAsItIsReady(days: BadDays): Promise<void> {
  const before = await days.running('app0');
  days.next('dies-ready');
  const loads = await days.underLoad(async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(1);
    expect(unfolded(ran.stderr)).toMatch(
      // The engine has words of its own for one that ends while it is given its restart policy.
      /exited with code 3|after it was ready, before the one that it replaces was stopped|Cannot update container/,
    );
  });
  expectFewLost(loads);
  expect(await days.running('app0')).toBe(before);
  await days.converges();
}

/** The requests that it ended with are lost, and nobody can help that: one for each time that the engine started it. */
async function diesAtItsFirstRequest(days: BadDays): Promise<void> {
  const before = await days.running('app0');
  days.next('dies-asked');
  const loads = await days.underLoad(async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(1);
    expect(unfolded(ran.stderr)).toContain('after it was ready, before the one that it replaces was stopped');
  });
  expect(await days.running('app0')).toBe(before);
  expectFewLost(loads);
  await days.nothingLost(() => days.converges());
}

/** Its checks are fine, and the proof sees what its clients get: the old one has its path again. */
async function answersWithErrors(days: BadDays): Promise<void> {
  const before = await days.running('app0');
  days.next('sick');
  const ran = await days.apply('--prove', `${days.scene.url}/page`, '--prove-rate', '50');
  expect(ran.code).toBe(1);
  expect(unfolded(ran.stderr)).toMatch(/Ended by a request that failed after .* Left: app0, app1\./);
  expect(await days.running('app0')).toBe(before);
  await days.nothingLost(() => days.converges());
}

function expectFewLost(loads: readonly LoadResult[]): void {
  const sent = loads.reduce((sum, load) => sum + load.sent, 0);
  expect(loads.reduce((sum, load) => sum + load.failed, 0)).toBeLessThan(sent / 10);
}

async function listensLongBeforeItServes(days: BadDays): Promise<void> {
  days.next('late');
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code, ran.stderr).toBe(0);
  });
}

/** It has nothing left to lose by then; the socket goes, too. */
async function doesNotStopAndLeavesItsSocket(days: BadDays): Promise<void> {
  days.next('stubborn', { stop_timeout: 1 });
  await days.apply();
  days.next('leaves');
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(0);
    expect(unfolded(ran.stderr)).toContain('did not stop within');
  });
  await days.nothingLost(() => days.converges());
  const generation = await days.running('app0');
  const own = (await days.files()).filter((name) => name.startsWith(`.${days.scene.name}-load-app0.`));
  expect(own).toEqual([`.${days.scene.name}-load-app0.${generation}`]);
}

/** What is deployed most often: the mended version of one that does not stay up. */
async function keepsEnding(days: BadDays): Promise<void> {
  const name = `${days.scene.name}-load-app0`;
  days.next('frail');
  await days.apply();
  await docker('exec', name, 'touch', '/tmp/end');
  await until(
    () => docker('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', name),
    (state) => /^restarting [5-9]/.test(state),
    90_000,
  );
  await days.converges();
}

/** Bodies that take longer than the swap: the old ones are drained of them. */
async function uploadsInFlight(days: BadDays): Promise<void> {
  const stop = { now: false };
  const uploads = Array.from({ length: 6 }, (_, n) => upload(days.scene.port, `upload-${n}`, stop));
  const before = await days.running('app1');
  days.next();
  await days.nothingLost(async () => {
    const applying = days.apply();
    await until(
      () => days.running('app1').catch(() => before),
      (generation) => generation !== before,
      90_000,
    );
    stop.now = true;
    expect((await applying).code).toBe(0);
  });
  const answered = uploads.map((_, n) => expect.stringMatching(new RegExp(`^upload-${n} \\d{4,}\n$`)));
  expect(await Promise.all(uploads)).toEqual(answered);
}

/** A body that goes on until told, at least two seconds; gives the answer. */
function upload(port: number, id: string, stop: { now: boolean }): Promise<string> {
  return new Promise((resolve) => {
    const startedAt = Date.now();
    const sending = request(
      { port, host: '127.0.0.1', path: `/count/${id}`, method: 'POST', agent: false },
      (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('close', () => resolve(text));
      },
    );
    sending.on('error', ({ message }) => resolve(message));
    const timer = setInterval(() => {
      sending.write('x'.repeat(1000));
      if (!stop.now && Date.now() - startedAt < 10_000) return;
      clearInterval(timer);
      sending.end();
    }, 100);
  });
}

/** The balancer comes to the new one while nobody answers for the agent. */
async function theAgentIsKilledWhileItWaitsForTheBalancer(days: BadDays): Promise<void> {
  Object.assign(days.made.app, { strategy: { order: 'stop-first' } });
  const nothing = (loads: readonly LoadResult[]) => days.scene.expectNothingLost(loads);
  expect(await days.walkAgent((op) => op === 'socket.reached', nothing)).toEqual(['socket.reached']);
  delete days.made.app['strategy'];
}

/** The engine brings it up again, and the socket that it left is not in its way; nor is the one it does not listen on yet taken. */
async function crashesOnItsOwnSocket(days: BadDays): Promise<void> {
  const { entrypoint } = days.made.app;
  days.next('', { entrypoint: ['python3', '-c', SLEEPY_SERVER] });
  await days.scene.apply(days.made);
  const container = `${days.scene.name}-load-app0`;
  // It may be gone before the engine knows what became of these words.
  await docker('exec', container, 'sh', '-c', 'kill -USR1 1').catch(() => '');
  await until(
    () => docker('inspect', '-f', '{{.RestartCount}} {{.State.Running}}', container),
    (state) => /^[1-9]\d* true$/.test(state),
  );
  await until(
    async () => (await days.scene.folder.run(['status'])).stdout,
    (text) => /app0 .*healthy/.test(text),
  );
  await days.converges({ entrypoint });
}

/** Nobody is left who has seen them listen, and both refuse a path that exists. */
async function everythingEndsAtOnce(scene: LoadScene): Promise<void> {
  await scene.up(scene.served('node'));
  const names = ['agent', 'load-app0', 'load-app1'].map((name) => `${scene.name}-${name}`);
  const pids = rows(await docker('inspect', '-f', '{{.State.Pid}}', ...names));
  for (const pid of pids) process.kill(Number(pid), 'SIGKILL');
  await until(
    async () => (await scene.folder.run(['status'])).stdout,
    (text) => /app0 .*healthy/.test(text) && /app1 .*healthy/.test(text),
    60_000,
  );
  await answers(scene.url);
}

/** The old one comes back, and answers what was held. */
async function failsWhileItIsHeld(days: BadDays): Promise<void> {
  const before = await days.running('app0');
  days.next('never', { startup_time: 2 });
  await days.nothingLost(async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(1);
    expect(unfolded(ran.stderr)).toContain('not ready after 2 s');
  });
  expect(await days.running('app0')).toBe(before);
  await days.nothingLost(() => days.converges({ startup_time: 20 }));
}

/** The agent goes on holding; the next apply hands over. */
async function theCommandIsKilledWhileItIsHeld(days: BadDays): Promise<void> {
  for (const at of ['socket.drain', 'container.stop', 'container.start']) {
    days.next();
    await days.nothingLost(async () => {
      const killed = await days.applyWatching((op, kill) => {
        if (op === at) kill();
      });
      expect(killed.code).toBeNull();
      // One that had hardly started may not listen to its stop signal yet.
      const ran = await days.apply();
      expect(ran.code, ran.stderr).toBe(0);
    });
  }
  await days.converges();
}

/** What it held is lost with it, and what comes before it runs again; nothing else, and the apply goes on to its end. */
async function theAgentIsKilledWhileItHolds(days: BadDays): Promise<void> {
  const killed = await days.walkAgent(OF_AGENT, async (loads) => {
    for (const { sent, failed } of loads) expect(failed).toBeLessThan(sent);
    expect((await fetch(`${days.scene.url}/ping`)).status).toBe(200);
  });
  expect(killed).toEqual([
    'socket.hold',
    'socket.drain',
    'socket.unlink',
    'container.gate',
    'socket.release',
    'socket.unlink',
  ]);
  await days.nothingLost(() => days.converges());
}

/** Requests all the while, whatever became of those before; when each began, and what came of it. */
async function steadily(
  url: string,
  work: () => Promise<unknown>,
): Promise<readonly { readonly at: number; readonly status: number }[]> {
  const asked: Promise<{ at: number; status: number }>[] = [];
  const ask = async () => {
    const at = Date.now();
    const status = await fetch(`${url}/ping`, { headers: { connection: 'close' } }).then(
      (answer) => answer.status,
      () => 0,
    );
    return { at, status };
  };
  const timer = setInterval(() => asked.push(ask()), 10);
  await work().finally(() => clearInterval(timer));
  return Promise.all(asked);
}

/** Two clocks, and a client that takes its time to connect. */
const NEAR_MS = 100;

/** From the moment in which its path must be free for it until it has bound it, requests fail; no others. */
async function isHeldUntilItHasToBind(days: BadDays): Promise<void> {
  // One that takes its path along leaves a few milliseconds more, until the agent has put it back.
  days.next('leaves');
  await days.scene.apply(days.made);
  days.next('leaves');
  const at: Record<string, number> = {};
  const asked = await steadily(days.scene.url, async () => {
    const ran = await days.applyWatching((op) => (at[op] ??= Date.now()));
    expect(ran.code, failureOf(ran)).toBe(0);
  });
  const failed = asked.filter(({ status }) => status !== 200);
  expect(failed.length).toBeGreaterThan(0);
  const { 'socket.unlink': freed = 0, 'socket.release': ready = 0 } = at;
  expect(failed.filter((one) => one.at < freed - NEAR_MS || one.at > ready + NEAR_MS)).toEqual([]);
  expect(asked.filter((one) => one.at < freed - NEAR_MS).length).toBeGreaterThan(20);
}

/** The old one finds its path free, and binds it again. */
async function failsOnAPathThatItBindsItself(days: BadDays): Promise<void> {
  const before = await days.running('app0');
  days.next('never', { startup_time: 2 });
  const asked = await steadily(days.scene.url, async () => {
    const ran = await days.apply();
    expect(ran.code).toBe(1);
    expect(unfolded(ran.stderr)).toContain('not ready after 2 s');
    expect((await fetch(`${days.scene.url}/ping`)).status).toBe(200);
  });
  expect(asked.filter(({ status }) => ![200, 502, 503].includes(status))).toEqual([]);
  expect(await days.running('app0')).toBe(before);
  await until(
    () => days.files(),
    (names) => names.join() === 'app0.sock',
  );
  await days.converges({ startup_time: 20 });
}

/** One that leaves for good is drained like one with a path of its own. */
async function comesAndGoesOnAPathThatItBindsItself(days: BadDays): Promise<void> {
  await days.nothingLost(async () => {
    await days.converges({ containers: 3 });
    await days.converges({ containers: 2 });
  });
  expect(await days.files()).toEqual(['app0.sock', 'app1.sock']);
}

/** Neither a server that cannot bind nor a link that cannot be made leaves anybody without answers. */
async function fullDisk(scene: LoadScene): Promise<void> {
  const days = new BadDays(scene, { containers: 1 });
  const small = ['--opt', 'type=tmpfs', '--opt', 'device=tmpfs', '--opt', 'o=size=64k,nr_inodes=24'];
  await docker('volume', 'create', ...small, '--label', `io.stackc.stack=${scene.name}`, days.volume);
  await scene.up(days.made);
  const before = await days.running('app0');
  const fill = (free: number) =>
    days.agent(
      'node',
      '-e',
      `const fs = require('fs'); const at = (n) => '/stackc/v/${days.volume}/full-' + n;
       let n = 0; try { for (;;) { fs.writeFileSync(at(n), ''); n += 1; } } catch {}
       for (let i = 0; i < ${free}; i += 1) fs.unlinkSync(at(n - 1 - i));`,
    );
  const swap = { order: 'start-first' };
  for (const [strategy, free, words] of [
    [swap, 0, 'exited with code 1'],
    [swap, 1, 'the disk is full'],
    // Nobody is stopped who could not be stood in for.
    [{ order: 'stop-first' }, 0, 'the disk is full'],
  ] as const) {
    await fill(free);
    days.next('', { strategy });
    await days.nothingLost(async () => {
      const ran = await days.apply();
      expect(ran.code).toBe(1);
      expect(unfolded(ran.stderr)).toContain(words);
      expect(unfolded(ran.stderr)).toContain(`generation ${before} stays`);
    });
    expect(await days.running('app0')).toBe(before);
  }
  await days.agent('sh', '-c', `rm /stackc/v/${days.volume}/full-*`);
  await days.nothingLost(() => days.converges());
}

/** A balancer that is late with everything. */
async function starvedBalancer(scene: LoadScene): Promise<void> {
  const days = new BadDays(scene, { containers: 2, drain_timeout: 60 });
  days.made.haproxy['cpus'] = 0.1;
  await scene.up(days.made);
  const loads = await scene.underLoad([{ concurrency: 3 }, { concurrency: 2, keepAlive: true }], async () => {
    days.next();
    await scene.apply(days.made);
  });
  await scene.expectNothingLost(loads);
}
