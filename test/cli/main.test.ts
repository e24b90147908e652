import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { stack, startStack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';
import { until } from '../support/stack-cli.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-cli-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const file = (containers: object, rest: object = {}) =>
  JSON.stringify({ name: 'shop', deploy: { shop: { containers, ...rest } } });

const worker = { deploy: 'auto', image: 'worker:1', startup_time: 0.05 };

beforeEach(() =>
  writeFile(join(cwd, 'stack.json'), file([{ worker }, { db: { ...worker, deploy: 'manual' } }])),
);

function engine(options: Parameters<typeof memoryEngine>[0] = {}): MemoryEngine {
  return memoryEngine({ images: { 'worker:1': {}, 'worker:2': {}, [agentImage().tag]: {} }, ...options });
}

async function names(memory: MemoryEngine): Promise<readonly string[]> {
  return (await memory.listContainers([`${labels.stack}=shop`]))
    .filter((row) => !['agent', 'revision'].includes(row.labels[labels.role] ?? ''))
    .map(({ name, state }) => `${name} ${state}`)
    .sort();
}

describe('usage', () => {
  it('prints the version and the help', async () => {
    expect(await stack(['--version'], { cwd })).toEqual({ code: 0, stdout: '1.2.3\n', stderr: '' });
    const help = await stack(['--help'], { cwd });
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('validate [options] [FILE]');
    expect((await stack(['plan', '--help'], { cwd })).stdout).toContain('--context <name>');
  });

  it.each([
    [['plan', '--nonsense'], '--nonsense'],
    [['pan'], 'Did you mean plan?'],
    [['apply', '--parallelism', '0'], 'at least 1'],
    [['logs', '--tail', 'many'], 'whole number'],
    [['exec', 'worker0'], 'missing required argument'],
    [[], 'Usage: stack'],
    [['plan', '--offline', '--include', 'worke'], 'did you mean `worker` or `worker0`?'],
    [['plan', '--offline', '--force', 'redis'], 'there is no container or instance `redis`'],
    [['plan', '--offline', '--only', 'db1'], 'did you mean `db` or `db0`?'],
  ])('%j is wrong usage: 64', async (words, message) => {
    const { code, stderr, stdout } = await stack(words, { cwd });
    expect(stderr).toContain(message);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  });

  it('takes the file of the current folder, and says which when there is none', async () => {
    expect((await stack(['validate'], { cwd })).stdout).toMatch(/^stack\.json: valid: stack `shop`/);
    const nowhere = await mkdtemp(join(tmpdir(), 'stackc-empty-'));
    const { code, stderr } = await stack(['validate'], { cwd: nowhere });
    expect({ code, stderr }).toEqual({
      code: 64,
      stderr:
        'error: there is no stack.json, stack.yaml or stack.yml in this folder\nhelp: change to the folder of the stack file, or name it with `--file`\n',
    });
    await writeFile(
      join(nowhere, 'stack.yaml'),
      'name: tea\ndeploy: { tea: { containers: { pot: { deploy: auto, image: "pot:1" } } } }\n',
    );
    expect((await stack(['validate'], { cwd: nowhere })).stdout).toMatch(/^stack\.yaml: valid: stack `tea`/);
    await rm(nowhere, { recursive: true });
  });

  it('reads standard input as `-`', async () => {
    const { code, stdout } = await stack(['plan', '--offline', '-'], { cwd, input: file([{ worker }]) });
    expect(code).toBe(0);
    expect(stdout).toContain('+ create   worker0');
  });
});

describe('wrong files', () => {
  it.each([
    ['truncated', '{"name": "shop", "deploy": {', 'STK102'],
    ['wrong in shape', '{"name": "shop", "deploy": {"shop": {"containers": 3}}}', 'STK202'],
    ['wrong in meaning', file([{ worker: { ...worker, env_from: 'nobody' } }]), 'STK305'],
    ['empty', '', 'STK108'],
  ])('a file that is %s is 65, with its place', async (_what, text, code) => {
    await writeFile(join(cwd, 'wrong.json'), text);
    for (const command of ['validate', 'plan', 'apply', 'destroy']) {
      const result = await stack([command, 'wrong.json'], { cwd, engine: engine() });
      expect(result.code).toBe(65);
      expect(result.stderr).toContain(code);
      expect(result.stderr).toContain('wrong.json:');
      expect(result.stdout).toBe('');
    }
  });

  it('a file that is not there is 65', async () => {
    const { code, stderr } = await stack(['plan', 'nowhere.json'], { cwd, engine: engine() });
    expect(code).toBe(65);
    expect(stderr).toContain('`nowhere.json` cannot be read: it does not exist');
  });

  it('says the same as JSON', async () => {
    await writeFile(join(cwd, 'wrong.json'), '{"deploy": {"a": {"containers": 3}}}');
    const { code, stdout } = await stack(['validate', '--json', 'wrong.json'], { cwd });
    expect(code).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      format_version: 1,
      valid: false,
      stack: null,
      diagnostics: [{ code: 'STK202', severity: 'error', file: 'wrong.json' }],
    });
    const planned = await stack(['plan', '--json', '--offline', 'wrong.json'], { cwd });
    expect(planned.code).toBe(65);
    expect(JSON.parse(planned.stdout)).toMatchObject({ stack: null, diagnostics: [{ code: 'STK202' }] });
  });
});

const failing = (error: Error) =>
  engine({
    before: ({ method }) => {
      if (method === 'listContainers') throw error;
    },
  });

describe('engines that fail', () => {
  it('is 69, with a sentence, when nobody answers', async () => {
    for (const words of [
      ['plan'],
      ['apply', '--yes'],
      ['status'],
      ['destroy', '--yes'],
      ['logs'],
      ['agent', 'status'],
    ]) {
      const { code, stderr } = await stack(words, { cwd });
      expect({ words, code }).toEqual({ words, code: 69 });
      expect(stderr).toContain(
        'error: connect: nobody answers\nhelp: `--host` and `--context` choose another engine\n',
      );
    }
  });

  it('is 1 when it fails later, and a fault of ours says so', async () => {
    const server = await stack(['plan'], {
      cwd,
      engine: failing(new EngineError('server', 'list containers', 'oops')),
    });
    expect(server.code).toBe(1);
    expect(server.stderr).toContain('error: list containers: oops');
    const bug = await stack(['plan'], { cwd, engine: failing(new TypeError('x is not a function')) });
    expect(bug.code).toBe(1);
    expect(bug.stderr).toBe(
      'error: this is a fault of stack itself: x is not a function\nhelp: please report it with the output of the same command and `--verbose`\n',
    );
    const told = await stack(['plan', '--verbose'], {
      cwd,
      engine: failing(new TypeError('x is not a function')),
    });
    expect(told.stderr).toContain('TypeError: x is not a function\n    at ');
  });
});

describe('plan', () => {
  it('changes nothing, and tells pending changes by its exit code only when asked', async () => {
    const memory = engine();
    const { code, stdout } = await stack(['plan'], { cwd, engine: memory });
    expect(code).toBe(0);
    expect(stdout).toContain('+ create   worker0');
    expect(stdout).toMatch(/\nPlan: \d+ to create\.\n$/);
    expect((await stack(['plan', '--detailed-exitcode'], { cwd, engine: memory })).code).toBe(2);
    expect(await names(memory)).toEqual([]);
    await stack(['apply', '--yes'], { cwd, engine: memory });
    const after = await stack(['plan', '--detailed-exitcode'], { cwd, engine: memory });
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(/^Nothing to do: \d unchanged\.\n$/);
  });

  it('asks no engine with --offline', async () => {
    const { code, stdout } = await stack(['plan', '--offline'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('+ create   db0');
  });

  it('holds manual containers, which are nothing pending, until they are included', async () => {
    const memory = engine();
    await stack(['apply', '--yes'], { cwd, engine: memory });
    await writeFile(
      join(cwd, 'stack.json'),
      file([{ worker }, { db: { ...worker, deploy: 'manual', image: 'worker:2' } }]),
    );
    const held = await stack(['plan', '--detailed-exitcode'], { cwd, engine: memory });
    expect(held.code).toBe(0);
    expect(held.stdout).toContain(
      '= hold     db0   held: 1 change; `--include db` applies it\n    image  worker:1 → worker:2\n',
    );
    const status = await stack(['status'], { cwd, engine: memory });
    expect(status.stdout).toMatch(/db0 .*held: 1 change\n/);
    const included = await stack(['plan', '--detailed-exitcode', '--include', 'db'], { cwd, engine: memory });
    expect(included.code).toBe(2);
    expect(included.stdout).toContain('± replace  db0');
  });

  it('exits with 1 for a gap or what is unproven with --require-zero-downtime, once it has shown the plan', async () => {
    const memory = engine();
    const web = { ...worker, ports: ['8080:80'], startup_time: 0 };
    await writeFile(join(cwd, 'stack.json'), file([{ web }]));
    const first = await stack(['apply', '--yes', '--require-zero-downtime'], { cwd, engine: memory });
    expect(first.code).toBe(0);
    await writeFile(join(cwd, 'stack.json'), file([{ web: { ...web, env: { A: '1' } } }]));
    for (const command of [['plan'], ['apply', '--yes'], ['plan', '--json']]) {
      const { code, stdout, stderr } = await stack([...command, '--require-zero-downtime'], {
        cwd,
        engine: memory,
      });
      expect(code).toBe(1);
      expect(stdout.replace(/\n +/g, ' ')).toContain(
        'only one container at a time can publish port 8080 of the host',
      );
      expect(stderr).toBe('error: not zero downtime: a gap for `web0`\n');
    }
    expect((await stack(['plan', '--require-zero-downtime', '--offline'], { cwd })).code).toBe(64);
  });

  it('prints one JSON document', async () => {
    const { stdout, stderr } = await stack(['plan', '--json'], { cwd, engine: engine() });
    expect(JSON.parse(stdout)).toMatchObject({
      format_version: 1,
      stack: 'shop',
      summary: { pending: expect.any(Number) },
    });
    expect(stderr).toBe('');
  });
});

describe('apply', () => {
  it('without a terminal and without --yes fails and changes nothing', async () => {
    const memory = engine();
    const { code, stdout, stderr } = await stack(['apply'], { cwd, engine: memory, input: 'yes\n' });
    expect(code).toBe(1);
    expect(stdout).toContain('Plan: ');
    expect(stderr).toContain('error: standard input is no terminal to answer from, so nothing was changed\n');
    expect(stderr).toContain('help: `--yes` ');
    expect(memory.calls.map(({ method }) => method)).not.toContain('createContainer');
  });

  it('asks at a terminal, and takes only `yes`', async () => {
    const memory = engine();
    const no = await stack(['apply'], { cwd, engine: memory, terminal: true, input: 'y\n' });
    expect(no.code).toBe(1);
    expect(no.stderr).toContain('Apply this to stack `shop`? Type `yes`:');
    expect(no.stderr).toContain('not confirmed, so nothing was changed');
    expect(await names(memory)).toEqual([]);
    const yes = await stack(['apply'], { cwd, engine: memory, terminal: true, input: 'yes\n' });
    expect(yes.code).toBe(0);
    expect(await names(memory)).toEqual(['shop-db0 running', 'shop-worker0 running']);
  });

  it('pulls what was looked at before the question', async () => {
    const digest = `sha256:${'d'.repeat(64)}`;
    const memory = engine({
      images: { 'worker:1': { digest: `sha256:${'e'.repeat(64)}` }, [agentImage().tag]: {} },
      registry: { 'worker:1': { digest } },
    });
    const { code, stderr } = await stack(['apply'], { cwd, engine: memory, terminal: true, input: 'yes\n' });
    expect(code, stderr).toBe(0);
    expect((await memory.inspectImage('worker:1'))?.repoDigests).toEqual([`worker@${digest}`]);
  });

  it('does nothing when the stack has changed while the question stood', async () => {
    const memory = engine();
    const asking = startStack(['apply'], { cwd, engine: memory, terminal: true });
    await until(
      async () => asking.texts.stderr,
      (text) => text.includes('Type `yes`'),
    );
    expect((await stack(['apply', '--yes'], { cwd, engine: memory })).code).toBe(0);
    const before = await names(memory);
    asking.type('yes\n');
    const { code, stderr } = await asking.done;
    expect(stderr).toContain('has changed since this plan was made; nothing was done');
    expect(code).toBe(1);
    expect(await names(memory)).toEqual(before);
  });

  it('says the command with all that was asked for when something is left', async () => {
    const memory = engine();
    await stack(['apply', '--yes'], { cwd, engine: memory });
    const broken = engine({
      behaviour: ({ labels: own }) => (own[labels.role] === 'agent' ? {} : { exitAfterMs: 0, exitCode: 3 }),
    });
    const { stderr } = await stack(
      ['apply', 'stack.json', '--yes', '--only', 'worker', '--force', 'worker0'],
      {
        cwd,
        engine: broken,
      },
    );
    expect(stderr).toContain('`stack apply stack.json --force worker0 --only worker` goes on from here');
  });

  it('does not ask when there is nothing to do', async () => {
    const memory = engine();
    await stack(['apply', '--yes'], { cwd, engine: memory });
    const again = await stack(['apply'], { cwd, engine: memory });
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^Nothing to do/);
  });

  it('asks the engine for nothing that a plan with nothing to do does not need', async () => {
    const memory = engine();
    await stack(['apply', '--yes'], { cwd, engine: memory });
    const created = memory.calls.flatMap(({ method, args }) => (method === 'createContainer' ? args : []));
    expect(created).toContainEqual(expect.objectContaining({ hostname: 'worker0.memory' }));
    const before = memory.calls.length;
    await stack(['apply', '--yes'], { cwd, engine: memory });
    // The image is looked up while the containers are listed and inspected, in whichever order.
    expect(
      memory.calls
        .slice(before)
        .map(({ method }) => method)
        .sort(),
    ).toEqual([
      'close',
      'inspectContainer',
      'inspectContainer',
      'inspectImage',
      'listContainers',
      'listNetworks',
      'listVolumes',
    ]);
  });

  it('is 1 when something fails, and says what to do next', async () => {
    const memory = engine({
      behaviour: ({ labels: own }) =>
        own[labels.role] === 'agent'
          ? {}
          : { exitAfterMs: 0, exitCode: 3, output: [{ stream: 'stderr', text: 'no database' }] },
    });
    const { code, stderr } = await stack(['apply', '--yes'], { cwd, engine: memory });
    expect(code).toBe(1);
    expect(stderr).toContain('✗ worker0');
    expect(stderr).toContain('│ no database');
    expect(stderr).toContain('`stack logs worker0`');
    expect(stderr).toMatch(/Failed after .*`stack apply` goes on from here\.\n$/);
  });

  it('writes JSON lines, the plan first', async () => {
    const { code, stdout } = await stack(['apply', '--yes', '--json'], { cwd, engine: engine() });
    expect(code).toBe(0);
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: 'plan', format_version: 1, stack: 'shop' });
    expect(events.at(-1)).toMatchObject({ type: 'finished', format_version: 1, failed: 0 });
  });

  it('takes a missing database for an error that plan only warns of', async () => {
    await writeFile(join(cwd, 'stack.json'), file([{ worker: { ...worker, database: true } }]));
    const memory = engine();
    const planned = await stack(['plan'], { cwd, engine: memory });
    expect(planned.code).toBe(0);
    expect(planned.stderr).toContain('warning[STK354]');
    const applied = await stack(['apply', '--yes'], { cwd, engine: memory });
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain('error[STK354]');
    expect(await names(memory)).toEqual([]);
    const env = { DATABASE_URL: 'postgres://u:p@db/shop' };
    expect((await stack(['apply', '--yes'], { cwd, engine: memory, env })).code).toBe(0);
  });

  it.each([
    ['a limit of restarts', { restart: 'on-failure:3' }],
    ['an empty command', { command: '' }],
    ['an empty list for a command', { command: [], entrypoint: [] }],
  ])('has nothing left to do after %s', async (_, keys) => {
    await writeFile(join(cwd, 'stack.json'), file([{ worker: { ...worker, ...keys } }]));
    const images = { 'worker:1': { config: { command: ['serve'] } } };
    const memory = engine({ images });
    expect((await stack(['apply', '--yes'], { cwd, engine: memory })).code).toBe(0);
    const { code, stdout } = await stack(['plan', '--detailed-exitcode'], { cwd, engine: memory });
    expect({ code, stdout }).toMatchObject({ code: 0 });
  });

  it('finishes what is under way on SIGINT and says what is left: 130; SIGTERM: 143', async () => {
    await writeFile(
      join(cwd, 'stack.json'),
      file([{ worker: { ...worker, startup_time: 0.3 } }, { web: { ...worker, depends_on: ['worker'] } }]),
    );
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const signals: { started?: () => void } = {};
      const starting = new Promise<void>((started) => {
        signals.started = started;
      });
      const memory = engine({
        before: ({ method, args }) => {
          if (method === 'startContainer' && args[0] !== 'shop-agent') signals.started?.();
        },
      });
      const running = startStack(['apply', '--yes'], { cwd, engine: memory });
      await starting;
      running.signal(signal);
      const { code: ended, stderr } = await running.done;
      expect(ended).toBe(code);
      expect(stderr).toContain('finishing what is under way');
      expect(stderr).toMatch(/Interrupted after .* Left: web0\. `stack apply` goes on from here\.\n$/);
      expect(await names(memory)).toEqual(['shop-worker0 running']);
    }
  });
});

describe('volumes that another tool made', () => {
  it('are used with a warning, and left by destroy --volumes, which says so', async () => {
    await writeFile(
      join(cwd, 'stack.json'),
      file([{ worker: { ...worker, volumes_from: ['data'] } }], {
        data_volumes: [{ data: { volumes: ['/data'] } }],
      }),
    );
    const memory = engine();
    await memory.createVolume('shop-data-data', {});
    const applied = await stack(['apply', '--yes'], { cwd, engine: memory });
    expect(applied.code).toBe(0);
    expect(applied.stderr).toContain('warning[STK414]');
    expect(applied.stdout).not.toContain('volume shop-data-data');
    expect((await stack(['plan', '--detailed-exitcode'], { cwd, engine: memory })).code).toBe(0);
    const gone = await stack(['destroy', '--volumes', '--yes'], { cwd, engine: memory });
    expect(gone.code).toBe(0);
    expect(gone.stderr).toContain('volume `shop-data-data` stays: another tool made it');
    expect((await memory.listVolumes([])).map(({ name }) => name)).toEqual(['shop-data-data']);
  });
});

describe('destroy', () => {
  it('asks for the name, takes everything but the volumes, and those only when told', async () => {
    await writeFile(
      join(cwd, 'stack.json'),
      file([{ worker: { ...worker, volumes_from: ['data'] } }], {
        data_volumes: [{ data: { volumes: ['/data'] } }],
      }),
    );
    const memory = engine();
    await stack(['apply', '--yes'], { cwd, engine: memory });
    const refused = await stack(['destroy'], { cwd, engine: memory, input: 'yes\n' });
    expect(refused.code).toBe(1);
    expect(await names(memory)).toEqual(['shop-worker0 running']);
    const done = await stack(['destroy'], { cwd, engine: memory, terminal: true, input: 'shop\n' });
    expect(done.code).toBe(0);
    expect(done.stderr).toContain('2 volumes stay');
    expect(await names(memory)).toEqual([]);
    expect(await memory.listVolumes([`${labels.stack}=shop`])).toHaveLength(2);
    const volumes = await stack(['destroy', '--volumes', '--yes', '--name', 'shop'], {
      cwd: tmpdir(),
      engine: memory,
    });
    expect(volumes.code).toBe(0);
    expect(await memory.listVolumes([`${labels.stack}=shop`])).toHaveLength(0);
    const nothing = await stack(['destroy', '--yes'], { cwd, engine: memory });
    expect(nothing).toMatchObject({
      code: 0,
      stdout: 'Nothing to do: nothing of stack `shop` is on this engine.\n',
    });
  });
});
