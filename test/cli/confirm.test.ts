import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack, startStack, type CliOptions } from '../support/cli.ts';
import { memoryEngine } from '../support/memory-engine.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-confirm-'));
  const containers = { worker: { deploy: 'auto', image: 'worker:1', startup_time: 0.01 } };
  await writeFile(join(cwd, 'stack.json'), JSON.stringify({ deploy: { shop: { containers } } }));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const scene = (rest: Partial<CliOptions>) => {
  const engine = memoryEngine({ images: { 'worker:1': {}, [agentImage().tag]: {} } });
  const changes = () => engine.calls.filter(({ method }) => /^(create|start)/.test(method));
  return { options: { cwd, engine, ...rest }, changes };
};

describe('the question before an apply', () => {
  it('is interrupted by Ctrl-C: 130, and by Ctrl-D not answered: 1', async () => {
    for (const [key, code, message] of [
      ['\u0003', 130, 'error: interrupted, so nothing was changed\n'],
      ['\u0004', 1, 'error: not confirmed, so nothing was changed\n'],
    ] as const) {
      const { options, changes } = scene({ terminal: true, input: key });
      const result = await stack(['apply'], options);
      expect(result.code).toBe(code);
      expect(result.stderr).toContain(message);
      expect(changes()).toEqual([]);
    }
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is ended by %s: %i', async (signal, code) => {
    const { options, changes } = scene({ terminal: true });
    const running = startStack(['apply'], options);
    await expect.poll(() => running.texts.stderr).toContain('Type `yes`:');
    running.signal(signal);
    expect((await running.done).code).toBe(code);
    expect(changes()).toEqual([]);
  });

  it('is asked on standard error, wherever the plan goes', async () => {
    const { options, changes } = scene({ terminal: ['stdin', 'stderr'], input: 'yes\n' });
    expect((await stack(['apply'], options)).code).toBe(0);
    expect(changes()).not.toEqual([]);
  });

  it.each([
    ['standard error is no terminal to ask on', { terminal: ['stdin', 'stdout'] }],
    ['standard error is no terminal to ask on', { terminal: ['stdin'] }],
    ['standard input is no terminal to answer from', { terminal: ['stdout', 'stderr'] }],
  ] as const)('fails with the true reason: %s', async (reason, rest) => {
    const { options, changes } = scene(rest);
    const { code, stderr } = await stack(['apply'], options);
    expect(code).toBe(1);
    expect(stderr).toContain(`error: ${reason}, so nothing was changed\nhelp: \`--yes\` `);
    expect(changes()).toEqual([]);
  });

  it('fails for a file from standard input, at a terminal too', async () => {
    const text = JSON.stringify({
      deploy: { shop: { containers: { a: { deploy: 'auto', image: 'worker:1' } } } },
    });
    const { options } = scene({ terminal: ['stderr'], input: text });
    const { code, stderr } = await stack(['apply', '-'], options);
    expect(code).toBe(1);
    expect(stderr).toContain('standard input is the stack file');
  });
});
