import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { until } from '../support/stack-cli.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let memory: MemoryEngine;

const app = {
  deploy: 'auto',
  image: 'app:1',
  startup_time: 0.01,
  env: { GREETING: 'hello' },
  ports: ['8080'],
  // Without a drain.
  strategy: { order: 'stop-first' },
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
    expect(stdout).toMatch(/nightly .* next \d{4}-\d\d-\d\d \d\d:\d\d UTC\n/);
    // Nothing says how they could be asked.
    expect(stdout).toMatch(/^app0 +1 +running +– /m);
  });

  it('needs no file with --name', async () => {
    const { code, stdout } = await cli(['status', '--name', 'shop'], { cwd: tmpdir() });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^INSTANCE.*\napp0 .*\napp1 .*\nnightly .*\n$/);
  });

  it('knows no stack that is not there: 1, and the nearest', async () => {
    for (const words of [
      ['status'],
      ['logs'],
      ['exec', 'app', 'id'],
      ['agent', 'status'],
      ['agent', 'logs'],
    ]) {
      const { code, stdout, stderr } = await cli(['--name', 'shpo', ...words], { cwd: tmpdir() });
      expect({ words, code, stdout, stderr }).toEqual({
        words,
        code: 1,
        stdout: '',
        stderr: 'error: nothing of stack `shpo` is on this engine\nhelp: did you mean `shop`?\n',
      });
    }
    const gone = await cli(['destroy', '--name', 'shpo', '--yes'], { cwd: tmpdir() });
    expect(gone).toEqual({
      code: 0,
      stdout: 'Nothing to do: nothing of stack `shpo` is on this engine.\n',
      stderr: 'did you mean `shop`?\n',
    });
    const empty = await cli(['status', '--name', 'shop'], { cwd: tmpdir(), engine: memoryEngine() });
    expect(empty.code).toBe(1);
    expect(empty.stderr).toContain('help: there is no stack at all');
  });

  it('knows a stack by what is left of it', async () => {
    await cli(['destroy', '--yes']);
    const { code, stdout } = await cli(['status', '--name', 'shop'], { cwd: tmpdir() });
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: 'No container of stack `shop` is on this engine.\n',
    });
    expect((await cli(['ls'])).stdout).toBe('STACK  RUNNING  VOLUMES\nshop   0/0      2\n');
  });

  it('shows what is missing and what has ended', async () => {
    await memory.stopContainer('shop-app0', 1);
    await memory.removeContainer('shop-app1');
    const { stdout } = await cli(['status']);
    expect(stdout).toMatch(/app0 .*exited.*to be started; exit code 143\n/);
    expect(stdout).toMatch(/app1 .*missing/);
  });

  it('tells of one that keeps ending, even while it runs', async () => {
    memory.crash('shop-app0', 3);
    await until(
      async () => (await memory.inspectContainer('shop-app0'))?.state,
      (state) => state === 'running',
    );
    const { stdout } = await cli(['status']);
    expect(stdout).toMatch(/app0 .*running.*\n?.*has ended and was started again once/);
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
      name: 'shop-app0',
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      uptime_s: expect.any(Number),
      notes: [],
    });
    expect(document.instances[0]).not.toHaveProperty('uptime');
    expect(document.instances[2]).toMatchObject({
      instance: 'nightly',
      id: null,
      started_at: null,
      uptime_s: null,
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

describe('ls', () => {
  it('shows the stacks of an engine, without a file', async () => {
    const other = JSON.stringify(stackFile).replaceAll('"shop"', '"tea"');
    await stack(['apply', '--yes', '-'], { cwd, engine: memory, terminal: [], input: other });
    memory.crash('shop-app1', 1);
    const { code, stdout } = await cli(['ls'], { cwd: tmpdir() });
    expect(code).toBe(0);
    expect(stdout).toBe(
      'STACK  RUNNING  AGENT    VOLUMES\nshop   1/2      running  2\ntea    2/2      running  2\n',
    );
    expect(JSON.parse((await cli(['ls', '--json'])).stdout)).toEqual({
      format_version: 1,
      stacks: [
        { name: 'shop', running: 1, instances: 2, agent: 'running', volumes: 2 },
        { name: 'tea', running: 2, instances: 2, agent: 'running', volumes: 2 },
      ],
    });
  });

  it('says when there is none', async () => {
    expect((await cli(['ls'], { engine: memoryEngine() })).stdout).toBe('No stack is on this engine.\n');
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

  it('takes several names', async () => {
    const { stdout } = await cli(['logs', 'app1', 'shop/app0', '--tail', '1']);
    expect(stdout.split('\n').filter(Boolean).sort()).toEqual(['app0 │ three', 'app1 │ two']);
    const { code, stderr } = await cli(['logs', 'app0', 'ap1']);
    expect(code).toBe(64);
    expect(stderr).toContain('no container or instance `ap1`\nhelp: did you mean `app`');
  });

  it('shows a migration and a run by their names on the engine', async () => {
    const id = await memory.createContainer({
      ...(await configOf('shop-app0')),
      name: 'shop-app.1.migration',
      labels: { [labels.stack]: 'shop', [labels.role]: 'migration', [labels.container]: 'app' },
    });
    await memory.startContainer(id);
    memory.print(id, 'stdout', 'migrated');
    expect((await cli(['logs', 'shop-app.1.migration'])).stdout).toBe('migrated\n');
    expect((await cli(['logs', 'app'])).stdout).not.toContain('migrated');
    await memory.stopContainer(id, 1);
    const { code, stderr } = await cli(['exec', 'shop-app.1.migration', 'id']);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'shop-app.1.migration is a migration that is over\nhelp: `stack logs shop-app.1.migration`',
    );
  });

  it('says of what is not there why', async () => {
    for (const follow of [[], ['-f']]) {
      const cron = await cli(['logs', 'nightly', ...follow]);
      expect({ code: cron.code, stderr: cron.stderr }).toEqual({
        code: 1,
        stderr:
          'error: `nightly` is a `cron` container: it is there only while it runs\nhelp: `stack run nightly` runs it and shows its output; `stack cron logs nightly` shows what its runs have written\n',
      });
    }
    await memory.removeContainer('shop-app1');
    const missing = await cli(['logs', 'app1']);
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(
      /^error: `app1` is in the file, but not on this engine\nhelp: `stack apply` makes it/,
    );
    const nothing = await cli(['logs', 'nightly'], { engine: memoryEngine() });
    expect(nothing.stderr).toContain('`nightly` is a `cron` container');
    expect((await cli(['logs'], { engine: memoryEngine() })).stderr).toContain('`stack apply` makes it');
  });

  it('says of what has never been started that it has no output', async () => {
    await memory.createContainer({ ...(await configOf('shop-app0')), name: 'shop-app0.2.next' });
    const { code, stdout, stderr } = await cli(['logs', 'shop-app0.2.next']);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: '',
      stderr: 'app0.1.next has never been started: it has no output\n',
    });
  });

  it('names what is near to an unknown name', async () => {
    const { code, stderr } = await cli(['logs', 'app7']);
    expect(code).toBe(64);
    expect(stderr).toBe(
      'error: stack `shop` has no container or instance `app7`\nhelp: did you mean `app`, `app0` or `app1`?\n',
    );
  });
});

/** The create call of a container. */
async function configOf(name: string): Promise<ContainerConfig> {
  const created = memory.calls.flatMap(({ method, args }) => (method === 'createContainer' ? args : []));
  const found = (created as readonly ContainerConfig[]).find((config) => config.name.startsWith(name));
  if (found === undefined) throw new Error(`${name} was never created`);
  return found;
}

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
    // Often enough that the engine waits for seconds before it starts it again.
    const keepsEnding = (name: string) => {
      for (let time = 0; time < 8; time += 1) memory.crash(name, 1);
    };
    keepsEnding('shop-app0');
    expect((await cli(['exec', 'app', '--', 'id'])).stdout).toMatch(/^shop-app1 id/);
    keepsEnding('shop-app1');
    const none = await cli(['exec', 'app', '--', 'id']);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain(
      'error: `app` is not running: app0 is between two starts and app1 is between two starts\nhelp: `stack logs app`',
    );
    expect((await cli(['exec', 'nightly', 'id'])).stderr).toContain('help: `stack run nightly`');
  });
});

describe('status --detailed-exitcode', () => {
  const code = async (...more: readonly string[]) =>
    (await cli(['status', '--detailed-exitcode', ...more])).code;

  it('is 0 while all is well, also for a file that is not applied yet', async () => {
    expect(await code()).toBe(0);
    expect(await code('--name', 'shop')).toBe(0);
    const changed = join(cwd, 'changed.json');
    await writeFile(changed, JSON.stringify(stackFile).replaceAll('app:1', 'app:2'));
    memory.addImage('app:2');
    expect((await cli(['plan', '--detailed-exitcode', changed])).code).toBe(2);
    expect(await code('--file', changed)).toBe(0);
  });

  it('is 2 for what does not run', async () => {
    await memory.stopContainer('shop-app0', 1);
    expect(await code()).toBe(2);
    expect(await code('--name', 'shop')).toBe(2);
    expect((await cli(['status'])).code).toBe(0);
    expect((await cli(['plan'])).stdout).toContain('Drift: app0 has changed on the engine.');
    const { changes } = JSON.parse((await cli(['plan', '--json'])).stdout);
    expect(changes.find(({ id }: { id: string }) => id === 'shop/app0').cause).toBe('engine');
  });

  it('is 2 for what was changed by hand, and said to be so beside a change of the file', async () => {
    await memory.updateRestart('shop-app0', 'no', 0);
    expect(await code()).toBe(2);
    const changed = join(cwd, 'changed.json');
    await writeFile(changed, JSON.stringify(stackFile).replaceAll('app:1', 'app:2'));
    memory.addImage('app:2');
    expect((await cli(['plan', changed])).stdout).toContain(
      'Drift: app0 has changed on the engine and in the file.',
    );
  });
});

describe('agent', () => {
  it('builds its image, and tells of agents', async () => {
    const built = await cli(['agent', 'build']);
    expect(built).toMatchObject({ code: 0, stdout: `${agentImage().tag}\n` });
    await memory.removeContainer('shop-agent');
    await memory.removeContainer('shop-agent-engine');
    const none = await cli(['agent', 'status']);
    expect(none.stdout).toContain('Stack `shop` has no agent on this engine');
    expect((await cli(['agent', 'logs'])).code).toBe(1);
  });
});
