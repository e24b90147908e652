import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Handed } from '../../src/cli/detach/handed.ts';
import { begunLine } from '../../src/cli/detach/handed.ts';
import { labels } from '../../src/compiler/labels.ts';
import { workerConfig } from '../../src/compiler/plan/worker-config.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, startStack } from '../support/cli.ts';
import type { Behaviour } from '../support/memory/behaviour.ts';
import { plainConfig } from '../support/plain-config.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

const TEXT = JSON.stringify({
  name: 'shop',
  secrets: { KEY: { env: 'KEY' } },
  deploy: {
    shop: {
      containers: {
        app: {
          deploy: 'auto',
          image: 'app:1',
          startup_time: 0.01,
          env: { KEY: '%{secret:KEY}' },
          files: { '/etc/app.conf': { file: 'app.conf' } },
        },
      },
    },
  },
});

let cwd = '';
let memory: MemoryEngine;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-detach-'));
  memory = memoryEngine({ images: { 'app:1': {}, [agentImage().tag]: {} } });
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const worker = () =>
  workerConfig('shop', {
    image: agentImage().tag,
    engineSocket: '/run/engine.sock',
    asks: false,
    command: [],
  });

/** What is handed over for the stack file, as it would be for an engine without anything. */
async function handed(): Promise<Handed> {
  await writeFile(join(cwd, 'stack.json'), TEXT);
  await writeFile(join(cwd, 'app.conf'), 'one\n');
  const { stdout } = await stack(['plan', '--json'], { cwd, engine: memory, env: { KEY: 'the-secret' } });
  const image = await memory.inspectImage('app:1');
  if (image === null) throw new Error('no image');
  return {
    name: 'shop',
    source: { path: 'stack.json', text: TEXT, format: 'json' },
    inputs: {
      images: { 'app:1': { kind: 'local', id: image.id, config: image.config, warning: null } },
      env: {},
      secrets: { KEY: { value: 'the-secret' } },
      host: { name: 'memory', publicIp: null, logDriver: 'json-file' },
      dataMounts: {},
      builds: {},
    },
    files: { 'app.conf': Buffer.from('one\n').toString('base64') },
    migrations: true,
    hooks: false,
    selection: { include: [], force: [], only: [], allowRemoveAll: false },
    nodes: camelCase(JSON.parse(stdout).nodes) as Handed['nodes'],
    begin: { command: 'apply', of: null, user: 'anna', host: 'laptop', program: '1', file: null, git: null },
    again: 'stack apply',
    auth: {},
    prove: null,
    lockTimeoutS: 0,
    engineSocket: '/var/run/docker.sock',
  };
}

/** The keys of a plan as the program has them. */
function camelCase(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member) || key === 'labels')
      return member;
    return Object.fromEntries(
      Object.entries(member).map(([name, one]: readonly [string, unknown]) => [
        name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
        one,
      ]),
    );
  });
}

const takeOver = (input: string) => stack(['take-over'], { cwd: tmpdir(), engine: memory, input });

describe('what takes over', () => {
  it('does what was approved, in the name of who approved it', async () => {
    const { code, stdout, stderr } = await takeOver(JSON.stringify(await handed()));
    expect(stderr).toContain('Applied in');
    expect(code).toBe(0);
    expect(stdout).toBe(`${begunLine('apply', 1)}\n`);
    const app = memory.containers().find(({ name }) => name === 'shop-app0');
    expect(app?.env).toContain('KEY=the-secret');
    expect((await stack(['history'], { cwd, engine: memory })).stdout).toMatch(/^1 .* anna@laptop .* done$/m);
  });

  it('removes what was adopted and is no longer in the file: that is no way back to another time', async () => {
    const id = await memory.createContainer(plainConfig({ name: 'db0', image: 'app:1' }));
    await memory.startContainer(id);
    const file = JSON.parse(TEXT) as { deploy: { shop: { containers: object } } };
    const db = { deploy: 'manual', image: 'app:1' };
    Object.assign(file.deploy.shop.containers, { db });
    await writeFile(join(cwd, 'stack.json'), JSON.stringify(file));
    await writeFile(join(cwd, 'app.conf'), 'one\n');
    const env = { KEY: 'the-secret' };
    expect(await stack(['apply', '--adopt', '--yes'], { cwd, engine: memory, env })).toMatchObject({
      code: 0,
    });
    const { code, stderr } = await takeOver(JSON.stringify(await handed()));
    expect(code, stderr).toBe(0);
    expect(memory.containers().map(({ name }) => name)).not.toContain('db0');
  });

  it('does nothing that was not approved', async () => {
    const whole = await handed();
    const { code, stderr, stdout } = await takeOver(
      JSON.stringify({ ...whole, nodes: whole.nodes.slice(1) }),
    );
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('error: stack `shop` has changed since this plan was made; nothing was done');
    expect(memory.containers()).toEqual([]);
  });

  it('does nothing with half of it', async () => {
    const { code, stderr } = await takeOver(JSON.stringify(await handed()).slice(0, -20));
    expect(code).toBe(1);
    expect(stderr).toContain('error: what was handed over is not whole');
    expect(memory.containers()).toEqual([]);
  });
});

describe('attach', () => {
  it('says so where no apply goes on by itself', async () => {
    const none = await stack(['attach', '--name', 'shop'], { cwd, engine: memory });
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toContain('nothing of stack `shop` is on this engine');
    await takeOver(JSON.stringify(await handed()));
    const over = await stack(['attach'], { cwd, engine: memory });
    expect(over).toMatchObject({ code: 1 });
    expect(over.stderr).toContain('error: no apply of stack `shop` goes on by itself');
  });

  /** One that has said this and ended, with 3. */
  async function ended(output: NonNullable<Behaviour['output']>): Promise<void> {
    memory = memoryEngine({
      images: { [agentImage().tag]: {} },
      behaviour: ({ labels: own }) =>
        own[labels.role] === 'apply' ? { exitAfterMs: 0, exitCode: 3, output } : {},
    });
    await memory.startContainer(await memory.createContainer(worker()));
    await memory.waitContainer('shop.apply');
  }

  it('says of one that is over which it was and when, then what it has said, and ends as it has ended', async () => {
    await ended([
      { stream: 'stderr', text: 'waiting for the lock' },
      { stream: 'stdout', text: begunLine('rollback', 41) },
      { stream: 'stdout', text: '{"type":"finished"}' },
      { stream: 'stderr', text: 'Failed after 1 s' },
    ]);
    const { code, stdout, stderr } = await stack(['attach', '--name', 'shop'], { cwd, engine: memory });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '{"type":"finished"}\n' });
    expect(stderr).toMatch(
      /^no apply goes on: rollback 41, begun \S+ \S+Z, has ended with exit code 3; it said:\nwaiting for the lock\nFailed after 1 s\n$/,
    );
  });

  it('tells all, though the engine ends what is followed before its last lines', async () => {
    const output = ['one', 'one', 'Applied in 1 s'].map((text) => ({ stream: 'stderr', text }) as const);
    memory = memoryEngine({ images: { [agentImage().tag]: {} }, behaviour: () => ({ output }) });
    await memory.startContainer(await memory.createContainer(worker()));
    const engine: typeof memory = {
      ...memory,
      async *logs(id, options) {
        let count = 0;
        for await (const chunk of memory.logs(id, options)) {
          count += 1;
          if (options.follow && count > 1) return;
          yield chunk;
        }
      },
    };
    const attached = startStack(['attach', '--name', 'shop'], { cwd, engine });
    await vi.waitFor(() => expect(attached.texts.stderr).toBe('one\n'));
    memory.crash('shop.apply', 3);
    expect(await attached.done).toEqual({ code: 3, stdout: '', stderr: 'one\none\nApplied in 1 s\n' });
  });

  it('says so of one that has never begun, too', async () => {
    await ended([{ stream: 'stderr', text: 'error: no' }]);
    const { stderr } = await stack(['attach', '--name', 'shop'], { cwd, engine: memory });
    expect(stderr).toMatch(/^no apply goes on: the last one, begun .*; it said:\nerror: no\n$/);
  });

  it('says nothing more of one that goes on', async () => {
    memory = memoryEngine({
      images: { [agentImage().tag]: {} },
      behaviour: () => ({ output: [{ stream: 'stderr', text: 'Applied in 1 s' }] }),
    });
    await memory.startContainer(await memory.createContainer(worker()));
    const attached = startStack(['attach', '--name', 'shop'], { cwd, engine: memory });
    await vi.waitFor(() => expect(attached.texts.stderr).toContain('Applied'));
    memory.crash('shop.apply', 0);
    expect(await attached.done).toEqual({ code: 0, stdout: '', stderr: 'Applied in 1 s\n' });
  });
});

describe('detach', () => {
  it('is refused while one goes on by itself', async () => {
    await handed();
    await memory.startContainer(await memory.createContainer(worker()));
    const { code, stderr } = await stack(['apply', '--yes', '--detach'], {
      cwd,
      engine: memory,
      env: { KEY: 'the-secret' },
    });
    expect(code).toBe(75);
    expect(stderr).toContain('goes on by itself, in the container `shop.apply`; nothing was done');
  });

  it('goes with the stack', async () => {
    await takeOver(JSON.stringify(await handed()));
    await memory.createContainer(worker());
    await stack(['destroy', '--yes'], { cwd, engine: memory });
    expect(memory.containers()).toEqual([]);
  });
});

describe('the container of an apply', () => {
  it('has the engine’s socket and nothing else, and no network unless it sends requests', () => {
    const config = worker();
    expect(config).toMatchObject({
      name: 'shop.apply',
      network: 'none',
      env: [],
      openStdin: true,
      restart: { name: 'no' },
      labels: { [labels.role]: 'apply' },
      log: { driver: 'json-file' },
    });
    expect(config.mounts).toMatchObject([
      { type: 'bind', source: '/run/engine.sock', target: '/var/run/docker.sock', mustExist: true },
    ]);
    const asking = { image: 'a', engineSocket: '/run/engine.sock', asks: true, command: [] };
    expect(workerConfig('shop', asking).network).toBe('host');
  });
});
