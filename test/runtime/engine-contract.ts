import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import {
  EngineError,
  type Engine,
  type EngineErrorKind,
  type LogsOptions,
} from '../../src/runtime/engine.ts';
import { plainConfig } from '../support/plain-config.ts';
import { execCommands, play } from './contract-programs.ts';

/** An engine under test. `image` holds the suite's programs; everything made carries `label` and `prefix`. */
export interface ContractSubject {
  readonly engine: Engine;
  readonly image: string;
  /** `key=value`. */
  readonly label: string;
  readonly prefix: string;
  close(): Promise<void>;
}

const DEADLINE_MS = 20_000;

/** What every {@link Engine} does, however it does it. */
export function engineContract(open: () => Promise<ContractSubject>): void {
  let subject: ContractSubject;
  let engine: Engine;
  let made = 0;

  beforeAll(async () => {
    subject = await open();
    engine = subject.engine;
  }, 120_000);

  afterAll(async () => {
    for (const { id } of await engine.listContainers([subject.label])) {
      await engine.removeContainer(id, { volumes: true });
    }
    for (const name of await engine.listNetworks([subject.label])) await engine.removeNetwork(name);
    for (const { name } of await engine.listVolumes([subject.label])) await engine.removeVolume(name);
    await subject.close();
  }, 60_000);

  const unique = (word: string) => `${subject.prefix}-${word}${(made += 1)}`;
  const labels = () => Object.fromEntries([subject.label.split('=', 2)]);
  const create = async (words: readonly string[], more: Partial<ContainerConfig> = {}) => {
    const name = unique('c');
    const config = plainConfig({ name, image: subject.image, command: words, labels: labels(), ...more });
    return { id: await engine.createContainer(config), name: config.name };
  };
  const run = async (words: readonly string[], more: Partial<ContainerConfig> = {}) => {
    const container = await create(words, more);
    await engine.startContainer(container.id);
    return container;
  };
  const details = async (id: string) => {
    const found = await engine.inspectContainer(id);
    if (found === null) throw new Error(`no container ${id}`);
    return found;
  };
  const until = async (what: string, isTrue: () => Promise<boolean>) => {
    const end = performance.now() + DEADLINE_MS;
    while (!(await isTrue())) {
      if (performance.now() > end) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const logsOf = async (id: string, options: Partial<LogsOptions> = {}) => {
    const text = { stdout: '', stderr: '' };
    const all = { tail: null, follow: false, timestamps: false, ...options };
    for await (const { stream, data } of engine.logs(id, all))
      text[stream] += Buffer.from(data).toString('utf8');
    return text;
  };

  describe('containers', () => {
    it('creates, starts, stops and removes', async () => {
      const { id, name } = await create(play('run'));
      expect(await details(id)).toMatchObject({ id, name, state: 'created', exitCode: null, startedAt: '' });
      await engine.startContainer(id);
      expect(await details(name)).toMatchObject({ id, state: 'running', exitCode: null, restart: 'no' });
      await engine.stopContainer(id, 10);
      expect(await details(id)).toMatchObject({ state: 'exited', exitCode: 7 });
      await engine.removeContainer(id);
      expect(await engine.inspectContainer(id)).toBeNull();
    });

    it('starts what runs and stops what is stopped without complaint', async () => {
      const { id } = await run(play('run'));
      await engine.startContainer(id);
      await engine.stopContainer(id, 10);
      await engine.stopContainer(id, 10);
      expect((await details(id)).state).toBe('exited');
    });

    it('takes the stopping and removing of what is gone for done', async () => {
      await engine.stopContainer(unique('gone'), 1);
      await engine.removeContainer(unique('gone'));
    });

    it('kills what does not stop in its time', async () => {
      const { id } = await run(play('deaf'));
      await engine.stopContainer(id, 1);
      expect(await details(id)).toMatchObject({ state: 'exited', exitCode: 137 });
    });

    it('gives a stop the time that the container was created with', async () => {
      const { id } = await run(play('deaf'), { stopTimeoutS: 1 });
      const started = performance.now();
      await engine.stopContainer(id, null);
      expect(performance.now() - started).toBeLessThan(9000);
      expect((await details(id)).exitCode).toBe(137);
    });

    it('removes what runs', async () => {
      const { id } = await run(play('run'));
      await engine.removeContainer(id);
      expect(await engine.inspectContainer(id)).toBeNull();
    });

    it('keeps names unique, at create and at rename', async () => {
      const [one, two] = [await create(play('run')), await create(play('run'))];
      await expectKind('conflict', create(play('run'), { name: one.name }));
      await expectKind('conflict', engine.renameContainer(two.id, one.name));
      const name = unique('renamed');
      await engine.renameContainer(one.id, name);
      expect((await details(one.id)).name).toBe(name);
      await engine.renameContainer(two.id, one.name);
      expect((await details(one.name)).id).toBe(two.id);
    });

    it('tells what is missing', async () => {
      const gone = unique('gone');
      expect(await engine.inspectContainer(gone)).toBeNull();
      await expectKind('not-found', engine.startContainer(gone));
      await expectKind('not-found', engine.renameContainer(gone, unique('other')));
      await expectKind('not-found', engine.updateRestart(gone, 'always', 0));
      await expectKind('not-found', engine.killContainer(gone, 'SIGHUP'));
      await expectKind('not-found', engine.waitContainer(gone));
      await expectKind('not-found', logsOf(gone));
      await expectKind('not-found', engine.exec(gone, { command: ['true'], tty: false, stdin: false }));
      await expectKind('not-found', create(play('run'), { image: 'stackc-contract/none:0' }));
    });

    it('tells why it cannot start', async () => {
      const { id } = await create(['/no/such/program']);
      await expect(engine.startContainer(id)).rejects.toThrow('/no/such/program');
      expect((await details(id)).state).toBe('created');
    });

    it('does not signal what does not run', async () => {
      const { id } = await create(play('run'));
      await expectKind('conflict', engine.killContainer(id, 'SIGTERM'));
    });

    it('signals', async () => {
      const { id } = await run(play('run'), { stopSignal: 'SIGTERM' });
      await engine.killContainer(id, 'SIGKILL');
      expect(await engine.waitContainer(id)).toBe(137);
    });

    it('changes the restart policy and follows it', async () => {
      const { id } = await create(play('exit', '1'));
      await engine.updateRestart(id, 'on-failure', 2);
      expect((await details(id)).restart).toBe('on-failure');
      await engine.startContainer(id);
      await until('restarted twice and given up', async () => {
        const { restartCount, state } = await details(id);
        return restartCount === 2 && state === 'exited';
      });
    });

    it('does not bring back what was stopped', async () => {
      const { id } = await run(play('run'), { restart: { name: 'always', maxRetries: 0 } });
      await engine.stopContainer(id, 10);
      expect(await details(id)).toMatchObject({ state: 'exited', restartCount: 0 });
    });

    it('lists by labels', async () => {
      const value = unique('value');
      const { id, name } = await create(play('run'), { labels: { ...labels(), 'contract.key': value } });
      const other = await create(play('run'));
      const found = await engine.listContainers([subject.label, `contract.key=${value}`]);
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ id, name, image: subject.image, state: 'created' });
      expect(found[0]?.labels['contract.key']).toBe(value);
      const all = await engine.listContainers([subject.label]);
      expect(all.map((row) => row.id)).toEqual(expect.arrayContaining([id, other.id]));
      expect(await engine.listContainers([`contract.key=${unique('none')}`])).toEqual([]);
      const withKey = await engine.listContainers([subject.label, 'contract.key']);
      expect(withKey.map((row) => row.id)).toEqual([id]);
    });

    it('tells what a container was made from', async () => {
      const { id } = await create(play('run'), {
        env: ['PLAY=some value', 'EMPTY='],
        memory: 64 * 1024 * 1024,
        cpus: 0.5,
        tty: true,
      });
      const found = await details(id);
      expect(found.env).toEqual(expect.arrayContaining(['PLAY=some value', 'EMPTY=']));
      expect(found).toMatchObject({ memory: 64 * 1024 * 1024, nanoCpus: 5e8, tty: true });
      expect(found.command).toEqual(play('run'));
      expect(found.imageId).toBe((await engine.inspectImage(subject.image))?.id);
    });

    it('takes an empty entrypoint for none at all', async () => {
      const { id } = await run(play('exit', '4'), { entrypoint: [] });
      expect(await engine.waitContainer(id)).toBe(4);
    });
  });

  describe('wait', () => {
    it('gives the exit code, attached before the start or after the end', async () => {
      const { id } = await create(play('exit', '3'));
      const before = engine.waitContainer(id);
      await engine.startContainer(id);
      expect(await before).toBe(3);
      expect(await engine.waitContainer(id)).toBe(3);
    });

    it('gives the exit code of what still runs', async () => {
      const { id } = await run(play('run'));
      const code = engine.waitContainer(id);
      await engine.stopContainer(id, 10);
      expect(await code).toBe(7);
    });

    it('can be given up', async () => {
      const { id } = await run(play('run'));
      const stop = new AbortController();
      const code = engine.waitContainer(id, stop.signal);
      stop.abort();
      await expectKind('cut-off', code);
    });
  });

  describe('logs', () => {
    it('tells the streams apart', async () => {
      const { id } = await run(play('say'));
      await engine.waitContainer(id);
      expect(await logsOf(id)).toEqual({ stdout: 'out 1\nout 2\nout 3\n', stderr: 'err 1\n' });
    });

    it('gives the last lines', async () => {
      const { id } = await run(play('say-and-run'));
      await until('it has spoken', async () => (await logsOf(id)).stdout !== '');
      await engine.stopContainer(id, 10);
      expect(await logsOf(id, { tail: 0 })).toEqual({ stdout: '', stderr: '' });
      expect((await logsOf(id, { tail: 1000 })).stdout).toMatch(/^out 1\n/);
    });

    it('stamps lines with the time', async () => {
      const { id } = await run(play('say'));
      await engine.waitContainer(id);
      expect((await logsOf(id, { timestamps: true })).stderr).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z err 1\n$/);
    });

    it('follows until the container ends', async () => {
      const { id } = await run(play('say-and-run'));
      const followed = logsOf(id, { follow: true });
      await until('it has spoken', async () => (await logsOf(id)).stdout !== '');
      await engine.stopContainer(id, 10);
      expect((await followed).stdout).toMatch(/^out 1\n/);
    });

    it('ends quietly when the follower has had enough', async () => {
      const { id } = await run(play('say-and-run'));
      const stop = new AbortController();
      let text = '';
      for await (const { data } of engine.logs(id, {
        tail: null,
        follow: true,
        timestamps: false,
        signal: stop.signal,
      })) {
        text += Buffer.from(data).toString('utf8');
        stop.abort();
      }
      expect(text).toBe('out 1\n');
    });

    it('has no frames with a terminal', async () => {
      const { id } = await run(play('say'), { tty: true });
      await engine.waitContainer(id);
      const { stdout, stderr } = await logsOf(id);
      expect(stderr).toBe('');
      expect(stdout.replaceAll('\r', '').split('\n').sort()).toEqual([
        '',
        'err 1',
        'out 1',
        'out 2',
        'out 3',
      ]);
    });
  });

  describe('networks', () => {
    it('creates once, lists by label and removes', async () => {
      const name = unique('net');
      expect(await engine.inspectNetwork(name)).toBeNull();
      await engine.createNetwork(name, labels());
      await engine.createNetwork(name, labels());
      expect(await engine.inspectNetwork(name)).not.toBeNull();
      expect(await engine.listNetworks([subject.label])).toContain(name);
      await engine.removeNetwork(name);
      await engine.removeNetwork(name);
      expect(await engine.inspectNetwork(name)).toBeNull();
    });

    it("does not take somebody else's network for its own", async () => {
      const name = unique('net');
      await engine.createNetwork(name, labels());
      await expectKind('conflict', engine.createNetwork(name, { 'contract.other': 'x' }));
    });

    it('does not find a network by a part of its name', async () => {
      const name = unique('net');
      await engine.createNetwork(`${name}-longer`, labels());
      expect(await engine.inspectNetwork(name)).toBeNull();
    });

    it('connects, with aliases, and disconnects', async () => {
      const [one, two] = [unique('net'), unique('net')];
      await engine.createNetwork(one, labels());
      await engine.createNetwork(two, labels());
      const { id } = await run(play('run'), { network: one });
      await engine.connectNetwork(two, id, ['first', 'second']);
      await engine.connectNetwork(two, id, ['first', 'second']);
      expect(await details(id)).toMatchObject({
        networkMode: one,
        networks: { [one]: [], [two]: ['first', 'second'] },
      });
      const [row] = (await engine.listContainers([subject.label])).filter((found) => found.id === id);
      expect(row?.networks).toEqual([one, two].sort());
      await expectKind('conflict', engine.removeNetwork(two));
      await engine.disconnectNetwork(two, id);
      await engine.disconnectNetwork(two, id);
      expect(Object.keys((await details(id)).networks)).toEqual([one]);
      await engine.removeNetwork(two);
    });

    it('connects what does not run yet', async () => {
      const [one, two] = [unique('net'), unique('net')];
      await engine.createNetwork(one, labels());
      await engine.createNetwork(two, labels());
      const { id } = await create(play('run'), { network: one });
      await engine.connectNetwork(two, id, []);
      await engine.connectNetwork(two, id, []);
      await engine.startContainer(id);
      expect(Object.keys((await details(id)).networks).sort()).toEqual([one, two].sort());
    });

    it('tells of a network that is missing at the start', async () => {
      const { id } = await create(play('run'), { network: unique('none') });
      await expectKind('not-found', engine.startContainer(id));
      const running = await run(play('run'));
      await expectKind('not-found', engine.connectNetwork(unique('none'), running.id, []));
    });

    it('takes a link to what does not exist', async () => {
      const network = unique('net');
      await engine.createNetwork(network, labels());
      const { id } = await run(play('run'), { network, links: [`${unique('later')}:db`] });
      expect((await details(id)).state).toBe('running');
    });

    it('runs in the network of the host, and in none', async () => {
      const [host, none] = [
        await run(play('run'), { network: 'host' }),
        await run(play('run'), { network: 'none' }),
      ];
      expect((await details(host.id)).networkMode).toBe('host');
      expect((await details(none.id)).networkMode).toBe('none');
    });
  });

  describe('volumes', () => {
    it('creates once, lists by label and removes', async () => {
      const name = unique('vol');
      await engine.createVolume(name, { ...labels(), 'contract.path': '/data' });
      await engine.createVolume(name, { ...labels(), 'contract.path': '/data' });
      const found = await engine.listVolumes([subject.label]);
      expect(found.find((row) => row.name === name)?.labels['contract.path']).toBe('/data');
      await engine.removeVolume(name);
      await engine.removeVolume(name);
      expect((await engine.listVolumes([subject.label])).some((row) => row.name === name)).toBe(false);
    });

    it('keeps what is in use', async () => {
      const name = unique('vol');
      await engine.createVolume(name, labels());
      const { id } = await create(play('run'), {
        mounts: [
          {
            type: 'volume',
            source: name,
            target: '/data',
            readOnly: false,
            noCopy: true,
            relabel: null,
            dataVolume: null,
          },
        ],
      });
      expect((await details(id)).mounts).toMatchObject([{ type: 'volume', name, target: '/data' }]);
      await expectKind('conflict', engine.removeVolume(name));
      await engine.removeContainer(id, { volumes: true });
      expect((await engine.listVolumes([subject.label])).some((row) => row.name === name)).toBe(true);
      await engine.removeVolume(name);
    });
  });

  describe('ports', () => {
    it('gives a host port to one at a time', async () => {
      const ports = [{ containerPort: 80, hostPort: 47_813, hostIp: '127.0.0.1', protocol: 'tcp' as const }];
      const [one, two] = [await run(play('run'), { ports }), await create(play('run'), { ports })];
      await expect(engine.startContainer(two.id)).rejects.toThrow('already allocated');
      await engine.stopContainer(one.id, 10);
      await engine.startContainer(two.id);
      expect((await details(two.id)).state).toBe('running');
    });
  });

  describe('exec', () => {
    const text = async (stream: AsyncIterable<Uint8Array>) => {
      let all = '';
      for await (const data of stream) all += Buffer.from(data).toString('utf8');
      return all;
    };

    it('gives both streams and the exit code', async () => {
      const { id } = await run(play('run'));
      const session = await engine.exec(id, { command: execCommands.both, tty: false, stdin: false });
      const [stdout, stderr] = await Promise.all([text(session.stdout), text(session.stderr)]);
      expect({ stdout, stderr, code: await session.exitCode }).toEqual({
        stdout: 'out\n',
        stderr: 'err\n',
        code: 5,
      });
    });

    it('passes input on, and its end', async () => {
      const { id } = await run(play('run'));
      const session = await engine.exec(id, { command: execCommands.cat, tty: false, stdin: true });
      const long = 'x'.repeat(300_000);
      session.write('first\n');
      session.write(Buffer.from(long));
      session.endInput();
      expect(await text(session.stdout)).toBe(`first\n${long}`);
      expect(await session.exitCode).toBe(0);
    });

    it('answers while the input stays open', async () => {
      const { id } = await run(play('run'));
      const session = await engine.exec(id, { command: execCommands.cat, tty: false, stdin: true });
      const output = session.stdout[Symbol.asyncIterator]();
      for (const line of ['one\n', 'two\n']) {
        session.write(line);
        const { value } = await output.next();
        expect(Buffer.from(value ?? []).toString('utf8')).toBe(line);
      }
      session.endInput();
      expect((await output.next()).done).toBe(true);
      expect(await session.exitCode).toBe(0);
    });

    it('sets variables', async () => {
      const { id } = await run(play('run'));
      const request = { command: execCommands.env, tty: false, stdin: false, env: ['PLAY=some value'] };
      const session = await engine.exec(id, request);
      expect(await text(session.stdout)).toBe('some value\n');
    });

    it('has a code for what is no command', async () => {
      const { id } = await run(play('run'));
      const session = await engine.exec(id, { command: execCommands.missing, tty: false, stdin: false });
      await text(session.stdout);
      expect([126, 127]).toContain(await session.exitCode);
    });

    it('refuses what does not run', async () => {
      const { id } = await create(play('run'));
      await expectKind('conflict', engine.exec(id, { command: execCommands.cat, tty: false, stdin: false }));
    });
  });

  describe('images', () => {
    it('inspects, and tells of none', async () => {
      const image = await engine.inspectImage(subject.image);
      expect(image?.id).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(image?.repoDigests).toEqual([]);
      expect(image?.config).toMatchObject({
        stopSignal: null,
        healthcheck: false,
        exposedPorts: ['8080/tcp'],
      });
      expect(await engine.inspectImage(image?.id ?? '')).toEqual(image);
      expect(await engine.inspectImage('stackc-contract/none:0')).toBeNull();
    });

    it('rejects a pull of what is not to be had', async () => {
      await expect(engine.pullImage('localhost:9/none:0', null, () => undefined)).rejects.toThrow(
        EngineError,
      );
      await expect(engine.registryDigest('localhost:9/none:0', null, 10_000)).rejects.toThrow(EngineError);
      expect(await engine.inspectImage('localhost:9/none:0')).toBeNull();
    });
  });

  it('tells about itself', async () => {
    const facts = await engine.facts();
    expect(facts.apiVersion).toMatch(/^1\.\d+$/);
    expect(facts.host).not.toBe('');
    expect(facts.logDriver).not.toBe('');
  });
}

/** The call rejects with an {@link EngineError} of that kind. */
export async function expectKind(kind: EngineErrorKind, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  expect(error).toMatchObject({ kind });
}
