import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { errandConfig } from '../../src/compiler/plan/errand-config.ts';
import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { ownMark } from '../../src/runtime/run-owner.ts';
import { stack, startStack, type CliOptions } from '../support/cli.ts';
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
  deploy: {
    shop: {
      data_volumes: { data: ['/data'] },
      containers: {
        app: { ...app, containers: 2, volumes_from: ['data'] },
        nightly: { deploy: 'cron', image: 'app:1', command: 'work hard', cron: '5 * * * *' },
      },
    },
  },
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-run-'));
  await writeFile(join(cwd, 'stack.json'), JSON.stringify(stackFile));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

beforeEach(async () => {
  memory = memoryEngine({
    images: { 'app:1': {}, [agentImage().tag]: {} },
    behaviour: ({ labels: own, command }) => {
      if (own[labels.role] !== 'run' || command?.[0] === 'forever') return {};
      if (command?.[0] === 'deaf') return { stopAfterMs: Infinity };
      if (command?.[0] === 'cat') {
        return {
          reads: async (input, print) => {
            for await (const data of input) print(`got ${JSON.stringify(Buffer.from(data).toString())}`);
            return 0;
          },
        };
      }
      return {
        exitAfterMs: 5,
        exitCode: command?.[0] === 'fail' ? 3 : 0,
        output: [
          { stream: 'stdout', text: `ran ${command?.join(' ') ?? ''}` },
          { stream: 'stderr', text: 'to stderr' },
        ],
      };
    },
  });
  const { code, stderr } = await stack(['apply', '--yes'], { cwd, engine: memory });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
});

const cli = (words: readonly string[], rest: Partial<CliOptions> = {}) =>
  stack(words, { cwd, engine: memory, ...rest });
const start = (words: readonly string[], rest: Partial<CliOptions> = {}) =>
  startStack(words, { cwd, engine: memory, ...rest });
const runs = () => memory.listContainers([`${labels.role}=run`]);
const untilRunning = () =>
  expect.poll(async () => (await runs()).map(({ state }) => state)).toEqual(['running']);
const lastCreated = () =>
  memory.calls.filter(({ method }) => method === 'createContainer').at(-1)?.args[0] as ContainerConfig;

describe('run', () => {
  it('runs a cron container once, passes its output on and removes it', async () => {
    const { code, stdout, stderr } = await cli(['run', 'nightly']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'ran work hard\n' });
    expect(stderr).toContain('to stderr\n');
    expect(await runs()).toEqual([]);
    expect(lastCreated().name).toMatch(/^shop-nightly\.run\.[0-9a-f]{8}$/);
  });

  it('runs another command with the environment and mounts of the container, without its ports', async () => {
    const { code } = await cli(['run', 'app', '--', 'fail', 'now']);
    expect(code).toBe(3);
    expect(lastCreated()).toMatchObject({
      command: ['fail', 'now'],
      env: expect.arrayContaining(['GREETING=hello']),
      mounts: [{ target: '/data' }],
      ports: [],
      network: 'shop',
      tty: false,
      openStdin: true,
    });
  });

  it('passes its input on, and the end of it', async () => {
    expect(await cli(['run', 'app', '--', 'cat'], { input: 'x\n' })).toMatchObject({
      code: 0,
      stdout: 'got "x\\n"\n',
    });
  });

  it('has a terminal where there is one on both sides, unless it is not wanted', async () => {
    for (const [terminal, words, tty] of [
      [true, [], true],
      [true, ['-T'], false],
      [['stdin', 'stderr'], [], false],
      [['stdout', 'stderr'], [], false],
    ] as const) {
      const { code } = await cli(['run', ...words, 'app'], { terminal });
      expect({ code, tty: lastCreated().tty }).toEqual({ code: 0, tty });
    }
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('stops on %s: %i, and nothing is left', async (signal, code) => {
    const running = start(['run', 'app', '--', 'forever']);
    await untilRunning();
    running.signal(signal);
    expect((await running.done).code).toBe(code);
    expect(await runs()).toEqual([]);
  });

  it('kills on the second Ctrl-C what does not stop', async () => {
    const running = start(['run', 'app', '--', 'deaf']);
    await untilRunning();
    running.signal('SIGINT');
    await expect.poll(() => running.texts.stderr).toContain('once more kills it');
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
    expect(await runs()).toEqual([]);
  });

  it('gives each key to the program in its terminal; three Ctrl-C on end stop what does not listen', async () => {
    const running = start(['run', 'app', '--', 'cat'], { terminal: true });
    await untilRunning();
    running.type('\u0003');
    await expect.poll(() => running.texts.stdout).toContain('got "\\u0003"\n');
    running.type('a\u0003b');
    await expect.poll(() => running.texts.stdout).toContain('b');
    expect(running.texts.stderr).not.toContain('once more');
    running.type('\u0003');
    running.type('\u0003');
    await expect.poll(() => running.texts.stderr).toContain('Ctrl-C once more stops the container');
    running.type('\u0003');
    expect((await running.done).code).toBe(130);
    expect(await runs()).toEqual([]);
  });

  it('is seen by status and taken down by destroy when it was killed', async () => {
    const running = start(['run', 'app', '--', 'forever']);
    await untilRunning();
    expect((await cli(['status'])).stdout).toMatch(
      /\nshop-app\.run\.[0-9a-f]{8} +running .* of `stack run`\n/,
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

describe('a run whose process was killed', () => {
  /** The mark of a process that is gone. */
  const goneMark = async () => {
    const child = spawn('sleep', ['60']);
    const mark = (ownMark() ?? '').replace(/\d+\/\d+$/, `${child.pid}/1`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    return mark;
  };

  /** Left over from another `stack run`, by a copy of one of our own. */
  const leave = async (owner: string) => {
    await cli(['run', 'app', '--', 'forever', 'fail'], { engine: failingAttach() });
    const made = lastCreated();
    const id = await memory.createContainer({
      ...made,
      name: 'shop-app.run.left',
      labels: { ...made.labels, [labels.runOwner]: owner },
    });
    await memory.startContainer(id);
  };
  const failingAttach = () => ({ ...memory, attach: () => Promise.reject(new Error('no')) });

  it('is removed by the next run, which says so', async () => {
    await leave(await goneMark());
    const { code, stderr } = await cli(['run', 'nightly']);
    expect(code).toBe(0);
    expect(stderr).toContain('removing shop-app.run.left, left over from a run that was killed\n');
    expect(await runs()).toEqual([]);
  });

  it('is removed by the next apply, whose plan shows it', async () => {
    await leave(await goneMark());
    expect((await cli(['status'])).stdout).toContain('left over from `stack run`');
    const { code, stdout } = await cli(['apply', '--yes']);
    expect(code).toBe(0);
    expect(stdout).toContain('· tidy     run shop-app.run.left\n    left over from `stack run`\n');
    expect(await runs()).toEqual([]);
    expect((await cli(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('is told from what an apply has sent to the packet filter', async () => {
    const name = 'shop-agent.run.left';
    const errand = { name, image: agentImage().tag, network: 'none', rules: '', owner: await goneMark() };
    await memory.createContainer(errandConfig('shop', errand));
    const { stdout: status } = await cli(['status']);
    expect(status).toMatch(/^shop-agent\.run\.left /m);
    expect(status).toContain('left over from an apply');
    const { stdout } = await cli(['apply', '--yes']);
    expect(stdout).toContain('· tidy     run shop-agent.run.left\n    left over from an apply\n');
    expect(await runs()).toEqual([]);
  });

  it('is left alone while its process runs, or where that cannot be told', async () => {
    for (const owner of [ownMark() ?? '', 'another machine/1/2/3', '']) {
      await leave(owner);
      expect((await cli(['apply', '--yes'])).stdout).not.toContain('tidy');
      expect(await runs()).toHaveLength(1);
      await memory.removeContainer('shop-app.run.left');
    }
  });
});
