import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd: string;
let engine: MemoryEngine;
const run = (...words: readonly string[]) => stack(words, { cwd, engine });
const write = (env: Readonly<Record<string, string>> = {}, containers = 1) =>
  writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({
      monitor: 0,
      deploy: {
        shop: {
          containers: [
            { worker: { deploy: 'auto', image: 'worker:1', startup_time: 0.01, containers, env } },
          ],
        },
      },
    }),
  );
const saved = () => readFileSync(join(cwd, 'next.plan'), 'utf8');
const changes = () => engine.calls.filter(({ method }) => /^(create|start|stop|remove|rename)/.test(method));
const save = async () => expect((await run('plan', '-o', 'next.plan')).code).toBe(0);

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-saved-'));
  engine = memoryEngine({ images: { 'worker:1': { id: 'sha256:1' }, [agentImage().tag]: {} } });
  await write();
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

describe('a saved plan', () => {
  it('is applied as it was made, without a question', async () => {
    const planned = await run('plan', '-o', 'next.plan');
    expect(planned.stderr).toContain('Saved. `stack apply next.plan` does this, and nothing else.');
    const applied = await run('apply', 'next.plan');
    expect(applied.code).toBe(0);
    expect(applied.stderr).toMatch(/Applied in .*: 3 created\./);
    expect((await run('plan', '--detailed-exitcode')).code).toBe(0);
  });

  it('has an end: applied once, it is stale', async () => {
    await save();
    expect((await run('apply', 'next.plan')).code).toBe(0);
    const done = changes().length;
    const again = await run('apply', 'next.plan');
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('worker0: create when the plan was made, nothing to do now');
    expect(changes()).toHaveLength(done);
  });

  it('says that the stack file is another, and what that changes', async () => {
    await run('apply', '--yes');
    await write({ LEVEL: 'info' });
    await save();
    await write({ LEVEL: 'debug' });
    const done = changes().length;
    const applied = await run('apply', 'next.plan');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain(
      'error: the saved plan `next.plan` is no longer what would be done; nothing was done\n  the stack file stack.json is another\n  worker0: replace for other reasons (env LEVEL  (none) → "debug")\nhelp: ',
    );
    expect(changes()).toHaveLength(done);
  });

  it('says what has changed on the engine', async () => {
    await run('apply', '--yes');
    await write({ LEVEL: 'info' });
    await save();
    await engine.stopContainer('shop-worker0', 1);
    expect((await run('apply', 'next.plan')).stderr).toContain(
      'worker0: replace for other reasons (drift: state',
    );
  });

  it('sees that a container is another, though the same is to be done', async () => {
    await run('apply', '--yes');
    await write({ LEVEL: 'info' });
    await save();
    const text = saved();
    await run('apply', '--yes');
    await write();
    await run('apply', '--yes');
    await write({ LEVEL: 'info' });
    await writeFile(join(cwd, 'next.plan'), text);
    const applied = await run('apply', 'next.plan');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toMatch(/worker0: .*than when the plan was made/);
  });

  it('sees that a tag has moved', async () => {
    await save();
    engine.addImage('worker:1', { id: 'sha256:2' });
    const applied = await run('apply', 'next.plan');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toContain('worker0: ');
  });

  it('is for its engine alone', async () => {
    await save();
    engine = memoryEngine({
      images: { 'worker:1': { id: 'sha256:1' }, [agentImage().tag]: {} },
      facts: { id: 'OTHER', host: 'web2' },
    });
    expect((await run('apply', 'next.plan')).stderr).toContain(
      'it is for the engine of memory, and this is the one of web2',
    );
    expect(changes()).toEqual([]);
  });

  it('keeps what was asked for, and takes nothing more', async () => {
    expect((await run('--name', 'other', 'plan', '--only', 'worker', '-o', 'next.plan')).code).toBe(0);
    for (const more of [['--only', 'worker'], ['--force', 'worker'], ['--allow-remove-all']]) {
      const refused = await run('apply', 'next.plan', ...more);
      expect(refused.code).toBe(64);
      expect(refused.stderr).toContain(`\`${more[0]}\` cannot be added to a saved plan`);
    }
    expect((await run('apply', 'next.plan')).code).toBe(0);
    expect(await engine.findContainer('other-shop-worker0')).not.toBeNull();
  });

  it('finds its stack file where `--file` says', async () => {
    await save();
    const elsewhere = await mkdtemp(join(tmpdir(), 'stackc-saved-'));
    try {
      await writeFile(join(elsewhere, 'next.plan'), saved());
      const words = ['apply', 'next.plan', '--file', join(cwd, 'stack.json')];
      expect((await stack(words, { cwd: elsewhere, engine })).code).toBe(0);
      const lost = await stack(['apply', 'next.plan'], { cwd: elsewhere, engine });
      expect(lost.code).toBe(65);
      expect(lost.stderr).toContain('say where it is: `stack apply next.plan --file FILE`');
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  it.each([
    ['cut off', (text: string) => text.slice(0, -20), 'it is damaged: it ends too early'],
    ['edited', (text: string) => text.replace('worker0', 'worker1'), 'it is damaged, or was edited'],
    [
      'of another version',
      (text: string) => text.replace('"stackc_plan": 1', '"stackc_plan": 99'),
      'it is of format 99, and this version reads 1',
    ],
  ])('%s is refused', async (_, change, reason) => {
    await save();
    await writeFile(join(cwd, 'next.plan'), change(saved()));
    const applied = await run('apply', 'next.plan');
    expect(applied.code).toBe(65);
    expect(applied.stderr).toContain(`error: the saved plan \`next.plan\` cannot be applied: ${reason}`);
    expect(changes()).toEqual([]);
  });

  it('takes the place of an older one, and of nothing else', async () => {
    await save();
    await save();
    const refused = await run('plan', '-o', 'stack.json');
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain('`stack.json` is there already, and is no saved plan');
    expect((await run('plan', '-', '-o', 'next.plan')).code).toBe(64);
    const lost = await run('plan', '-o', 'no/such/next.plan');
    expect(lost.code).toBe(1);
    expect(lost.stderr).toContain(
      'the plan cannot be saved to `no/such/next.plan`: its folder does not exist',
    );
  });

  it('holds no secret', async () => {
    const value = 'sentinel-8fd1';
    await writeFile(
      join(cwd, 'stack.json'),
      JSON.stringify({
        secrets: { key: { env: 'KEY' } },
        deploy: {
          shop: {
            containers: [
              {
                worker: {
                  deploy: 'auto',
                  image: 'worker:1',
                  startup_time: 0.01,
                  env: { KEY: '%{secret:key}' },
                },
              },
            ],
          },
        },
      }),
    );
    const planned = await stack(['plan', '-o', 'next.plan'], { cwd, engine, env: { KEY: value } });
    expect(planned.stderr).toContain('Saved.');
    expect(saved()).toContain('KEY');
    expect(saved()).not.toContain(value);
    expect(saved()).not.toContain(Buffer.from(value).toString('base64').slice(0, 12));
  });
});
