import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../../src/runtime/clock.ts';
import { askFrontDoor, type FrontDoorAnswer } from '../../../src/runtime/prove/front-door.ts';
import { Proof, type ProofFailure } from '../../../src/runtime/prove/proof.ts';
import { summarize } from '../../../src/runtime/prove/traffic-summary.ts';
import { until } from '../../support/stack-cli.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function serving(answer: RequestListener): Promise<URL> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

describe('one request', () => {
  const ask = (url: URL, timeoutMs = 5000) => askFrontDoor({ url, method: 'GET', timeoutMs });

  test('counts with its status, redirects too', async () => {
    const url = await serving((_, response) => response.writeHead(302, { location: '/login' }).end());
    expect(await ask(url)).toMatchObject({ ok: true, status: 302 });
  });

  test.each<[what: string, answer: RequestListener, error: RegExp]>([
    [
      'an answer that is cut off',
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' }).write('half');
        setTimeout(() => request.socket.destroy(), 20);
      },
      /the answer \(200\) was cut off/,
    ],
    ['a connection that is closed', (request) => request.socket.destroy(), /closed without an answer/],
    ['no answer in time', () => undefined, /no answer within 0.2 s/],
  ])('%s is a failure', async (_what, answer, error) => {
    expect(await ask(await serving(answer), 200)).toMatchObject({
      ok: false,
      error: expect.stringMatching(error),
    });
  });

  test('nobody who listens is a failure', async () => {
    const url = await serving(() => undefined);
    closing.splice(0).forEach((close) => close());
    expect(await ask(url)).toMatchObject({ ok: false, error: 'ECONNREFUSED' });
  });
});

describe('a proof', () => {
  /** Answers as the test says, at once. */
  function proof(
    answer: () => Omit<FrontDoorAnswer & { ok: true }, 'ms'> | Omit<FrontDoorAnswer & { ok: false }, 'ms'>,
  ) {
    const failures: ProofFailure[] = [];
    const made = new Proof({
      url: new URL('http://shop.example/'),
      method: 'GET',
      judgedFrom: 'before',
      timeoutMs: 1000,
      ratePerS: 500,
      clock: systemClock,
      onFailure: (failure) => failures.push(failure),
      ask: async () => ({ ...answer(), ms: 2 }),
    });
    return { made, failures };
  }

  const seen = (made: Proof, phase: 'before' | 'during' | 'after') =>
    until(
      async () => made.report().phases[phase].sent,
      (sent) => sent >= 5,
    );

  test('counts each request where it was sent', async () => {
    const { made, failures } = proof(() => ({ ok: true, status: 200 }));
    made.start();
    for (const phase of ['before', 'during', 'after'] as const) {
      made.enter(phase);
      await seen(made, phase);
    }
    const { phases, total } = await made.stop();
    expect(failures).toEqual([]);
    expect(total.sent).toBe(phases.before.sent + phases.during.sent + phases.after.sent);
    expect(total).toMatchObject({ failed: 0, p50Ms: 2, p99Ms: 2, slowestMs: 2 });
    const after = made.report().total.sent;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(made.report().total.sent).toBe(after);
  });

  test('a status of 400 and more fails when it is new, one of 500 and more always', async () => {
    let status = 401;
    const { made, failures } = proof(() => ({ ok: true, status }));
    made.start();
    await seen(made, 'before');
    made.enter('during');
    await seen(made, 'during');
    expect(failures).toEqual([]);
    status = 404;
    await until(
      async () => failures.length,
      (count) => count > 0,
    );
    expect(failures[0]).toMatchObject({ phase: 'during', what: 'status 404, never given before' });
    status = 503;
    made.enter('after');
    await until(
      async () => failures.at(-1)?.what,
      (what) => what === 'status 503',
    );
    const report = await made.stop();
    expect(report.phases.during.failed).toBeGreaterThan(0);
    expect(report.failures.length).toBeLessThanOrEqual(10);
  });
});

test('percentiles are times that were measured', () => {
  expect(summarize(0, 0, [])).toEqual({ sent: 0, failed: 0, p50Ms: null, p99Ms: null, slowestMs: null });
  expect(summarize(3, 1, [9, 1, 5])).toMatchObject({ p50Ms: 5, p99Ms: 9, slowestMs: 9 });
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(summarize(100, 0, hundred)).toMatchObject({ p50Ms: 50, p99Ms: 99, slowestMs: 100 });
});
