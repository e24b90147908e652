import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stack, startStack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';
import { until } from '../support/stack-cli.ts';

let cwd: string;
let url = '';
let status = 200;
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.writeHead(status).end('answer');
});

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-prove-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/front`;
});
beforeEach(() => {
  status = 200;
  asked = [];
});
afterEach(() => write({}));
afterAll(async () => {
  server.close();
  await rm(cwd, { recursive: true, force: true });
});

const write = (env: Readonly<Record<string, string>>) =>
  writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({
      name: 'shop',
      monitor: 0,
      deploy: {
        shop: {
          containers: [
            { web: { deploy: 'auto', image: 'web:1', startup_time: 0.1, env } },
            { late: { deploy: 'auto', image: 'web:1', startup_time: 0.1, env, depends_on: ['web'] } },
          ],
        },
      },
    }),
  );

async function running(options: Parameters<typeof memoryEngine>[0] = {}): Promise<MemoryEngine> {
  const engine = memoryEngine({ images: { 'web:1': {} }, ...options });
  await write({});
  expect((await stack(['apply', '--yes'], { cwd, engine })).code).toBe(0);
  await write({ GENERATION: '2' });
  return engine;
}

describe('apply --prove', () => {
  it('asks before, during and after, and says what came of it', async () => {
    const engine = await running();
    const words = ['apply', '--yes', '--prove', url, '--prove-rate', '50', '--prove-method', 'head'];
    const { code, stderr } = await stack(words, { cwd, engine });
    expect(stderr).toMatch(
      /Proof: \d+ requests, 0 failed, p50 .+ ms, p99 .+ ms, slowest .+ ms\n {2}before {2}\d+ requests, 0 failed.*\n {2}during {2}\d+ requests, 0 failed.*\n {2}after {3}\d+ requests, 0 failed/,
    );
    expect(code).toBe(0);
    expect(new Set(asked)).toEqual(new Set(['HEAD /front']));
    expect(asked.length).toBeGreaterThan(200);
  });

  it('changes nothing where the front door fails by itself', async () => {
    const engine = await running();
    const before = engine.calls.filter(({ method }) => method === 'createContainer').length;
    status = 503;
    const { code, stderr } = await stack(['apply', '--yes', '--prove', url], { cwd, engine });
    expect(code).toBe(1);
    expect(stderr).toContain('fails before anything is changed: status 503');
    expect(stderr).toContain(
      'if this apply is to mend that, `--prove-after` judges only what comes after it',
    );
    expect(engine.calls.filter(({ method }) => method === 'createContainer')).toHaveLength(before);
  });

  it('ends at the first request that fails, and says what was under way', async () => {
    let isArmed = false;
    const engine = await running({
      before: ({ method }) => {
        if (isArmed && method === 'startContainer') status = 502;
      },
    });
    isArmed = true;
    const { code, stdout } = await stack(
      ['apply', '--yes', '--json', '--prove', url, '--prove-rate', '200'],
      {
        cwd,
        engine,
      },
    );
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(1);
    const proof = events.at(-1);
    expect(proof.type).toBe('proof');
    // One that was sent just before the first change counts for the phase in which it was sent.
    expect(proof.failures[0].what).toBe('status 502');
    expect(proof.failures[0].under_way.join()).toMatch(/(web0|late0) .*generation/);
    // What was under way was taken back; what comes after it was not begun.
    const finished = events.find(({ type }) => type === 'finished');
    expect(finished).toMatchObject({ failed: 0 });
    expect((await stack(['plan', '--detailed-exitcode'], { cwd, engine })).code).toBe(2);
  });

  it.each([
    ['mends it', false, 0, /after {3}\d+ requests, 0 failed/],
    ['does so for a moment', true, 1, /after {3}\d+ requests?, [1-9].*\n {2}failed at .*: status 503/],
  ])('--prove-after: an apply that %s is judged by what comes after it', async (_, again, expected, said) => {
    let starts = 0;
    const engine = await running({
      before: ({ method }) => {
        // The second of the two, at the second apply.
        if (method !== 'startContainer' || (starts += 1) !== 4) return;
        status = 200;
        // Within the two seconds that are judged.
        if (again) setTimeout(() => (status = 503), 1500);
      },
    });
    status = 503;
    const words = ['apply', '--yes', '--prove', url, '--prove-after', '--prove-rate', '50'];
    const { code, stderr } = await stack(words, { cwd, engine });
    expect(stderr).toMatch(/\d+ of \d+ requests fail before anything is changed; only what comes after/);
    expect(stderr).toContain('Applied in');
    expect(stderr).toMatch(said);
    expect(code).toBe(expected);
    expect((await stack(['plan', '--detailed-exitcode'], { cwd, engine })).code).toBe(0);
  });

  it('can be interrupted before the first change', async () => {
    const engine = await running();
    const { done, signal, texts } = startStack(['apply', '--yes', '--prove', url], { cwd, engine });
    await until(
      async () => texts.stderr,
      (text) => text.includes('asking http'),
    );
    signal('SIGINT');
    expect((await done).code).toBe(130);
    expect((await stack(['plan', '--detailed-exitcode'], { cwd, engine })).code).toBe(2);
  });

  it.each([
    [['--prove', 'shop.example'], 'http:// or https://'],
    [['--prove', 'ftp://shop.example/'], 'http:// or https://'],
    [['--prove', 'http://shop.example/', '--prove-rate', '1001'], 'at most 1000'],
    [['--prove', 'http://shop.example/', '--prove-method', 'G E T'], 'a method of HTTP'],
    [['--prove-rate', '5'], 'name the address'],
    [['--prove-after'], 'name the address'],
  ])('%j is wrong usage: 64', async (words, message) => {
    const { code, stderr } = await stack(['apply', '--yes', ...words], { cwd });
    expect(stderr).toContain(message);
    expect(code).toBe(64);
  });
});
