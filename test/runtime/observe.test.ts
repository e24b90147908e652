import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/compiler/desired/canonical-json.ts';
import { labels } from '../../src/compiler/labels.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import { agentConfig, instanceConfig, runConfig } from '../../src/compiler/plan/instance-config.ts';
import { observe, phaseOf } from '../../src/runtime/observe.ts';
import { blankSpec, desiredState, STACK } from '../support/desired.ts';
import { memoryEngine } from '../support/memory-engine.ts';

const desired = desiredState([
  { name: 'app', env: { GREETING: 'hello' }, socket: true, migration: ['migrate'] },
]);

function container(): NonNullable<(typeof desired.containers)[0]> {
  const first = desired.containers[0];
  if (first === undefined) throw new Error('no container');
  return first;
}

function generation(number: number, name: string): ContainerConfig {
  const instance = container().instances[0];
  if (instance === undefined) throw new Error('no instance');
  return instanceConfig(STACK, container(), instance, { generation: number, name, imageId: 'sha256:1' });
}

function run(role: 'migration' | 'run', name: string): ContainerConfig {
  const instance = container().instances[0];
  if (instance === undefined) throw new Error('no instance');
  return runConfig(STACK, container(), instance, {
    name,
    role,
    generation: 1,
    command: ['migrate', 'secret'],
    shown: ['migrate', '%{secret:x}'],
    imageId: 'sha256:ran',
    tty: false,
    openStdin: false,
  });
}

function engine() {
  return memoryEngine({
    images: { 'app:1': { id: 'sha256:1' }, 'app:0': { id: 'sha256:ran' }, 'stackc/agent:1': {} },
  });
}

describe('phaseOf', () => {
  it.each([
    ['shop-app0', 'current'],
    ['shop-app0.4.next', 'next'],
    ['shop-app0.3.old', 'old'],
    ['shop-app0.4.failed', 'failed'],
    ['shop-app0.next', 'current'],
    ['shop-app0.4.nextish', 'current'],
  ])('%s is %s', (name, phase) => expect(phaseOf(name)).toBe(phase));
});

describe('observe', () => {
  it('sees a current generation with its spec, its environment and its state', async () => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    const id = await memory.createContainer(generation(3, 'shop-app0'));
    await memory.startContainer(id);
    const { containers } = await observe(memory, STACK, []);
    expect(containers).toHaveLength(1);
    expect(containers[0]).toMatchObject({
      id,
      engineName: 'shop-app0',
      role: 'instance',
      key: 'shop/app0',
      application: 'shop',
      container: 'app',
      instance: 'app0',
      generation: 3,
      phase: 'current',
      state: 'running',
      migration: null,
      spec: { version: 1, image: 'app:1', env: ['GREETING', 'LISTEN'], socket: '/run/socks/app0.sock' },
    });
    expect(containers[0]?.env).toContain('GREETING=hello');
  });

  it('tells generations apart by their names and orders them', async () => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    await memory.createContainer(generation(4, 'shop-app0.4.next'));
    await memory.createContainer(generation(3, 'shop-app0'));
    await memory.createContainer(generation(2, 'shop-app0.2.failed'));
    const { containers } = await observe(memory, STACK, []);
    expect(containers.map(({ generation: n, phase }) => [n, phase])).toEqual([
      [2, 'failed'],
      [3, 'current'],
      [4, 'next'],
    ]);
  });

  it('reads what a migration ran, and leaves single runs and agents out of the containers', async () => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    await memory.createContainer(run('migration', 'shop-app.1.migration'));
    await memory.createContainer(run('run', 'shop-app.run.1'));
    const spec = {
      version: 4,
      plane: 'stack',
      name: 'shop-agent',
      image: 'stackc/agent:1',
      networks: [STACK],
      volumes: [],
    } as const;
    await memory.createContainer(agentConfig(STACK, spec));
    const { containers, agents, runs } = await observe(memory, STACK, []);
    expect(containers.map(({ role, migration }) => ({ role, migration }))).toEqual([
      { role: 'migration', migration: { imageId: 'sha256:ran', command: ['migrate', '%{secret:x}'] } },
    ]);
    expect(agents).toMatchObject([{ name: 'shop-agent', state: 'created', spec: canonicalJson(spec) }]);
    expect(runs).toMatchObject([{ engineName: 'shop-app.run.1', state: 'created' }]);
  });

  it.each([
    ['no JSON', '{"version":1'],
    ['another version', canonicalJson({ ...blankSpec, version: 2 })],
    ['fields of the wrong kind', canonicalJson({ ...blankSpec, mounts: 'all' })],
    ['a list', '[]'],
    ['nothing', ''],
  ])('takes a spec label with %s for unreadable, not for a failure', async (_what, label) => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    const config = generation(1, 'shop-app0');
    await memory.createContainer({ ...config, labels: { ...config.labels, [labels.spec]: label } });
    const { containers } = await observe(memory, STACK, []);
    expect(containers.map(({ spec, generation: n }) => ({ spec, n }))).toEqual([{ spec: null, n: 1 }]);
  });

  it('reads a generation that is no number as 0, and ignores what has our stack label but no instance', async () => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    const config = generation(1, 'shop-app0');
    await memory.createContainer({ ...config, labels: { ...config.labels, [labels.generation]: 'many' } });
    await memory.createContainer({ ...config, name: 'stray', labels: { [labels.stack]: STACK } });
    const { containers } = await observe(memory, STACK, []);
    expect(containers.map(({ engineName, generation: n }) => [engineName, n])).toEqual([['shop-app0', 0]]);
  });

  it('leaves out a container that is removed while it looks', async () => {
    let removed = false;
    const memory = memoryEngine({
      images: { 'app:1': { id: 'sha256:1' } },
      before: async (call) => {
        if (call.method !== 'inspectContainer' || removed) return;
        removed = true;
        await memory.removeContainer('shop-app0');
      },
    });
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    await memory.createContainer(generation(1, 'shop-app0'));
    expect((await observe(memory, STACK, [])).containers).toEqual([]);
    expect(removed).toBe(true);
  });

  it('lists its own volumes and networks, and those of others that exist', async () => {
    const memory = engine();
    const own = { [labels.stack]: STACK, [labels.application]: 'shop' };
    await memory.createNetwork('shop', own);
    await memory.createNetwork('proxy', {});
    await memory.createNetwork('another', { [labels.stack]: 'another' });
    await memory.createVolume('shop-socks-run', {
      ...own,
      [labels.dataVolume]: 'socks',
      [labels.path]: '/run/socks',
    });
    await memory.createVolume('foreign', {});
    const observed = await observe(memory, STACK, ['proxy', 'missing']);
    expect(observed.networks).toEqual(['proxy', 'shop']);
    expect(observed.ownNetworks).toEqual(['shop']);
    expect(observed.volumes).toEqual([
      { name: 'shop-socks-run', application: 'shop', dataVolume: 'socks', path: '/run/socks' },
    ]);
  });

  it('asks for one list of each kind, whatever there is', async () => {
    const memory = engine();
    await memory.createNetwork(STACK, { [labels.stack]: STACK });
    await memory.createContainer(generation(1, 'shop-app0'));
    const before = memory.calls.length;
    await observe(memory, STACK, []);
    expect(
      memory.calls
        .slice(before)
        .map(({ method }) => method)
        .sort(),
    ).toEqual(['inspectContainer', 'listContainers', 'listNetworks', 'listVolumes']);
  });
});
