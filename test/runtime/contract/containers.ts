import { expect, it } from 'vitest';

import { play } from '../contract-programs.ts';
import { expectKind } from './expect-kind.ts';
import { until, type ContractScene } from './scene.ts';

/** From create to remove, with names, signals and policies. */
export function containerLife(scene: ContractScene): void {
  it('creates, starts, stops and removes', async () => {
    const { id, name } = await scene.create(play('run'));
    expect(await scene.details(id)).toMatchObject({
      id,
      name,
      state: 'created',
      exitCode: null,
      startedAt: '',
    });
    await scene.engine.startContainer(id);
    expect(await scene.details(name)).toMatchObject({ id, state: 'running', exitCode: null, restart: 'no' });
    await scene.untilListening(id);
    await scene.engine.stopContainer(id, 10);
    expect(await scene.details(id)).toMatchObject({ state: 'exited', exitCode: 7 });
    await scene.engine.removeContainer(id);
    expect(await scene.engine.inspectContainer(id)).toBeNull();
  });

  it('tells what one uses that runs, where the engine can measure it, and nothing of others', async () => {
    const { engine } = scene;
    const { id } = await scene.create(play('run'));
    expect(await engine.usage(id)).toBeNull();
    await engine.startContainer(id);
    await scene.untilListening(id);
    const usage = await engine.usage(id);
    if (usage !== null) expect(usage.atMs).toBeGreaterThan(0);
    await engine.removeContainer(id);
    expect(await engine.usage(id)).toBeNull();
  });

  it('tells everything that one was made with', async () => {
    const made = {
      entrypoint: ['sh', '-c'],
      env: ['GREETING=hello'],
      user: 'www-data',
      workingDir: '/tmp',
      hostname: 'front',
      stopSignal: 'SIGQUIT',
      stopTimeoutS: 5,
      ports: [{ containerPort: 80, hostPort: null, hostIp: '127.0.0.1', protocol: 'tcp' }],
      log: { driver: 'json-file', options: { 'max-size': '10m' } },
      memory: 64 * 1024 * 1024,
      cpus: 0.5,
      readOnly: true,
      tmpfs: { '/run': 'size=64k' },
      capDrop: ['ALL'],
      init: true,
      ulimits: [{ name: 'nofile', soft: 512, hard: 1024 }],
      shmSize: 1024 * 1024,
      extraHosts: ['legacy:10.0.0.5'],
    } as const;
    const restart = { name: 'on-failure', maxRetries: 3 } as const;
    const { id, name } = await scene.create(['exit'], { ...made, restart, hostProcesses: true });
    const setup = await scene.engine.containerSetup(id);
    const { env, ...rest } = made;
    expect(setup).toMatchObject({
      id,
      name,
      image: scene.image,
      state: 'created',
      command: ['exit'],
      restart,
      ...rest,
    });
    expect(setup?.env).toEqual(expect.arrayContaining([...env]));
    expect(setup?.foreignOptions).toContain('--pid=host');
    expect(await scene.engine.imageDefaults(scene.image)).toMatchObject({
      id: setup?.imageId,
      stopSignal: null,
    });
    expect(await scene.engine.containerSetup(scene.unique('gone'))).toBeNull();
    expect(await scene.engine.imageDefaults('stackc-contract/gone:1')).toBeNull();
  });

  it('makes one like another, without its name, labels, ports, restarts and files', async () => {
    const [one, two] = [scene.unique('net'), scene.unique('net')];
    await scene.engine.createNetwork(one, scene.labels());
    await scene.engine.createNetwork(two, scene.labels());
    const volume = scene.unique('volume');
    await scene.engine.createVolume(volume, scene.labels());
    const mount = { type: 'volume', readOnly: false, noCopy: true, relabel: null, dataVolume: null } as const;
    const made = {
      env: ['PLAY=hello'],
      user: 'www-data',
      workingDir: '/tmp',
      stopSignal: 'SIGQUIT',
      stopTimeoutS: 5,
      log: { driver: 'json-file', options: { 'max-size': '10m' } },
      memory: 64 * 1024 * 1024,
      tmpfs: { '/run': 'size=64k' },
      extraHosts: ['legacy:10.0.0.5'],
    };
    const original = await scene.create(play('env'), {
      ...made,
      labels: { ...scene.labels(), 'contract.kind': 'template' },
      network: one,
      links: ['anybody:database'],
      mounts: [{ ...mount, source: volume, target: '/data' }],
      ports: [{ containerPort: 80, hostPort: null, hostIp: '127.0.0.1', protocol: 'tcp' }],
      restart: { name: 'always', maxRetries: 0 },
    });
    await scene.engine.connectNetwork(two, original.id, ['beside']);
    const name = scene.unique('clone');
    const labels = { ...scene.labels(), 'contract.kind': 'run' };
    const id = await scene.engine.cloneContainer(original.id, { name, labels });
    const before = await scene.engine.containerSetup(original.id);
    const after = await scene.engine.containerSetup(id);
    expect(after).toEqual({
      ...before,
      id,
      name,
      labels: expect.objectContaining(labels),
      // By the id of what the other one was made from, whatever its name means by now.
      image: before?.imageId,
      hostname: id.slice(0, 12),
      ports: [],
      restart: { name: 'no', maxRetries: 0 },
    });
    expect(await scene.details(id)).toMatchObject({
      state: 'created',
      networks: { [one]: [], [two]: ['beside'] },
    });
    expect(await scene.engine.fetchFile(id, '/tmp/none')).toBeNull();
    await scene.engine.startContainer(id);
    expect(await scene.engine.waitContainer(id)).toBe(0);
    expect(await scene.logsOf(id)).toEqual({ stdout: 'hello\n', stderr: '' });
    expect((await scene.details(original.id)).state).toBe('created');
  });

  it('makes several like the same one, each name once, and none like what is gone', async () => {
    const original = await scene.create(play('exit', '3'), { network: 'none', hostname: 'front' });
    const [name, labels] = [scene.unique('clone'), scene.labels()];
    const id = await scene.engine.cloneContainer(original.id, { name, labels });
    await expectKind('conflict', scene.engine.cloneContainer(original.id, { name, labels }));
    await scene.engine.cloneContainer(original.id, { name: scene.unique('clone'), labels });
    await scene.engine.startContainer(id);
    expect(await scene.engine.waitContainer(id)).toBe(3);
    const { startedAt, endedAt } = await scene.details(id);
    // Of one that ends at once, the engine notes its end some milliseconds before its start.
    expect(Date.parse(endedAt)).toBeGreaterThan(Date.parse(startedAt) - 1000);
    expect((await scene.engine.containerSetup(id))?.hostname).toBe('front');
    const gone = scene.engine.cloneContainer(scene.unique('gone'), { name: scene.unique('clone'), labels });
    await expectKind('not-found', gone);
  });

  it('starts what runs and stops what is stopped without complaint', async () => {
    const { id } = await scene.run(play('run'));
    expect(await scene.engine.startContainer(id)).toBe(false);
    expect(await scene.engine.stopContainer(id, 10)).toBe(true);
    expect(await scene.engine.stopContainer(id, 10)).toBe(false);
    expect(await scene.engine.startContainer(id)).toBe(true);
    await scene.engine.stopContainer(id, 10);
    expect((await scene.details(id)).state).toBe('exited');
  });

  it('takes the stopping and removing of what is gone for done', async () => {
    expect(await scene.engine.stopContainer(scene.unique('gone'), 1)).toBe(false);
    await scene.engine.removeContainer(scene.unique('gone'));
  });

  it('kills what does not stop in its time', async () => {
    const { id } = await scene.run(play('deaf'));
    await scene.engine.stopContainer(id, 1);
    expect(await scene.details(id)).toMatchObject({ state: 'exited', exitCode: 137 });
  });

  it('gives a stop the time that the container was created with', async () => {
    const { id } = await scene.run(play('deaf'), { stopTimeoutS: 1 });
    expect((await scene.details(id)).stopTimeoutS).toBe(1);
    const started = performance.now();
    await scene.engine.stopContainer(id, null);
    expect(performance.now() - started).toBeLessThan(9000);
    expect((await scene.details(id)).exitCode).toBe(137);
  });

  it('removes what runs, unless it is not to be killed', async () => {
    const { id } = await scene.run(play('run'));
    await expect(scene.engine.removeContainer(id, { force: false })).rejects.toMatchObject({
      kind: 'conflict',
    });
    await scene.engine.removeContainer(id);
    expect(await scene.engine.inspectContainer(id)).toBeNull();
  });

  it('keeps names unique, at create and at rename', async () => {
    const [one, two] = [await scene.create(play('run')), await scene.create(play('run'))];
    await expectKind('conflict', scene.create(play('run'), { name: one.name }));
    await expectKind('conflict', scene.engine.renameContainer(two.id, one.name));
    const name = scene.unique('renamed');
    await scene.engine.renameContainer(one.id, name);
    expect((await scene.details(one.id)).name).toBe(name);
    await scene.engine.renameContainer(two.id, one.name);
    expect((await scene.details(one.name)).id).toBe(two.id);
  });

  it('does not rename what waits to be started again, but once it is stopped', async () => {
    const { id } = await scene.run(play('exit', '3'), { restart: { name: 'always', maxRetries: 0 } });
    await until('it waits for long', async () => {
      const { restartCount, state } = await scene.details(id);
      return restartCount > 4 && state === 'restarting';
    });
    const name = scene.unique('ending');
    await expectKind('between-runs', scene.engine.renameContainer(id, name));
    await scene.engine.stopContainer(id, null);
    await scene.engine.renameContainer(id, name);
    expect((await scene.details(name)).id).toBe(id);
  });

  it('knows with what code one has ended that runs again', async () => {
    const { id } = await scene.run(play('exit', '3'), { restart: { name: 'always', maxRetries: 0 } });
    // Counted as a restart before it is started again.
    const { startedAt: first } = await scene.details(id);
    await until('it has been started again', async () => (await scene.details(id)).startedAt !== first);
    expect(await scene.engine.lastExit(id, (await scene.details(id)).startedAt)).toBe(3);
    const { id: other } = await scene.run(play('run'));
    expect(await scene.engine.lastExit(other, (await scene.details(other)).startedAt)).toBeNull();
  });

  it('takes a rename to the name that it has for done', async () => {
    const { id, name } = await scene.create(play('run'));
    await scene.engine.renameContainer(id, name);
    expect((await scene.details(id)).name).toBe(name);
  });

  it('finds by a whole name, and by nothing else', async () => {
    const { id, name } = await scene.create(play('run'));
    const other = await scene.create(play('run'), { name: `${name}.longer` });
    expect(await scene.engine.findContainer(name)).toEqual(await scene.details(id));
    expect((await scene.engine.findContainer(`${name}.longer`))?.id).toBe(other.id);
    expect(await scene.engine.findContainer(`${name}.lon`)).toBeNull();
    expect(await scene.engine.findContainer(name.replace('-', '.'))).toBeNull();
    for (const text of [id, id.slice(0, 12), id.slice(0, 1)])
      expect(await scene.engine.findContainer(text)).toBeNull();
  });

  it('tells the limit of restarts with the policy, and none where there is none', async () => {
    const { id } = await scene.create(play('run'));
    expect((await scene.details(id)).restart).toBe('no');
    for (const [limit, text] of [
      [3, 'on-failure:3'],
      [0, 'on-failure'],
    ] as const) {
      await scene.engine.updateRestart(id, 'on-failure', limit);
      expect((await scene.details(id)).restart).toBe(text);
    }
  });

  it('tells what is missing', async () => {
    const gone = scene.unique('gone');
    expect(await scene.engine.inspectContainer(gone)).toBeNull();
    expect(await scene.engine.findContainer(gone)).toBeNull();
    await expectKind('not-found', scene.engine.startContainer(gone));
    await expectKind('not-found', scene.engine.renameContainer(gone, scene.unique('other')));
    await expectKind('not-found', scene.engine.updateRestart(gone, 'always', 0));
    await expectKind('not-found', scene.engine.killContainer(gone, 'SIGHUP'));
    await expectKind('not-found', scene.engine.waitContainer(gone));
    await expectKind('not-found', scene.logsOf(gone));
    await expectKind('not-found', scene.engine.exec(gone, { command: ['true'], tty: false, stdin: false }));
    await expectKind('not-found', scene.create(play('run'), { image: 'stackc-contract/none:0' }));
  });

  it('tells why it cannot start', async () => {
    const { id } = await scene.create(['/no/such/program']);
    await expect(scene.engine.startContainer(id)).rejects.toThrow('/no/such/program');
    expect((await scene.details(id)).state).toBe('created');
  });

  it('does not signal what does not run', async () => {
    const { id } = await scene.create(play('run'));
    await expectKind('conflict', scene.engine.killContainer(id, 'SIGTERM'));
    await expect(scene.engine.killContainer(id, 'SIGTERM')).rejects.toThrow('is not running');
  });

  it('signals', async () => {
    const { id } = await scene.run(play('run'), { stopSignal: 'SIGTERM' });
    await scene.engine.killContainer(id, 'SIGKILL');
    expect(await scene.engine.waitContainer(id)).toBe(137);
  });

  it('changes the restart policy and follows it', async () => {
    const { id } = await scene.create(play('exit', '1'));
    await scene.engine.updateRestart(id, 'on-failure', 2);
    expect((await scene.details(id)).restart).toBe('on-failure:2');
    await scene.engine.startContainer(id);
    await until('restarted twice and given up', async () => {
      const { restartCount, state } = await scene.details(id);
      return restartCount === 2 && state === 'exited';
    });
  });

  it('does not bring back what was stopped', async () => {
    const { id } = await scene.run(play('run'), { restart: { name: 'always', maxRetries: 0 } });
    await scene.engine.stopContainer(id, 10);
    expect(await scene.details(id)).toMatchObject({ state: 'exited', restartCount: 0 });
  });
}

/** What lists and inspects tell. */
export function containerFacts(scene: ContractScene): void {
  it('lists by labels', async () => {
    const value = scene.unique('value');
    const { id, name } = await scene.create(play('run'), {
      labels: { ...scene.labels(), 'contract.key': value },
    });
    const other = await scene.create(play('run'));
    const found = await scene.engine.listContainers([scene.label, `contract.key=${value}`]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ id, name, image: scene.image, state: 'created' });
    expect(found[0]?.labels['contract.key']).toBe(value);
    const all = await scene.engine.listContainers([scene.label]);
    expect(all.map((row) => row.id)).toEqual(expect.arrayContaining([id, other.id]));
    expect(await scene.engine.listContainers([`contract.key=${scene.unique('none')}`])).toEqual([]);
    const withKey = await scene.engine.listContainers([scene.label, 'contract.key']);
    expect(withKey.map((row) => row.id)).toEqual([id]);
  });

  it('tells which volumes a listed container may write', async () => {
    const [kept, read] = [scene.unique('kept'), scene.unique('read')];
    for (const volume of [kept, read]) await scene.engine.createVolume(volume, scene.labels());
    const mount = { type: 'volume', readOnly: false, noCopy: true, relabel: null, dataVolume: null } as const;
    const { id } = await scene.create(play('run'), {
      mounts: [
        { ...mount, source: kept, target: '/kept' },
        { ...mount, source: read, target: '/read', readOnly: true },
      ],
    });
    const rows = await scene.engine.listContainers([scene.label]);
    expect(rows.find((row) => row.id === id)?.writes).toEqual([kept]);
  });

  it('tells what a container was made from', async () => {
    const { id } = await scene.create(play('run'), {
      env: ['PLAY=some value', 'EMPTY='],
      memory: 64 * 1024 * 1024,
      cpus: 0.5,
      tty: true,
      ports: [
        { containerPort: 80, hostPort: 45_987, hostIp: '127.0.0.1', protocol: 'tcp' },
        { containerPort: 81, hostPort: null, hostIp: null, protocol: 'udp' },
      ],
      mounts: [
        {
          type: 'bind',
          source: '/usr',
          target: '/host',
          readOnly: true,
          noCopy: false,
          relabel: null,
          dataVolume: null,
        },
      ],
    });
    const found = await scene.details(id);
    expect(found.env).toEqual(expect.arrayContaining(['PLAY=some value', 'EMPTY=']));
    expect(found).toMatchObject({ memory: 64 * 1024 * 1024, nanoCpus: 5e8, tty: true });
    expect(found.command).toEqual(play('run'));
    expect(found.ports).toEqual([
      { containerPort: 80, hostPort: 45_987, hostIp: '127.0.0.1', protocol: 'tcp' },
      { containerPort: 81, hostPort: null, hostIp: null, protocol: 'udp' },
    ]);
    expect(found.mounts).toMatchObject([{ type: 'bind', target: '/host', readOnly: true }]);
    expect(found.image).toBe(scene.image);
    expect(found.imageId).toBe((await scene.engine.inspectImage(scene.image))?.id);
  });

  it('tells what lies at a path, of a stopped container too, and follows nothing but to tell its end', async () => {
    const { id } = await scene.create(play('run'));
    const look = (path: string) => scene.engine.statPath(id, path, 10_000);
    expect(await look('/usr/local/bin/play')).toEqual({ kind: 'file', target: null });
    expect(await look('/bin')).toEqual({ kind: 'symlink', target: '/usr/bin' });
    expect(await look('/usr/bin')).toEqual({ kind: 'directory', target: null });
    expect(await look('/none')).toBeNull();
    expect(await scene.engine.statPath(scene.unique('none'), '/', 10_000)).toBeNull();
    await scene.engine.startContainer(id);
    expect(await look('/bin')).toEqual({ kind: 'symlink', target: '/usr/bin' });
  });

  it('reads files, of a stopped container too, and tells of links', async () => {
    const { id } = await scene.create(play('run'));
    const read = (path: string) => scene.engine.readFiles(id, path, 10_000);
    expect(await read('/etc/stackc/one.conf')).toEqual([
      { kind: 'file', path: '/etc/stackc/one.conf', text: 'the first\n' },
    ]);
    expect([...((await read('/etc/stackc')) ?? [])].sort((a, b) => (a.path < b.path ? -1 : 1))).toEqual([
      { kind: 'symlink', path: '/etc/stackc/link.conf', target: 'one.conf' },
      { kind: 'file', path: '/etc/stackc/one.conf', text: 'the first\n' },
    ]);
    expect(await read('/etc/stackc/none')).toBeNull();
    expect(await scene.engine.readFiles(scene.unique('none'), '/etc/stackc', 10_000)).toBeNull();
  });

  it("takes an empty command for none of one's own", async () => {
    const { id } = await scene.create([]);
    const image = await scene.engine.inspectImage(scene.image);
    expect(image?.config.command).not.toEqual([]);
    expect((await scene.details(id)).command).toEqual(image?.config.command);
  });

  it('takes an empty entrypoint for none at all', async () => {
    const { id } = await scene.run(play('exit', '4'), { entrypoint: [] });
    expect(await scene.engine.waitContainer(id)).toBe(4);
  });
}
