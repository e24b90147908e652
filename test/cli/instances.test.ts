import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, startStack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let memory: MemoryEngine;

const app = {
  deploy: 'auto',
  image: 'app:1',
  startup_time: 0.01,
  env: { GREETING: 'hello' },
  ports: ['8080'],
};
const stackFile = {
  name: 'shop',
  deploy: {
    shop: {
      data_volumes: [{ data: { volumes: ['/data'] } }],
      containers: [
        { app: { ...app, containers: 2, volumes_from: ['data'] } },
        {
          nightly: {
            deploy: 'cron',
            image: 'app:1',
            command: 'work hard',
            env_from: 'app',
            cron: { minute: 5 },
          },
        },
      ],
    },
  },
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-cli-'));
  await writeFile(join(cwd, 'stack.json'), JSON.stringify(stackFile));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

beforeEach(async () => {
  memory = memoryEngine({
    images: { 'app:1': {}, [agentImage().tag]: {} },
    behaviour: ({ labels: own, command }) => {
      if (own[labels.role] !== 'run') return {};
      if (command?.[0] === 'forever') return {};
      return {
        exitAfterMs: 5,
        exitCode: command?.[0] === 'fail' ? 3 : 0,
        output: [
          { stream: 'stdout', text: `ran ${command?.join(' ') ?? ''}` },
          { stream: 'stderr', text: 'to stderr' },
        ],
      };
    },
    exec: async ({ command, tty, env }, play) => {
      play.stdout(
        `${play.container.name.replace('/', '')} ${command.join(' ')} ${tty} ${env?.join() ?? ''}\n`,
      );
      play.stderr('careful\n');
      for await (const data of play.input) play.stdout(`got ${Buffer.from(data).toString()}`);
      return 7;
    },
  });
  const { code, stderr } = await stack(['apply', '--yes'], { cwd, engine: memory });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
});

const cli = (words: readonly string[], rest: Partial<Parameters<typeof stack>[1]> = {}) =>
  stack(words, { cwd, engine: memory, ...rest });

describe('status', () => {
  it('shows every instance, and what runs by the clock', async () => {
    const { code, stdout } = await cli(['status']);
    expect(code).toBe(0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/).slice(0, 3).join(' '));
    expect(rows).toEqual(['INSTANCE GEN STATE', 'app0 1 running', 'app1 1 running', 'nightly cron app:1']);
    expect(stdout).toMatch(/nightly .* by hand: stack run nightly\n/);
  });

  it('needs no file with --name', async () => {
    const { code, stdout } = await cli(['status', '--name', 'shop'], { cwd: tmpdir() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^INSTANCE.*\napp0 .*\napp1 .*\n$/);
    expect((await cli(['status', '--name', 'nobody'], { cwd: tmpdir() })).stdout).toBe(
      'Nothing of stack `nobody` is on this engine.\n',
    );
  });

  it('shows what is missing and what has ended', async () => {
    await memory.stopContainer('shop-app0', 1);
    await memory.removeContainer('shop-app1');
    const { stdout } = await cli(['status']);
    expect(stdout).toMatch(/app0 .*exited.*to be started; exit code 143\n/);
    expect(stdout).toMatch(/app1 .*missing/);
  });

  it('gives the same as JSON', async () => {
    const document = JSON.parse((await cli(['status', '--json'])).stdout);
    expect(document).toMatchObject({ format_version: 1, stack: 'shop' });
    expect(document.instances[0]).toMatchObject({
      application: 'shop',
      container: 'app',
      instance: 'app0',
      generation: 1,
      state: 'running',
      health: 'none',
      image: 'app:1',
      image_id: expect.stringMatching(/^sha256:/),
      notes: [],
    });
  });

  it('still shows what runs when a secret is missing', async () => {
    const file = structuredClone(stackFile) as Record<string, unknown>;
    file['secrets'] = { token: { env: 'NOT_SET' } };
    const text = JSON.stringify(file).replace('"hello"', '"%{secret:token}"');
    await writeFile(join(cwd, 'secret.json'), text);
    const { code, stdout, stderr } = await cli(['status', '-f', 'secret.json']);
    expect(code).toBe(0);
    expect(stderr).toContain('STK341');
    expect(stdout).toContain('app0');
  });
});

describe('logs', () => {
  beforeEach(() => {
    memory.print('shop-app0', 'stdout', 'one');
    memory.print('shop-app1', 'stderr', 'two');
    memory.print('shop-app0', 'stdout', 'three');
  });

  it('prefixes the lines of several instances', async () => {
    const { code, stdout } = await cli(['logs', 'app']);
    expect(code).toBe(0);
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual(['app0 │ one', 'app0 │ three', 'app1 │ two']);
  });

  it('leaves the output of a single one as it is', async () => {
    expect((await cli(['logs', 'app0'])).stdout).toBe('one\nthree\n');
    expect((await cli(['logs', 'app0', '--tail', '1'])).stdout).toBe('three\n');
    expect((await cli(['logs', 'app1', '--timestamps'])).stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+Z two\n$/);
  });

  it('goes on with -f until the containers end', async () => {
    const following = cli(['logs', 'app0', '-f']);
    await new Promise((resolve) => setTimeout(resolve, 20));
    memory.print('shop-app0', 'stdout', 'four');
    memory.crash('shop-app0', 1);
    const { code, stdout } = await following;
    expect(code).toBe(0);
    expect(stdout).toBe('one\nthree\nfour\n');
  });

  it('names what is near to an unknown name', async () => {
    const { code, stderr } = await cli(['logs', 'app7']);
    expect(code).toBe(64);
    expect(stderr).toBe(
      'error: stack `shop` has no container or instance `app7` on this engine\nhelp: did you mean `app`, `app0` or `app1`?\n',
    );
    const nothing = await cli(['logs', '--name', 'nobody']);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain('nothing of stack `nobody` is on this engine');
  });
});

describe('exec', () => {
  it('passes output, input and the exit code through', async () => {
    const { code, stdout, stderr } = await cli(['exec', 'app1', '--', 'ls', '-la', '--json'], {
      input: 'some input\n',
    });
    expect(code).toBe(7);
    expect(stdout).toBe('shop-app1 ls -la --json false \ngot some input\n');
    expect(stderr).toBe('careful\n');
  });

  it('takes the first running instance of a container', async () => {
    memory.crash('shop-app0', 1);
    expect((await cli(['exec', 'app', '--', 'id'])).stdout).toMatch(/^shop-app1 id/);
    memory.crash('shop-app1', 1);
    const none = await cli(['exec', 'app', '--', 'id']);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('error: `app` is not running');
  });
});

describe('run', () => {
  it('runs a cron container once, passes its output on and removes it', async () => {
    const { code, stdout, stderr } = await cli(['run', 'nightly']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran work hard\n' });
    expect(stderr).toContain('to stderr\n');
    expect(await memory.listContainers([`${labels.role}=run`])).toEqual([]);
    const created = memory.calls.find(
      ({ method, line }) => method === 'createContainer' && line.includes('.run.'),
    );
    expect(created?.line).toMatch(/shop-nightly\.run\.[0-9a-f]{8}/);
  });

  it('runs another command with the environment and mounts of the container, without its ports', async () => {
    const { code } = await cli(['run', 'app', '--', 'fail', 'now']);
    expect(code).toBe(3);
    const config = memory.calls
      .filter(({ method }) => method === 'createContainer')
      .map(({ args }) => args[0])
      .at(-1);
    expect(config).toMatchObject({
      command: ['fail', 'now'],
      env: expect.arrayContaining(['GREETING=hello']),
      mounts: [{ target: '/data' }],
      ports: [],
      network: 'shop',
    });
  });

  it('stops on Ctrl-C: 130, and nothing is left', async () => {
    const running = startStack(['run', 'app', '--', 'forever'], { cwd, engine: memory });
    while ((await memory.listContainers([`${labels.role}=run`])).every(({ state }) => state !== 'running')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
    expect(await memory.listContainers([`${labels.role}=run`])).toEqual([]);
  });

  it('is seen by status and taken down by destroy when it was killed', async () => {
    const running = startStack(['run', 'app', '--', 'forever'], { cwd, engine: memory });
    const runs = () => memory.listContainers([`${labels.role}=run`]);
    while ((await runs()).every(({ state }) => state !== 'running')) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await cli(['status'])).stdout).toMatch(
      /\nshop-app\.run\.[0-9a-f]{8} +running .* of `stack run`, under way or left over\n/,
    );
    const { code, stdout, stderr } = await cli(['destroy', '--yes']);
    expect(code).toBe(0);
    expect(stderr).not.toContain('generation 0');
    expect(stdout).toMatch(/- remove +run shop-app\.run\.[0-9a-f]{8}\n/);
    expect(await runs()).toEqual([]);
    expect(await memory.inspectNetwork('shop')).toBeNull();
    await running.done;
  });

  it('refuses to run what has not been applied, before anything is made', async () => {
    const fresh = memoryEngine({ images: { 'app:1': {} } });
    const { code, stderr } = await cli(['run', 'app'], { engine: fresh });
    expect(code).toBe(1);
    expect(stderr).toContain('the engine lacks network `shop`, volume `');
    expect(stderr).toContain('`stack apply` makes what the stack needs');
    expect(fresh.calls.map(({ method }) => method)).not.toContain('createContainer');
  });

  it('knows its names', async () => {
    const { code, stderr } = await cli(['run', 'nighty']);
    expect(code).toBe(64);
    expect(stderr).toContain('did you mean `nightly`');
  });
});

describe('agent', () => {
  it('builds its image, and tells of agents', async () => {
    const built = await cli(['agent', 'build']);
    expect(built).toMatchObject({ code: 0, stdout: `${agentImage().tag}\n` });
    const none = await cli(['agent', 'status']);
    expect(none.stdout).toContain('Stack `shop` has no agent on this engine');
    expect((await cli(['agent', 'logs'])).code).toBe(1);
  });
});
