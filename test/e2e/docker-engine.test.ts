import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { MountSpec } from '../../src/compiler/desired/instance-spec.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { chooseEndpoint } from '../../src/runtime/docker/endpoint.ts';
import { parseHost } from '../../src/runtime/docker/host-url.ts';
import { playScript, play } from '../runtime/contract-programs.ts';
import { expectKind } from '../runtime/contract/expect-kind.ts';
import { engineContract } from '../runtime/engine-contract.ts';
import { plainConfig } from '../support/plain-config.ts';
import { recordingProxy } from '../support/recording-proxy.ts';

const run = randomBytes(4).toString('hex');
const image = `stackc-contract/play:${run}`;
const label = { 'contract.run': run };
const { env, platform } = process;
const endpoint = chooseEndpoint({ context: null, host: null, env, home: homedir(), platform });

const DOCKERFILE = `FROM debian:bookworm-slim
COPY play /usr/local/bin/play
RUN mkdir /seeded && echo of the image > /seeded/file
RUN mkdir /etc/stackc && echo the first > /etc/stackc/one.conf && ln -s one.conf /etc/stackc/link.conf
EXPOSE 8080
`;

let engine: Engine;

beforeAll(async () => {
  engine = await connectEngine(endpoint);
  const files = { Dockerfile: Buffer.from(DOCKERFILE), play: Buffer.from(playScript) };
  const request = { tag: image, files, buildArgs: {}, labels: label, network: 'default' as const };
  await engine.buildImage(request, () => undefined);
});

afterAll(async () => {
  for (const { id } of await engine.listContainers([`contract.run=${run}`])) await engine.removeContainer(id);
  for (const { name } of await engine.listVolumes([`contract.run=${run}`])) await engine.removeVolume(name);
  engine.close();
  spawnSync('docker', ['image', 'rm', '--force', image]);
});

describe('Docker Engine', () => {
  engineContract(async () => {
    const own = await connectEngine(endpoint);
    const subject = { engine: own, image, label: `contract.run=${run}`, prefix: `stackc-contract-${run}` };
    return { ...subject, close: async () => own.close() };
  });
});

describe('mounts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stackc-contract-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('binds a folder, writable or not', async () => {
    writeFileSync(join(folder, 'greeting'), 'hello\n');
    const bind = { type: 'bind' as const, source: folder, target: '/in' };
    expect(await read([mount(bind)], ['cat', '/in/greeting'])).toEqual({ code: 0, text: 'hello\n' });
    expect((await read([mount(bind)], ['sh', '-c', 'echo back > /in/answer'])).code).toBe(0);
    expect(readFileSync(join(folder, 'answer'), 'utf8')).toBe('back\n');
    expect((await read([mount({ ...bind, readOnly: true })], ['touch', '/in/no'])).code).toBe(1);
  });

  it('makes a folder that is not there, as `docker run -v` does', async () => {
    const source = join(folder, 'new');
    const result = await read([mount({ type: 'bind', source, target: '/in' })], ['ls', '/in']);
    expect({ ...result, made: existsSync(source) }).toEqual({ code: 0, text: '', made: true });
  });

  it('asks for SELinux labels where it is told to', async () => {
    const mounts = [mount({ type: 'bind', source: folder, target: '/in', relabel: 'shared' })];
    expect((await read(mounts, ['cat', '/in/greeting'])).code).toBe(0);
  });

  it('fills a new volume from the image only where it may', async () => {
    for (const noCopy of [true, false]) {
      const source = `stackc-contract-${run}-vol-${String(noCopy)}`;
      await engine.createVolume(source, label);
      const volume = mount({ type: 'volume', source, target: '/seeded', noCopy });
      expect((await read([volume], ['ls', '/seeded'])).text).toBe(noCopy ? '' : 'file\n');
    }
  });
});

describe('what is sent', () => {
  it('has no variable in a URL', async () => {
    if (endpoint.kind !== 'socket') throw new Error('this test listens between us and a local engine');
    const proxy = await recordingProxy(join(tmpdir(), `stackc-${run}.sock`), endpoint.path);
    const own = await connectEngine(parseHost(`unix://${proxy.path}`));
    try {
      const secret = `s3cret-${run}`;
      const name = `stackc-contract-${run}-env`;
      const variables = [`TOKEN=${secret}`];
      const command = play('run');
      const id = await own.createContainer(
        plainConfig({ name, image, command, env: variables, labels: label }),
      );
      await own.startContainer(id);
      const session = await own.exec(id, { command: ['true'], tty: false, stdin: false, env: variables });
      await session.exitCode;
      await own.removeContainer(id);
      const lines = proxy.requestLines();
      expect(proxy.sent()).toContain(secret);
      expect(lines.some((line) => line.includes('/containers/create?name='))).toBe(true);
      expect(lines.filter((line) => line.includes(secret) || line.includes('TOKEN'))).toEqual([]);
    } finally {
      own.close();
      await proxy.close();
    }
  });

  it('has no variable in what is told of a failure', async () => {
    const config = plainConfig({
      name: `stackc-contract-${run}-bad`,
      image,
      env: ['=s3cret'],
      labels: label,
    });
    await expect(engine.createContainer(config)).rejects.not.toThrow('s3cret');
  });
});

describe('a build', () => {
  it('tells its output, and its last lines when it fails', async () => {
    const lines: string[] = [];
    const steps = 'FROM debian:bookworm-slim\nARG WORD\nRUN echo the word is $WORD; exit 9\n';
    await expect(build(steps, lines)).rejects.toThrow(/the word is given[\s\S]*code: 9/);
    expect(lines).toContain('the word is given');
  });

  it('tells what is wrong with the Dockerfile', async () => {
    await expectKind('invalid', build('FORM debian\n', []));
  });
});

describe('registries', () => {
  it('that cannot be reached are told as such', async () => {
    const reference = 'registry.invalid/none:1';
    await expectKind('server', engine.registryDigest(reference, null, 20_000));
    await expectKind(
      'server',
      engine.pullImage(reference, null, null, () => undefined),
    );
    await expect(engine.pullImage(reference, null, null, () => undefined)).rejects.toThrow(
      'registry.invalid',
    );
  });

  it('that do not answer are given up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const digest = engine.registryDigest(`127.0.0.1:${String(port)}/none:1`, null, 300);
    await expectKind('timeout', digest);
    await expect(digest).rejects.toThrow('did not answer within 0.3 s');
    silent.close();
  });
});

function mount(given: Pick<MountSpec, 'type' | 'source' | 'target'> & Partial<MountSpec>): MountSpec {
  return { readOnly: false, noCopy: false, relabel: null, dataVolume: null, ...given };
}

function build(dockerfile: string, lines: string[]): Promise<void> {
  const request = {
    tag: `stackc-contract/failing:${run}`,
    files: { Dockerfile: Buffer.from(dockerfile) },
    buildArgs: { WORD: 'given' },
    labels: label,
    network: 'default' as const,
  };
  return engine.buildImage(request, (line) => lines.push(line));
}

/** Runs a command with these mounts, to its end. */
async function read(
  mounts: readonly MountSpec[],
  command: readonly string[],
): Promise<{ code: number; text: string }> {
  const name = `stackc-contract-${run}-mount-${randomBytes(3).toString('hex')}`;
  const id = await engine.createContainer(plainConfig({ name, image, command, mounts, labels: label }));
  await engine.startContainer(id);
  const code = await engine.waitContainer(id);
  let text = '';
  const options = { tail: null, follow: false, timestamps: false };
  for await (const { data } of engine.logs(id, options)) text += Buffer.from(data).toString('utf8');
  return { code, text };
}
