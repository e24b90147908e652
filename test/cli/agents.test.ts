import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { SERVED_FILE } from '../../src/compiler/metrics/served-places.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, startStack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let memory: MemoryEngine;

const app = { deploy: 'auto', image: 'app:1', startup_time: 0.01, containers: 2 };
const job = { deploy: 'cron', image: 'app:1', cron: '5 3 * * *' };
const write = (more: object, containers: object = { app }) =>
  writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({ name: 'shop', monitor: 0, deploy: { shop: { containers } }, ...more }),
  );

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-agents-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));
beforeEach(() => {
  memory = memoryEngine({ images: { 'app:1': {}, [agentImage().tag]: {} } });
});

const cli = (words: readonly string[], rest: Partial<Parameters<typeof stack>[1]> = {}) =>
  stack(words, { cwd, engine: memory, ...rest });
async function apply(): Promise<void> {
  const { code, stderr } = await cli(['apply', '--yes']);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

/** The lines below the name of an agent. */
async function told(name: string, words: readonly string[] = [], where = cwd): Promise<readonly string[]> {
  const { stdout } = await cli([...words, 'agent', 'status'], { cwd: where });
  const lines = stdout.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`${name} `));
  const next = lines.findIndex((line, index) => index > at && !line.startsWith('    '));
  return lines.slice(at + 1, next).map((line) => line.trim());
}

describe('agent status', () => {
  it('says what it scales', async () => {
    const scaled = { ...app, scale: { min: 1, max: 3, command: { command: 'cat /load', target: 5 } } };
    await write({}, { app: scaled });
    await apply();
    expect((await told('shop-agent-engine'))[0]).toBe('heals 2 instances; scales 1 container');
  });

  it('says what each is there for, and what comes next', async () => {
    await write({ agent: { metrics: { port: 9464 } }, heal: true }, { app, job });
    await apply();
    expect(await told('shop-agent')).toEqual([
      'keeps the journal and the lock; asks whether instances are ready',
    ]);
    expect(await told('shop-agent-engine')).toEqual([
      'starts 1 job; heals 2 instances; serves metrics at `127.0.0.1:9464`',
      expect.stringMatching(/^next: job at \d{4}-\d\d-\d\d 03:05 UTC$/),
    ]);
    // Without the file.
    expect((await told('shop-agent-engine', ['--name', 'shop'], tmpdir()))[0]).toBe(
      'starts 1 job; heals what does not say `heal: false`; serves metrics at `127.0.0.1:9464`',
    );
    const { agents } = JSON.parse((await cli(['agent', 'status', '--json'])).stdout);
    expect(agents[1]).toMatchObject({
      name: 'shop-agent-engine',
      plane: 'engine',
      state: 'running',
      current: true,
      restarts: 0,
      tasks: expect.arrayContaining(['starts 1 job']),
    });
  });

  it('does not say that it serves metrics where it cannot, and neither does `stack status`', async () => {
    await write({ agent: { metrics: { socket: '/run/one/shop.sock', port: 9464 } } });
    await apply();
    const keep = async (why: string | null): Promise<void> => {
      const places = [
        { at: '/run/one/shop.sock', why },
        { at: '127.0.0.1:9464', why: null },
      ];
      const content = new TextEncoder().encode(JSON.stringify({ version: 1, places }));
      const file = { path: SERVED_FILE, content, mode: 0o600, uid: 0, gid: 0 };
      await memory.putFiles('shop-agent-engine', [file], 0);
    };
    await keep(null);
    expect((await told('shop-agent-engine'))[0]).toMatch(
      /serves metrics at `\/run\/one\/shop\.sock` and `127\.0\.0\.1:9464`$/,
    );
    expect((await cli(['status', '--detailed-exitcode'])).code).toBe(0);

    await keep('somebody else listens there');
    expect((await told('shop-agent-engine')).join(' ')).toContain(
      'serves metrics at `127.0.0.1:9464`; cannot serve metrics at `/run/one/shop.sock`: somebody else listens there',
    );
    const why =
      'no metrics are served at `/run/one/shop.sock`: somebody else listens there; the agent tries again until it can, or `agent.metrics` names another place';
    for (const [words, where] of [
      [[], cwd],
      [['--name', 'shop'], tmpdir()],
    ] as const) {
      const found = await cli([...words, 'status', '--detailed-exitcode'], { cwd: where });
      expect(found.stderr.replaceAll(/\s+/g, ' ')).toContain(why);
      expect(found.code).toBe(2);
    }
  });

  it('knows one that is there for metrics alone, with the file and without', async () => {
    await write({ agent: { metrics: true } });
    await apply();
    const places = ['serves metrics at `/run/stackc/shop.sock`'];
    expect(await told('shop-agent-engine')).toEqual(places);
    expect(await told('shop-agent-engine', ['--name', 'shop'], tmpdir())).toEqual(places);
  });

  it('counts restarts, and says how to go on where one does not run', async () => {
    await write({ heal: true });
    await apply();
    memory.crash('shop-agent-engine', 1);
    await expect
      .poll(async () => JSON.parse((await cli(['agent', 'status', '--json'])).stdout).agents[1])
      .toMatchObject({ restarts: 1, state: 'running' });
    await memory.stopContainer('shop-agent-engine', 1);
    expect((await cli(['agent', 'status'])).stderr).toBe(
      '`shop-agent-engine` is exited: `stack agent logs engine` may tell why, `stack apply` brings it back\n',
    );
    expect(await told('shop-agent-engine')).toEqual(['until it runs, nobody heals 2 instances']);
    await memory.removeContainer('shop-agent-engine');
    expect((await cli(['agent', 'status'])).stderr).toBe(
      'nothing is healed: the agent that does it, `shop-agent-engine`, is gone; `stack apply` brings it back\n',
    );
  });
});

describe('status', () => {
  const scale = { min: 1, max: 3, command: { command: 'cat /load', target: 5 } };
  it.each([
    ['jobs', { app, job }, 'no job runs: the agent that starts them', '; nothing is healed meanwhile\n'],
    ['nothing but scaling', { app: { ...app, scale } }, 'nothing is healed: the agent that does it', ''],
    ['jobs, and none to heal', { app: { ...app, heal: false }, job }, 'no job runs', 'brings it back\n'],
  ])('says all that nobody does where the agent is there for %s', async (_, containers, begin, end) => {
    await write({}, containers);
    await apply();
    await memory.stopContainer('shop-agent-engine', 1);
    const { stderr } = await cli(['status']);
    expect(stderr.startsWith(begin) && stderr.endsWith(end), stderr).toBe(true);
  });

  it('says in `agent status` that nothing is scaled where that agent is gone', async () => {
    await write({}, { app: { ...app, scale } });
    await apply();
    await memory.removeContainer('shop-agent-engine');
    expect((await cli(['agent', 'status'])).stderr).toMatch(
      /^nothing is healed and nothing is scaled by itself: the agent that does it, `shop-agent-engine`, is gone/,
    );
  });

  it('warns where healing or metrics are wanted, and nobody is there for it', async () => {
    await write({ heal: true, agent: { metrics: { port: 9464 } } });
    await apply();
    const status = () => cli(['status', '--detailed-exitcode']);
    expect(await status()).toMatchObject({ code: 0, stderr: '' });
    await memory.removeContainer('shop-agent-engine');
    expect(await status()).toMatchObject({
      code: 2,
      stderr:
        'nothing is healed and no metrics are served: the agent that does it, `shop-agent-engine`, is gone; `stack apply` brings it back\n',
    });
  });

  it('warns without the file, by what the agent was made for', async () => {
    await write({ agent: { metrics: { port: 9464 } } });
    await apply();
    await memory.stopContainer('shop-agent-engine', 1);
    const { stderr } = await cli(['status', '--name', 'shop'], { cwd: tmpdir() });
    expect(stderr).toBe(
      'no metrics are served: the agent that does it, `shop-agent-engine`, is exited; `stack apply` brings it back\n',
    );
  });
});

describe('agent logs', () => {
  beforeEach(async () => {
    await write({ heal: true });
    await apply();
    memory.print('shop-agent', 'stdout', 'of the stack');
    memory.print('shop-agent-engine', 'stdout', 'of the engine, first');
    memory.print('shop-agent-engine', 'stdout', 'of the engine, last');
  });

  it('shows all, or those that are named by plane or by container', async () => {
    expect((await cli(['agent', 'logs'])).stdout).toMatch(/^shop-agent +│ of the stack$/m);
    expect((await cli(['agent', 'logs', 'engine', '--tail', '1'])).stdout).toBe('of the engine, last\n');
    expect((await cli(['agent', 'logs', 'shop-agent'])).stdout).toBe('of the stack\n');
    expect((await cli(['agent', 'logs', 'stack', '--timestamps'])).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT\S+ of the stack\n$/,
    );
  });

  it('knows which agents there are', async () => {
    expect(await cli(['agent', 'logs', 'app0'])).toMatchObject({
      code: 64,
      stderr:
        'error: `app0` is no agent\nhelp: agents are `stack`, `host` and `engine`; for a stack file: `--file app0`\n',
    });
    expect(await cli(['agent', 'logs', 'host'])).toMatchObject({
      code: 1,
      stderr:
        'error: stack `shop` has no agent `host` on this engine\nhelp: `stack agent status` shows those that there are\n',
    });
  });

  it('goes on with what comes, and with the agent that comes after it', async () => {
    const running = startStack(['agent', 'logs', '-f', 'engine'], { cwd, engine: memory });
    const shows = (text: string) => expect.poll(() => running.texts.stdout).toContain(text);
    await shows('of the engine, last\n');
    memory.print('shop-agent-engine', 'stdout', 'as it comes');
    await shows('as it comes\n');
    await memory.removeContainer('shop-agent-engine');
    await apply();
    memory.print('shop-agent-engine', 'stdout', 'of the next one');
    await shows('of the next one\n');
    expect(running.texts.stdout).not.toContain('of the stack');
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
  });
});
