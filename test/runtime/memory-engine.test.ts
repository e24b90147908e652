import { describe, expect, it } from 'vitest';

import type { RestartPolicy } from '../../src/compiler/desired/instance-spec.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { playBehaviour, playExecHandler, playFiles, playPaths } from './contract-programs.ts';
import { engineContract } from './engine-contract.ts';

describe('engine in memory', () => {
  engineContract(async () => {
    const image = 'stackc-contract/play:1';
    return {
      engine: memoryEngine({
        images: { [image]: { config: { exposedPorts: ['8080/tcp'], command: ['bash'] } } },
        behaviour: playBehaviour,
        exec: playExecHandler,
        paths: (_container, path) => playPaths[path] ?? null,
        files: (_container, path) => playFiles[path] ?? null,
      }),
      image,
      label: 'contract.run=memory',
      prefix: 'contract',
      close: async () => undefined,
    };
  });
});

describe('restarts', () => {
  it.each<[RestartPolicy['name'], string]>([
    ['no', 'exited'],
    ['on-failure', 'running'],
    ['unless-stopped', 'running'],
    ['always', 'running'],
  ])('after a crash, with policy %s: %s', async (name, state) => {
    const clock = virtualClock();
    const engine = memoryEngine({ clock, images: { a: {} } });
    const id = await started(engine, name);
    engine.crash(id, 1);
    await clock.run(clock.sleep(1000));
    expect((await engine.inspectContainer(id))?.state).toBe(state);
  });

  it.each<[RestartPolicy['name'], string, string]>([
    ['no', 'exited', 'exited'],
    ['on-failure', 'running', 'running'],
    ['unless-stopped', 'running', 'exited'],
    ['always', 'running', 'running'],
  ])('after a reboot, with policy %s: %s, and %s when it was stopped before', async (name, ran, stopped) => {
    const engine = memoryEngine({ images: { a: {} } });
    const [one, two] = [await started(engine, name), await started(engine, name)];
    await engine.stopContainer(two, 1);
    engine.reboot();
    expect((await engine.inspectContainer(one))?.state).toBe(ran);
    expect((await engine.inspectContainer(two))?.state).toBe(stopped);
  });

  it('lose `unless-stopped` by a signal through the engine', async () => {
    const engine = memoryEngine({ images: { a: { config: { stopSignal: 'SIGTERM' } } } });
    const id = await started(engine, 'unless-stopped');
    await engine.killContainer(id, 'HUP');
    expect((await engine.inspectContainer(id))?.state).toBe('running');
    engine.reboot();
    expect((await engine.inspectContainer(id))?.state).toBe('exited');
  });
});

describe('what tests see', () => {
  it('is every call, containers by the name they had', async () => {
    const engine = memoryEngine({ images: { a: {} } });
    const id = await engine.createContainer(plainConfig({ name: 'x.1.next', image: 'a' }));
    await engine.startContainer(id);
    await engine.renameContainer(id, 'x');
    await engine.stopContainer(id, 3);
    expect(engine.calls.map(({ line }) => line)).toEqual([
      'createContainer x.1.next',
      'startContainer x.1.next',
      'renameContainer x.1.next x',
      'stopContainer x 3',
    ]);
  });

  it('is that a call which was made to fail had no effect', async () => {
    const failure = new EngineError('server', 'start', 'no', 500);
    const engine = memoryEngine({
      images: { a: {} },
      before: ({ method }) => {
        if (method === 'startContainer') throw failure;
      },
    });
    const id = await engine.createContainer(plainConfig({ name: 'x', image: 'a' }));
    await expect(engine.startContainer(id)).rejects.toBe(failure);
    expect((await engine.inspectContainer(id))?.state).toBe('created');
  });

  it('is health by the clock', async () => {
    const clock = virtualClock();
    const engine = memoryEngine({ clock, images: { a: {} }, behaviour: () => ({ healthyAfterMs: 500 }) });
    const id = await started(engine, 'no');
    expect((await engine.inspectContainer(id))?.health).toBe('starting');
    await clock.run(clock.sleep(500));
    expect((await engine.inspectContainer(id))?.health).toBe('healthy');
    expect((await engine.listContainers([]))[0]?.status).toMatch(/^Up .*\(healthy\)$/);
  });

  it('is a registry', async () => {
    const engine = memoryEngine({ registry: { 'r/a:1': { digest: 'sha256:1' }, 'r/secret': 'denied' } });
    expect(await engine.registryDigest('r/a:1', null, 1)).toBe('sha256:1');
    await engine.pullImage('r/a@sha256:1', null, null, () => undefined);
    await engine.pullImage('r/a:1', null, null, () => undefined);
    expect((await engine.inspectImage('r/a:1'))?.repoDigests).toEqual(['r/a@sha256:1']);
    await expect(engine.pullImage('r/secret', null, null, () => undefined)).rejects.toMatchObject({
      kind: 'denied',
    });
    await expect(engine.registryDigest('r/none', null, 1)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

async function started(engine: MemoryEngine, policy: RestartPolicy['name']): Promise<string> {
  const restart = { name: policy, maxRetries: 0 };
  const id = await engine.createContainer(
    plainConfig({ name: `x${engine.calls.length}`, image: 'a', restart }),
  );
  await engine.startContainer(id);
  return id;
}
