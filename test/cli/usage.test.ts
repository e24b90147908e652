import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stack } from '../support/cli.ts';
import { memoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let empty: string;
const containers = {
  app: { deploy: 'auto', image: 'app:1' },
  db: { deploy: 'manual', image: 'app:1' },
  nightly: { deploy: 'cron', image: 'app:1', cron: '5 * * * *', command: 'work' },
};
const text = JSON.stringify({ deploy: { shop: { containers } } });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-usage-'));
  empty = await mkdtemp(join(tmpdir(), 'stackc-usage-'));
  await writeFile(join(cwd, 'stack.json'), text);
  await writeFile(join(cwd, 'other.json'), text.replace('"shop"', '"other"'));
});
afterAll(async () => {
  await rm(cwd, { recursive: true, force: true });
  await rm(empty, { recursive: true, force: true });
});

const engine = memoryEngine({ images: { 'app:1': {} } });
const cli = (words: readonly string[], folder = cwd) => stack(words, { cwd: folder, engine });

describe('the stack file', () => {
  it.each([
    ['validate', ['validate']],
    ['plan', ['plan']],
    ['apply', ['apply']],
    ['destroy', ['destroy']],
    ['status', ['status']],
    ['exec', ['exec', 'app']],
    ['run', ['run', 'app']],
    ['agent status', ['agent', 'status']],
  ])('%s takes it with -f and --file', async (_, [command = '', ...rest]) => {
    for (const option of ['-f', '--file']) {
      const words = [command, ...rest, option, 'nowhere.json', ...(command === 'exec' ? ['--', 'id'] : [])];
      const { code, stderr } = await cli(words);
      expect({ code, stderr }).toEqual({ code: 65, stderr: expect.stringContaining('`nowhere.json`') });
    }
  });

  it.each([[['logs']], [['agent', 'logs']]])('%j takes it with --file', async (words) => {
    const { code, stderr } = await cli([...words, '--file', 'nowhere.json']);
    expect({ code, stderr }).toEqual({ code: 65, stderr: expect.stringContaining('`nowhere.json`') });
  });

  it('is meant by the option as by the argument', async () => {
    expect((await cli(['validate', '-f', 'other.json'])).stdout).toContain('stack `other`');
    expect((await cli(['validate', 'other.json'])).stdout).toContain('stack `other`');
  });

  it('is looked for, and a running stack offered where its name would do', async () => {
    for (const [words, offers] of [
      [['status'], true],
      [['logs'], true],
      [['destroy'], true],
      [['exec', 'app', 'id'], true],
      [['plan'], false],
      [['run', 'app'], false],
    ] as const) {
      const { code, stderr } = await cli(words, empty);
      expect(code).toBe(64);
      expect(stderr).toContain('there is no stack.json, stack.yaml or stack.yml in this folder');
      expect(stderr.includes('`--name STACK`')).toBe(offers);
    }
  });

  it('is not chosen out of several', async () => {
    const both = await mkdtemp(join(tmpdir(), 'stackc-usage-'));
    await writeFile(join(both, 'stack.json'), text);
    await writeFile(join(both, 'stack.yml'), text);
    for (const words of [
      ['validate'],
      ['plan'],
      ['apply', '--yes'],
      ['status'],
      ['logs'],
      ['destroy', '--yes'],
    ]) {
      const { code, stderr } = await cli(words, both);
      expect({ words, code, stderr }).toEqual({
        words,
        code: 64,
        stderr:
          'error: there are stack.json and stack.yml in this folder: which is meant?\nhelp: say so with `--file stack.json`, or keep only one of them\n',
      });
    }
    expect((await cli(['validate', 'stack.yml'], both)).code).toBe(0);
    await rm(both, { recursive: true });
  });

  it('is not one of Docker Compose, which gets one diagnostic', async () => {
    await writeFile(
      join(cwd, 'compose.yaml'),
      'version: "3"\nservices:\n  web: { image: x, ports: ["80:80"] }\nvolumes: {}\n',
    );
    for (const command of ['validate', 'plan', 'apply']) {
      const { code, stderr } = await cli([command, 'compose.yaml']);
      expect(code).toBe(65);
      expect(stderr.match(/error\[/g)).toHaveLength(1);
      expect(stderr).toContain(
        'error[STK208]: this is a Docker Compose file, not a stack file\n --> compose.yaml:2:1',
      );
    }
  });
});

describe('a wrong form names the right one', () => {
  it.each([
    [['status', 'stack.json'], '`stack status --file stack.json`'],
    [['agent', 'status', 'a.yaml'], '`stack agent status --file a.yaml`'],
    [['status', 'app0'], '`stack help status`'],
    [['logs', 'stack.json'], '`--file stack.json`'],
    [['plan', '-f', 'x.json', 'y.json'], 'two stack files: `x.json` by `--file`, and `y.json`'],
    [['exec', 'app0', 'ls', '-la', '/'], '`stack exec app0 -- ls -la /`'],
    [['exec', 'app0', 'ls', '--json'], '`stack exec app0 -- ls --json`'],
    [['exec', '-T', 'app0', 'sh', '-c', 'id'], '`stack exec app0 -- sh -c id`'],
    [['run', 'app', 'ls', '-l'], '`stack run app -- ls -l`'],
    [['exec', '--bogus', 'app0', 'ls'], 'unknown option `--bogus`'],
    [['run', 'app', '--bogus'], 'unknown option `--bogus`'],
  ])('%j', async (words, right) => {
    const { code, stderr } = await cli(words);
    expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(right) });
  });
});

describe('help', () => {
  it.each([
    [['help'], 'Usage: stack [options] [command]'],
    [['help', 'cron'], 'Usage: stack cron [options] [command]'],
    [['help', 'cron', 'run'], 'Usage: stack cron run [options] <NAME>'],
    [['cron', 'help', 'run'], 'Usage: stack cron run [options] <NAME>'],
    [['help', 'agent', 'logs'], 'Usage: stack agent logs [options] [AGENT...]'],
  ])('%j', async (words, usage) => {
    const { code, stdout } = await cli(words);
    expect([code, stdout.split('\n')[0]]).toEqual([0, usage]);
  });

  it.each([
    [['help', 'corn'], '`stack corn`', 'did you mean `cron`?'],
    [['help', 'cron', 'rnu'], '`stack cron rnu`', 'did you mean `run`?'],
  ])('of what is no command is wrong usage: %j', async (words, name, help) => {
    const { code, stderr } = await cli(words);
    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: `error: there is no command ${name}\nhelp: ${help}\n`,
    });
  });
});

describe('words too many', () => {
  it.each([
    ['run', 'nightly', 'at', 'once'],
    ['history', 'nightly', '3'],
    ['logs', 'nightly', '3', '4'],
    ['pause', 'nightly', 'now'],
    ['resume', 'nightly', 'now'],
  ])('are wrong usage: cron %s %s …', async (...words) => {
    const { code, stderr } = await cli(['cron', ...words]);
    expect({ code, stderr }).toEqual({
      code: 64,
      stderr: expect.stringContaining(`too many arguments for '${words[0]}'`),
    });
  });
});

describe('--include', () => {
  it.each([
    ['app', '`deploy: auto`', '`--force app`'],
    ['app0', '`deploy: auto`', '`--force app0`'],
    ['shop/app', '`deploy: auto`', '`--force shop/app`'],
    ['nightly', '`deploy: cron`', '`stack cron run nightly`'],
  ])('of %s is wrong usage', async (name, mode, help) => {
    for (const command of ['plan', 'apply']) {
      const { code, stderr } = await cli([command, '--include', name]);
      expect(code).toBe(64);
      expect(stderr).toContain(mode);
      expect(stderr).toContain(help);
    }
  });

  it('of a manual container is not', async () => {
    expect((await cli(['plan', '--include', 'db'])).code).toBe(0);
  });
});
