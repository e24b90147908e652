import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { stack, startStack, type RunningCli } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let memory: MemoryEngine;
let breaks: EngineError | null;

const write = (greeting: string, count = 1) => {
  const app = {
    deploy: 'auto',
    image: 'app:1',
    containers: count,
    startup_time: 0.01,
    env: { GREETING: greeting },
  };
  return writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({ monitor: 0, deploy: { shop: { containers: { app } } } }),
  );
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-follow-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

beforeEach(async () => {
  breaks = null;
  await write('one');
  memory = memoryEngine({
    images: { 'app:1': {}, [agentImage().tag]: {} },
    behaviour: ({ env }) => ({
      output: [{ stream: 'stdout', text: `hello ${env.find((pair) => pair.startsWith('GREETING')) ?? ''}` }],
    }),
    before: ({ method }) => {
      if (method === 'logs' && breaks !== null) throw breaks;
    },
  });
});

const apply = async () => {
  const { code, stderr } = await stack(['apply', '--yes'], { cwd, engine: memory });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
};
const follow = (...words: readonly string[]) => startStack(['logs', '-f', ...words], { cwd, engine: memory });
const shows = (running: RunningCli, text: string) => expect.poll(() => running.texts.stdout).toContain(text);
const says = (running: RunningCli, text: string) => expect.poll(() => running.texts.stderr).toContain(text);

describe('logs -f', () => {
  it('goes on with the next generation, and shows the last words of the one before', async () => {
    await apply();
    const running = follow('app0');
    await shows(running, 'hello GREETING=one\n');
    await write('two');
    const applying = apply();
    await says(running, 'app0: generation 2 has started\n');
    await applying;
    memory.print('shop-app0', 'stdout', 'still here');
    await shows(running, 'still here\n');
    running.signal('SIGINT');
    const { code, stdout } = await running.done;
    expect({ code, stdout }).toEqual({
      code: 130,
      stdout: 'hello GREETING=one\nhello GREETING=two\nstill here\n',
    });
  });

  it('takes in what is new, with names from then on', async () => {
    await apply();
    const running = follow();
    await shows(running, 'hello');
    await write('one', 2);
    await apply();
    await shows(running, 'app1.1 │ hello GREETING=one\n');
    memory.print('shop-app0', 'stderr', 'and me');
    await shows(running, 'app0   │ and me\n');
    running.signal('SIGTERM');
    expect((await running.done).code).toBe(143);
  });

  it('goes on after restarts, nothing lost and nothing twice', async () => {
    await apply();
    const running = follow('app');
    await shows(running, 'hello');
    for (const [index, turn] of ['a', 'b', 'c'].entries()) {
      memory.print('shop-app0', 'stdout', `${turn} 1`);
      memory.print('shop-app0', 'stdout', `${turn} 1`);
      memory.print('shop-app0', 'stdout', `${turn} 2`);
      await memory.stopContainer('shop-app0', 1);
      // The last time it starts again before its end is noticed.
      if (index < 2) {
        const ends = () => running.texts.stderr.split('nothing of it runs any more').length - 1;
        await expect.poll(ends).toBe(index + 1);
      }
      await memory.startContainer('shop-app0');
    }
    memory.print('shop-app0', 'stdout', 'end');
    await shows(running, 'end\n');
    running.signal('SIGINT');
    const lines = (await running.done).stdout.trimEnd().split('\n');
    const turns = ['a', 'b', 'c'].flatMap((turn) => [
      `${turn} 1`,
      `${turn} 1`,
      `${turn} 2`,
      'hello GREETING=one',
    ]);
    expect(lines).toEqual(['hello GREETING=one', ...turns, 'end']);
  });

  it('waits for what is not there yet', async () => {
    const running = follow('app');
    await says(running, 'nothing of `app` is on this engine yet: waiting for it, Ctrl-C ends\n');
    await apply();
    await shows(running, 'hello GREETING=one\n');
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
  });

  it('waits for a name alone, and says which stacks there are', async () => {
    await apply();
    const running = startStack(['logs', '-f', '--name', 'shpo'], { cwd: tmpdir(), engine: memory });
    await says(running, 'did you mean `shop`?\nnothing of stack `shpo` is on this engine yet');
    running.signal('SIGINT');
    expect((await running.done).code).toBe(130);
  });

  it('shows only so many lines of what is there already', async () => {
    await apply();
    memory.print('shop-app0', 'stdout', 'last');
    const running = follow('--tail', '1');
    await shows(running, 'last\n');
    running.signal('SIGINT');
    expect((await running.done).stdout).toBe('last\n');
  });

  it('shows nothing of what was before with --tail 0, after a restart neither', async () => {
    await apply();
    const running = follow('--tail', '0');
    await expect.poll(() => memory.calls.some(({ method }) => method === 'logs')).toBe(true);
    await memory.stopContainer('shop-app0', 1);
    await says(running, 'nothing of it runs any more');
    await new Promise((resolve) => setTimeout(resolve, 5));
    await memory.startContainer('shop-app0');
    await shows(running, 'hello');
    running.signal('SIGINT');
    expect((await running.done).stdout).toBe('hello GREETING=one\n');
  });

  it('asks once more for what a follower did not get', async () => {
    await apply();
    const whole = memory;
    // As engines do that end a follower too early.
    const logs: MemoryEngine['logs'] = async function* (id, options) {
      for await (const chunk of whole.logs(id, options)) {
        if (options.follow && Buffer.from(chunk.data).toString().includes('last words')) break;
        yield chunk;
      }
    };
    memory = { ...whole, logs };
    const running = follow();
    await shows(running, 'hello');
    memory.print('shop-app0', 'stdout', 'last words');
    await memory.stopContainer('shop-app0', 1);
    await shows(running, 'last words\n');
    running.signal('SIGINT');
    expect((await running.done).stdout).toBe('hello GREETING=one\nlast words\n');
  });

  it('does not wait for a name that nobody knows', async () => {
    await apply();
    expect((await follow('ap').done).code).toBe(64);
  });

  it('fails when a log cannot be read', async () => {
    await apply();
    breaks = new EngineError(
      'server',
      'read the log of x',
      'the logging driver does not support reading',
      500,
    );
    const { code, stderr } = await follow().done;
    expect(code).toBe(1);
    expect(stderr).toContain('error: read the log of x: the logging driver does not support reading');
  });
});
