import { describe, expect, test } from 'vitest';

import { labels } from '../../../src/compiler/labels.ts';
import type { JobEngine } from '../../../src/runtime/cron/world.ts';
import { JobScene, MINUTE_MS } from '../../support/cron/job-scene.ts';

const START = '2026-01-01T12:00:00Z';
const by = { user: 'deploy', host: 'laptop' };

describe('a run', () => {
  test('is made from the template, and leaves its end and its log, and no container', async () => {
    const scene = new JobScene(START);
    await scene.addJob(
      'backup',
      {},
      {
        does: {
          exitAfterMs: 5000,
          output: [
            { stream: 'stdout', text: 'dumped' },
            { stream: 'stderr', text: 'slowly', afterMs: 10 },
          ],
        },
      },
    );
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 100);
    expect(scene.runs()).toEqual(['shop-backup.run.1 running']);
    await scene.pass(10_000);
    expect(scene.told()).toEqual([
      '12:00:00 scheduled backup',
      '12:01:00 begun backup 1 12:01',
      '12:01:05 ended backup 1 succeeded',
    ]);
    expect(scene.store.records.at(-1)).toMatchObject({ exitCode: 0, tookMs: 5000, why: null });
    expect(scene.store.logs.get('shop/backup 1')).toBe('dumped\nslowly\n');
    expect(scene.runs()).toEqual([]);
    expect(scene.lines).toEqual([
      'shop/backup is scheduled: * * * * * (UTC)',
      'shop/backup 1 began',
      'shop/backup 1 ended after 5 s: succeeded',
    ]);
  });

  test('bears the labels of its template but those that tell generations apart', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', {}, { does: { exitAfterMs: 5000 }, labels: { own: 'yes' } });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 100);
    const run = scene.engine.containers().find(({ name }) => name.includes('.run.'));
    expect(run?.labels).toEqual({
      [labels.stack]: 'shop',
      [labels.application]: 'shop',
      [labels.container]: 'backup',
      [labels.role]: 'job',
      [labels.job]: expect.stringContaining('"schedule"'),
      [labels.jobRun]: '1',
      own: 'yes',
    });
    expect(run?.restart).toBe('no');
  });

  test.each([
    [
      { exitAfterMs: 10, exitCode: 3 },
      { result: 'failed', exitCode: 3, why: null },
    ],
    [
      { startError: 'exec: "dump": not found' },
      { result: 'not-started', exitCode: null, why: 'exec: "dump": not found' },
    ],
  ])('that comes to nothing says so: %o', async (does, end) => {
    const scene = new JobScene(START);
    await scene.addJob('backup', {}, { does });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 1000);
    expect(scene.store.records.at(-1)).toMatchObject({ type: 'ended', run: 1, ...end });
    expect(scene.runs()).toEqual([]);
  });

  test('tells nothing of its environment where the engine repeats it', async () => {
    const scene = new JobScene(START);
    const does = { startError: 'exec: "hunter22": not found' };
    await scene.addJob('backup', {}, { does, env: ['WORD=hunter22'] });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 100);
    expect(scene.store.records.at(-1)).toMatchObject({ why: 'exec: "(masked)": not found' });
    expect(scene.lines.join()).not.toContain('hunter22');
  });

  test('that takes too long is stopped in its own way', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { timeoutMs: 20_000 }, { does: { stopAfterMs: 2000, stopExitCode: 0 } });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 30_000);
    expect(scene.store.records.at(-1)).toMatchObject({
      result: 'timed-out',
      exitCode: 0,
      tookMs: 22_000,
      why: 'it was stopped after 20 s',
    });
    const stop = scene.engine.calls.find(({ method }) => method === 'stopContainer');
    expect(stop?.args[1]).toBeNull();
  });

  test('that somebody removes is lost', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', {}, { does: {} });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 100);
    await scene.engine.removeContainer('shop-backup.run.1');
    await scene.pass(100);
    expect(scene.store.records.at(-1)).toMatchObject({
      result: 'lost',
      exitCode: null,
      why: 'somebody has removed its container',
    });
  });

  test.each<[string, number, object]>([
    ['while it runs', 137, { result: 'lost', exitCode: null, why: 'somebody has removed its container' }],
    ['when it is over', 0, { result: 'succeeded', exitCode: 0, why: null }],
  ])('that the engine is removing %s keeps its output', async (_, exitCode, end) => {
    const scene = new JobScene(START);
    const does = { exitAfterMs: 5000, exitCode, output: [{ stream: 'stdout', text: 'first' }] } as const;
    await scene.addJob('backup', {}, { does });
    const inspectContainer: JobEngine['inspectContainer'] = async (id) => {
      const found = await scene.engine.inspectContainer(id);
      return found?.state === 'exited' ? { ...found, state: 'removing' } : found;
    };
    await scene.startAgent(null, { ...scene.engine, inspectContainer });
    await scene.pass(MINUTE_MS + 6000);
    expect(scene.store.records.at(-1)).toMatchObject({ type: 'ended', run: 1, ...end });
    expect(scene.store.logs.get('shop/backup 1')).toBe('first\n');
  });

  test('that is removed just when it is over keeps its exit code', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', {}, { does: { exitAfterMs: 5000, exitCode: 3 } });
    const inspectContainer: JobEngine['inspectContainer'] = async (id) => {
      const found = await scene.engine.inspectContainer(id);
      return found?.state === 'exited' ? null : found;
    };
    await scene.startAgent(null, { ...scene.engine, inspectContainer });
    await scene.pass(MINUTE_MS + 6000);
    expect(scene.store.records.at(-1)).toMatchObject({ result: 'failed', exitCode: 3 });
  });

  test('by hand begins at once, also while the job is paused', async () => {
    const scene = new JobScene(START);
    await scene.addJob('backup', { schedule: ['0 0 1 1 *'] });
    await scene.startAgent();
    await scene.pass(MINUTE_MS + 100);
    await scene.ask((runner) => runner.pause('shop/backup', by));
    expect(await scene.ask((runner) => runner.run('shop/backup', by))).toEqual({ kind: 'begun', run: 1 });
    await scene.pass(2000);
    expect(scene.told('begun', 'ended')).toEqual([
      '12:01:00 begun backup 1 by hand',
      '12:01:01 ended backup 1 succeeded',
    ]);
    expect(scene.store.records.find(({ type }) => type === 'begun')).toMatchObject({ by });
  });
});
