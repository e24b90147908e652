import { expect, it } from 'vitest';

import type { MountSpec } from '../../../src/compiler/desired/instance-spec.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { play } from '../contract-programs.ts';
import { expectKind } from './expect-kind.ts';
import type { ContractScene } from './scene.ts';

/** Networks and who is connected to them. */
export function networks(scene: ContractScene): void {
  it('creates once, lists by label and removes', async () => {
    const name = scene.unique('net');
    expect(await scene.engine.inspectNetwork(name)).toBeNull();
    await scene.engine.createNetwork(name, scene.labels());
    await scene.engine.createNetwork(name, scene.labels());
    expect(await scene.engine.inspectNetwork(name)).not.toBeNull();
    expect(await scene.engine.listNetworks([scene.label])).toContain(name);
    await scene.engine.removeNetwork(name);
    await scene.engine.removeNetwork(name);
    expect(await scene.engine.inspectNetwork(name)).toBeNull();
  });

  it("does not take somebody else's network for its own", async () => {
    const name = scene.unique('net');
    await scene.engine.createNetwork(name, scene.labels());
    await expectKind('conflict', scene.engine.createNetwork(name, { 'contract.other': 'x' }));
  });

  it('does not find a network by a part of its name', async () => {
    const name = scene.unique('net');
    await scene.engine.createNetwork(`${name}-longer`, scene.labels());
    expect(await scene.engine.inspectNetwork(name)).toBeNull();
  });

  it('connects, with aliases, and disconnects', async () => {
    const [one, two] = [scene.unique('net'), scene.unique('net')];
    await scene.engine.createNetwork(one, scene.labels());
    await scene.engine.createNetwork(two, scene.labels());
    const { id } = await scene.run(play('run'), { network: one });
    await scene.engine.connectNetwork(two, id, ['first', 'second']);
    await scene.engine.connectNetwork(two, id, ['first', 'second']);
    expect(await scene.details(id)).toMatchObject({
      networkMode: one,
      networks: { [one]: [], [two]: ['first', 'second'] },
    });
    const [row] = (await scene.engine.listContainers([scene.label])).filter((found) => found.id === id);
    expect(row?.networks).toEqual([one, two].sort());
    await expectKind('conflict', scene.engine.removeNetwork(two));
    await scene.engine.disconnectNetwork(two, id);
    await scene.engine.disconnectNetwork(two, id);
    expect(Object.keys((await scene.details(id)).networks)).toEqual([one]);
    await scene.engine.removeNetwork(two);
  });

  it('connects what does not run yet', async () => {
    const [one, two] = [scene.unique('net'), scene.unique('net')];
    await scene.engine.createNetwork(one, scene.labels());
    await scene.engine.createNetwork(two, scene.labels());
    const { id } = await scene.create(play('run'), { network: one });
    await scene.engine.connectNetwork(two, id, []);
    await scene.engine.connectNetwork(two, id, []);
    await scene.engine.startContainer(id);
    expect(Object.keys((await scene.details(id)).networks).sort()).toEqual([one, two].sort());
  });

  it('tells of a network that is missing at the start', async () => {
    const { id } = await scene.create(play('run'), { network: scene.unique('none') });
    await expectKind('not-found', scene.engine.startContainer(id));
    const running = await scene.run(play('run'));
    await expectKind('not-found', scene.engine.connectNetwork(scene.unique('none'), running.id, []));
  });

  it('takes a link to what does not exist', async () => {
    const network = scene.unique('net');
    await scene.engine.createNetwork(network, scene.labels());
    const { id } = await scene.run(play('run'), { network, links: [`${scene.unique('later')}:db`] });
    expect((await scene.details(id)).state).toBe('running');
  });

  it('runs in the network of the host, and in none', async () => {
    const [host, none] = [
      await scene.run(play('run'), { network: 'host' }),
      await scene.run(play('run'), { network: 'none' }),
    ];
    expect((await scene.details(host.id)).networkMode).toBe('host');
    expect((await scene.details(none.id)).networkMode).toBe('none');
  });
}

/** Volumes and who uses them. */
export function volumes(scene: ContractScene): void {
  it('creates once, lists by label and removes', async () => {
    const name = scene.unique('vol');
    await scene.engine.createVolume(name, { ...scene.labels(), 'contract.path': '/data' });
    await scene.engine.createVolume(name, { ...scene.labels(), 'contract.path': '/data' });
    const found = await scene.engine.listVolumes([scene.label]);
    expect(found.find((row) => row.name === name)?.labels['contract.path']).toBe('/data');
    await scene.engine.removeVolume(name);
    await scene.engine.removeVolume(name);
    expect((await scene.engine.listVolumes([scene.label])).some((row) => row.name === name)).toBe(false);
  });

  it('keeps what is in use', async () => {
    const name = scene.unique('vol');
    await scene.engine.createVolume(name, scene.labels());
    const { id } = await scene.create(play('run'), { mounts: [mountOf(name)] });
    expect((await scene.details(id)).mounts).toMatchObject([{ type: 'volume', name, target: '/data' }]);
    await expectKind('conflict', scene.engine.removeVolume(name));
    await scene.engine.removeContainer(id, { volumes: true });
    expect((await scene.engine.listVolumes([scene.label])).some((row) => row.name === name)).toBe(true);
    await scene.engine.removeVolume(name);
  });

  it('tells the processes of those who mount it and run', async () => {
    const name = scene.unique('vol');
    await scene.engine.createVolume(name, scene.labels());
    const { id } = await scene.create(play('run'), { mounts: [mountOf(name)] });
    expect(await scene.engine.volumeProcesses(name)).toEqual([]);
    await scene.engine.startContainer(id);
    const { pid } = await scene.details(id);
    expect(pid).toBeGreaterThan(1);
    expect(await scene.engine.volumeProcesses(name)).toEqual([pid]);
    await scene.engine.stopContainer(id, 10);
    expect(await scene.engine.volumeProcesses(name)).toEqual([]);
    expect((await scene.details(id)).pid).toBe(0);
    await scene.engine.removeContainer(id);
    await scene.engine.removeVolume(name);
  });

  it('tells what the processes of a running container call themselves', async () => {
    const { id } = await scene.create(play('run'));
    expect(await scene.engine.processes(id)).toEqual([]);
    await scene.engine.startContainer(id);
    expect((await scene.engine.processes(id)).length).toBeGreaterThan(0);
    await scene.engine.removeContainer(id);
    expect(await scene.engine.processes(id)).toEqual([]);
  });
}

function mountOf(volume: string): MountSpec {
  return {
    type: 'volume',
    source: volume,
    target: '/data',
    readOnly: false,
    noCopy: true,
    relabel: null,
    dataVolume: null,
  };
}

/** Ports of the host. */
export function hostPorts(scene: ContractScene): void {
  it('gives a host port to one at a time', async () => {
    const ports = [{ containerPort: 80, hostPort: 47_813, hostIp: '127.0.0.1', protocol: 'tcp' as const }];
    const [one, two] = [await scene.run(play('run'), { ports }), await scene.create(play('run'), { ports })];
    await expect(scene.engine.startContainer(two.id)).rejects.toThrow('already allocated');
    await scene.engine.stopContainer(one.id, 10);
    await scene.engine.startContainer(two.id);
    expect((await scene.details(two.id)).state).toBe('running');
  });
}

/** Images, and registries that cannot be reached. */
export function images(scene: ContractScene): void {
  it('inspects, and tells of none', async () => {
    const image = await scene.engine.inspectImage(scene.image);
    expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image?.repoDigests).toEqual([]);
    expect(image?.config).toMatchObject({
      stopSignal: null,
      healthcheck: false,
      exposedPorts: ['8080/tcp'],
    });
    expect(await scene.engine.inspectImage(image?.id ?? '')).toEqual(image);
    expect(await scene.engine.inspectImage('stackc-contract/none:0')).toBeNull();
  });

  it('lists them, and removes what nobody is made from', async () => {
    const { engine } = scene;
    const one = `${scene.unique('image')}:1`;
    const files = { Dockerfile: new TextEncoder().encode(`FROM ${scene.image}\nENV ONLY=${one}\n`) };
    const request = { tag: one, files, buildArgs: {}, labels: scene.labels(), network: 'default' } as const;
    await engine.buildImage(request, () => undefined);
    const image = (await engine.listImages()).find(({ tags }) => tags.includes(one));
    expect(image).toMatchObject({ tags: [one], digests: [] });
    expect(image?.id).toBe((await engine.inspectImage(one))?.id);
    expect(image?.bytes).toBeGreaterThan(0);
    const { id } = await scene.create(play('run'), { image: one });
    await expectKind('conflict', engine.removeImage(image?.id ?? ''));
    expect((await engine.containerBytes([id])).has(id)).toBe(true);
    await engine.removeContainer(id);
    expect((await engine.containerBytes([id])).size).toBe(0);
    await engine.removeImage(image?.id ?? '');
    expect(await engine.inspectImage(one)).toBeNull();
    await engine.removeImage(one);
  });

  it('rejects a push of what it has not', async () => {
    const pushing = scene.engine.pushImage('localhost:9/none:0', null, () => undefined);
    await expectKind('not-found', pushing);
  });

  it('rejects a pull of what is not to be had', async () => {
    await expect(scene.engine.pullImage('localhost:9/none:0', null, null, () => undefined)).rejects.toThrow(
      EngineError,
    );
    await expect(scene.engine.registryDigest('localhost:9/none:0', null, 10_000)).rejects.toThrow(
      EngineError,
    );
    expect(await scene.engine.inspectImage('localhost:9/none:0')).toBeNull();
  });
}
