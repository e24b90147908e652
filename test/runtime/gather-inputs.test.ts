import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerKey } from '../../src/compiler/desired/desired-state.ts';
import type {
  ImageRequirement,
  Requirements,
  ResolvedInputs,
} from '../../src/compiler/desired/resolved-inputs.ts';
import { labels } from '../../src/compiler/labels.ts';
import type { ObservedState } from '../../src/compiler/observed/observed-state.ts';
import { EngineError, type Engine } from '../../src/runtime/engine.ts';
import { gatherInputs as gather, type GatherOptions } from '../../src/runtime/gather-inputs.ts';
import { blankSpec, desiredState, nothing, settled } from '../support/desired.ts';
import { instanceConfig } from '../../src/compiler/plan/instance-config.ts';
import { memoryEngine } from '../support/memory-engine.ts';

const DIGEST = `sha256:${'d'.repeat(64)}`;
const OTHER = `sha256:${'e'.repeat(64)}`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stackc-inputs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const gatherInputs = (needed: Requirements, ...rest: [Engine | null, ObservedState, GatherOptions]) =>
  gather(() => needed, ...rest);

const none: Requirements = {
  images: [],
  env: [],
  secrets: [],
  files: [],
  builds: [],
  host: true,
  dataVolumes: [],
};

function options(changes: Partial<GatherOptions> = {}): GatherOptions {
  return {
    held: () => new Set(),
    secrets: {},
    env: {},
    folder,
    remoteHost: null,
    hostAlways: false,
    auth: () => () => Promise.resolve(null),
    askRegistry: true,
    ...changes,
  };
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `compile` makes them
const key = (text: string) => text as ContainerKey;

function image(reference: string, pull: ImageRequirement['pull'] = 'auto'): Requirements {
  return { ...none, images: [{ reference, pull, containers: [key('shop/app')] }] };
}

/** One image is named by a variable, one by the host. */
const namedLate = ({ env, host }: Partial<ResolvedInputs>): Requirements => ({
  ...none,
  env: ['TAG'],
  images: [
    ...(env === undefined ? [] : image(`app:${env['TAG'] ?? ''}`).images),
    ...(host === undefined || host === null ? [] : image(`${host.name}/app:1`).images),
  ],
});

const read = async (secret: GatherOptions['secrets'][string], env: Record<string, string> = {}) => {
  const needed = { ...none, secrets: ['token'] };
  const { secrets } = await gatherInputs(needed, null, nothing, options({ secrets: { token: secret }, env }));
  return secrets['token'];
};

describe('images', () => {
  it('takes an image without a registry digest by its id and asks no registry', async () => {
    const engine = memoryEngine({ images: { 'app:1': {} } });
    const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
    const id = (await engine.inspectImage('app:1'))?.id;
    expect(images['app:1']).toMatchObject({ kind: 'local', id, warning: null });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
  });

  it('lets the local image stand when the registry has the same one', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: DIGEST } },
    });
    const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
    expect(images['app:1']).toMatchObject({ kind: 'local', warning: null });
  });

  it('plans a pull when the registry has another one', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: OTHER } },
    });
    const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
    expect(images['app:1']).toMatchObject({
      kind: 'pull',
      digest: OTHER,
      why: 'the registry has another one',
    });
    expect(images['app:1']).toHaveProperty('config.command');
  });

  it('plans a pull for what the engine lacks', async () => {
    const engine = memoryEngine({ registry: { 'app:1': { digest: OTHER } } });
    const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
    expect(images['app:1']).toEqual({
      kind: 'pull',
      digest: OTHER,
      why: 'not on the engine',
      doubt: null,
      config: null,
    });
  });

  it.each(['unreachable', 'timeout', 'server', 'denied', 'not-found'] as const)(
    'lets the local image stand, with a warning, when the registry is %s',
    async (kind) => {
      const engine = memoryEngine({ images: { 'app:1': { digest: DIGEST } }, registry: { 'app:1': kind } });
      const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
      const facts = images['app:1'];
      if (facts?.kind !== 'local') throw new Error('the local image does not stand');
      expect(facts.warning).toMatch(/^it cannot be looked up: .+; the local image stands/);
      expect(facts.warning).toContain(`${kind}: app:1`);
    },
  );

  it.each(['unreachable', 'timeout', 'server', 'denied', 'not-found'] as const)(
    'still plans a pull for what the engine lacks when the registry is %s, and says so',
    async (kind) => {
      const engine = memoryEngine({ registry: { 'app:1': kind } });
      const { images } = await gatherInputs(image('app:1'), engine, nothing, options());
      const facts = images['app:1'];
      if (facts?.kind !== 'pull') throw new Error('nothing is pulled');
      expect(facts).toMatchObject({ digest: null, why: 'not on the engine', config: null });
      expect(facts.doubt?.message).toMatch(
        /^it is not on the engine and cannot be looked up: .+ try to pull it/,
      );
      expect(facts.doubt?.message).toContain(`${kind}: app:1`);
    },
  );

  it("says why in plain words, with the engine's own behind them, and what to do", async () => {
    const engine: Engine = {
      ...memoryEngine(),
      registryDigest: (reference) =>
        Promise.reject(
          new EngineError(
            'not-found',
            `ask the registry for ${reference}`,
            'manifest unknown: manifest unknown',
          ),
        ),
    };
    const { images } = await gatherInputs(image('app:9'), engine, nothing, options());
    expect(images['app:9']).toMatchObject({
      doubt: {
        message:
          'it is not on the engine and cannot be looked up: the registry has no such image; the apply will try to pull it (the engine: manifest unknown: manifest unknown)',
        help: 'check the name and the tag: is it pushed?',
      },
    });
  });

  it('does not ask for a digest that is written out', async () => {
    const reference = `app@${DIGEST}`;
    const engine = memoryEngine({ images: { 'app:1': { digest: DIGEST } } });
    const { images } = await gatherInputs(image(reference), engine, nothing, options());
    expect(images[reference]).toMatchObject({ kind: 'local' });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
  });

  it('never: only what is there', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: OTHER } },
    });
    const { images } = await gatherInputs(image('app:1', 'never'), engine, nothing, options());
    expect(images['app:1']).toMatchObject({ kind: 'local', warning: null });
    const lacking = await gatherInputs(image('app:2', 'never'), engine, nothing, options());
    expect(lacking.images['app:2']).toMatchObject({ kind: 'missing' });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
  });

  it('missing: a pull only for what is not there, and no question', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: OTHER } },
    });
    const { images } = await gatherInputs(image('app:1', 'missing'), engine, nothing, options());
    expect(images['app:1']).toMatchObject({ kind: 'local', warning: null });
    const lacking = await gatherInputs(image('app:2', 'missing'), engine, nothing, options());
    expect(lacking.images['app:2']).toMatchObject({ kind: 'pull', digest: null });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
  });

  it('always: the registry decides, also about a local image, and must be there', async () => {
    const engine = memoryEngine({
      images: { 'app:1': {}, 'app:2': { digest: DIGEST } },
      registry: { 'app:1': { digest: OTHER }, 'app:2': 'unreachable' },
    });
    const { images } = await gatherInputs(image('app:1', 'always'), engine, nothing, options());
    expect(images['app:1']).toMatchObject({ kind: 'pull', digest: OTHER });
    const away = await gatherInputs(image('app:2', 'always'), engine, nothing, options());
    expect(away.images['app:2']).toMatchObject({ kind: 'missing' });
    const awayToo = await gatherInputs(image('app:3', 'always'), engine, nothing, options());
    expect(awayToo.images['app:3']).toMatchObject({ kind: 'missing' });
  });

  it('looks nothing up for held containers, but does as soon as another uses the image', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: DIGEST } },
    });
    const held = () => new Set([key('shop/app')]);
    const alone = await gatherInputs(image('app:1'), engine, nothing, options({ held }));
    expect(alone.images['app:1']).toEqual({ kind: 'unknown' });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
    const shared = {
      ...none,
      images: [{ reference: 'app:1', pull: 'auto' as const, containers: [key('shop/app'), key('shop/web')] }],
    };
    expect((await gatherInputs(shared, engine, nothing, options({ held }))).images['app:1']).toMatchObject({
      kind: 'local',
    });
  });

  it('asks no registry when told so, and knows nothing offline', async () => {
    const engine = memoryEngine({
      images: { 'app:1': { digest: DIGEST } },
      registry: { 'app:1': { digest: OTHER } },
    });
    const quiet = await gatherInputs(image('app:1'), engine, nothing, options({ askRegistry: false }));
    expect(quiet.images['app:1']).toMatchObject({ kind: 'local' });
    expect(engine.calls.map(({ method }) => method)).not.toContain('registryDigest');
    const offline = await gatherInputs(image('app:1'), null, nothing, options());
    expect(offline.images['app:1']).toEqual({ kind: 'unknown' });
    expect(offline.host?.logDriver).toBe('json-file');
  });

  it('finds images whose names are only known with the variables, or with the host', async () => {
    const engine = memoryEngine({ images: { 'app:7': {}, 'memory/app:1': {} }, facts: { host: 'memory' } });
    const { images } = await gather(namedLate, engine, nothing, options({ env: { TAG: '7' } }));
    expect(Object.entries(images).map(([reference, { kind }]) => [reference, kind])).toEqual([
      ['app:7', 'local'],
      ['memory/app:1', 'local'],
    ]);
  });

  it('asks for credentials only when a registry is asked, with the secrets then known', async () => {
    const asked: string[] = [];
    const auth: GatherOptions['auth'] = (known) => (reference) => {
      asked.push(`${reference} ${JSON.stringify(known.secrets)}`);
      return Promise.resolve(null);
    };
    const engine = memoryEngine({ images: { 'local:1': {} }, registry: { 'app:1': { digest: DIGEST } } });
    const needed = {
      ...none,
      secrets: ['token'],
      images: [...image('app:1').images, ...image('local:1').images],
    };
    const secrets = { token: { kind: 'env', name: 'TOKEN' } } as const;
    await gatherInputs(needed, engine, nothing, options({ auth, secrets, env: { TOKEN: 'x' } }));
    expect(asked).toEqual(['app:1 {"token":{"value":"x"}}']);
  });

  it('rejects when the engine itself fails', async () => {
    const engine = memoryEngine({
      before: () => {
        throw new EngineError('unreachable', 'inspect image', 'gone');
      },
    });
    await expect(gatherInputs(image('app:1'), engine, nothing, options())).rejects.toThrow('gone');
  });
});

describe('secrets and variables', () => {
  it('takes only the variables that are asked for', async () => {
    const env = { ASKED: 'yes', OTHER: 'no' };
    const inputs = await gatherInputs({ ...none, env: ['ASKED', 'UNSET'] }, null, nothing, options({ env }));
    expect(inputs.env).toEqual({ ASKED: 'yes' });
  });

  it('reads nothing that is not asked for', async () => {
    const secrets = { token: { kind: 'command', command: ['false'] } as const };
    expect((await gatherInputs(none, null, nothing, options({ secrets }))).secrets).toEqual({});
  });

  it('reads a variable', async () => {
    expect(await read({ kind: 'env', name: 'TOKEN' }, { TOKEN: 's3cret' })).toEqual({ value: 's3cret' });
    expect(await read({ kind: 'env', name: 'TOKEN' })).toEqual({ error: 'the variable `TOKEN` is not set' });
  });

  it('reads a file beside the stack file, without its trailing newline', async () => {
    await writeFile(join(folder, 'token'), 'line one\nline two\n\n');
    expect(await read({ kind: 'file', path: 'token' })).toEqual({ value: 'line one\nline two\n' });
    expect(await read({ kind: 'file', path: 'no-token' })).toEqual({
      error: 'the file `no-token` does not exist',
    });
  });

  it('runs a command without a shell, in the folder of the stack file', async () => {
    expect(await read({ kind: 'command', command: ['printf', '%s\n', '$HOME; `id`'] })).toEqual({
      value: '$HOME; `id`',
    });
    await writeFile(join(folder, 'here'), 'found\n');
    expect(await read({ kind: 'command', command: ['cat', 'here'] })).toEqual({ value: 'found' });
  });

  it('says how a command failed, but never what it wrote', async () => {
    const failing = ['sh', '-c', 'echo s3cret; echo s3cret >&2; exit 3'];
    const result = await read({ kind: 'command', command: failing });
    expect(result).toEqual({ error: '`sh` ended with exit code 3' });
    expect(await read({ kind: 'command', command: ['/nowhere/sops'] })).toEqual({
      error: '`/nowhere/sops` does not exist',
    });
  });

  it('ends a command that takes too long, and one that waits for input at once', async () => {
    const { readSecret } = await import('../../src/runtime/inputs/secrets.ts');
    const slow = await readSecret(
      { kind: 'command', command: ['sleep', '30'] },
      { env: process.env, folder, limitMs: 100 },
    );
    expect(slow).toEqual({ error: '`sleep` did not end within 0.1 s' });
    expect(await read({ kind: 'command', command: ['cat'] })).toEqual({ value: '' });
  });

  it('refuses what no environment can hold', async () => {
    await writeFile(join(folder, 'binary'), Buffer.from([1, 0, 2]));
    expect(await read({ kind: 'file', path: 'binary' })).toEqual({ error: '`binary` holds a NUL byte' });
  });

  it('reports a secret without a source', async () => {
    const { secrets } = await gatherInputs({ ...none, secrets: ['constructor'] }, null, nothing, options());
    expect(secrets['constructor']).toEqual({ error: 'the file does not say where it comes from' });
  });
});

describe('host', () => {
  it('is the engine, and its public address the host it was reached by', async () => {
    const engine = memoryEngine({ facts: { host: 'web1', logDriver: 'local' } });
    const { host } = await gatherInputs(none, engine, nothing, options({ remoteHost: 'web1.example.org' }));
    expect(host).toEqual({ name: 'web1', publicIp: 'web1.example.org', logDriver: 'local' });
  });

  it('is asked only for a template that reads it, or for who creates containers', async () => {
    const engine = memoryEngine();
    const needed = { ...none, host: false };
    expect((await gatherInputs(needed, engine, nothing, options())).host).toBeNull();
    expect(engine.calls.map(({ method }) => method)).not.toContain('facts');
    const { host } = await gatherInputs(needed, engine, nothing, options({ hostAlways: true }));
    expect(host).toMatchObject({ name: 'memory' });
  });
});

describe('data volumes', () => {
  const wanted: Requirements = { ...none, dataVolumes: [{ key: 'shop/socks', name: 'socks' }] };

  it('stay where the containers of the stack have them', async () => {
    const desired = desiredState([{ name: 'app', socket: true }]);
    const { dataMounts } = await gatherInputs(wanted, memoryEngine(), settled(desired), options());
    expect(dataMounts).toEqual({
      'shop/socks': { '/run/socks': { type: 'volume', source: 'shop-socks-run' } },
    });
  });

  it('are taken over from a data-only container of that name', async () => {
    const engine = memoryEngine({ images: { 'busybox:latest': { id: 'sha256:1' } } });
    await engine.createContainer(dataOnly('socks', {}));
    const { dataMounts } = await gatherInputs(wanted, engine, nothing, options());
    expect(dataMounts).toEqual({ 'shop/socks': { '/var/run': { type: 'volume', source: 'old-volume' } } });
  });

  it('are looked for by name: an inspect would take it for the beginning of an id', async () => {
    const engine = memoryEngine({
      before: ({ method, args }) => {
        if (method !== 'inspectContainer') return;
        const text = `Multiple IDs found with provided prefix: ${String(args[0])}`;
        throw new EngineError('server', 'inspect container', text, 500);
      },
    });
    const hex: Requirements = { ...none, dataVolumes: [{ key: 'shop/d', name: 'd' }] };
    expect((await gatherInputs(hex, engine, nothing, options())).dataMounts).toEqual({});
  });

  it('are not taken from a container that runs, or that belongs to a stack', async () => {
    const engine = memoryEngine({ images: { 'busybox:latest': { id: 'sha256:1' } } });
    const id = await engine.createContainer(dataOnly('socks', {}));
    await engine.startContainer(id);
    expect((await gatherInputs(wanted, engine, nothing, options())).dataMounts).toEqual({});
    await engine.removeContainer(id);
    await engine.createContainer(dataOnly('socks', { [labels.stack]: 'other' }));
    expect((await gatherInputs(wanted, engine, nothing, options())).dataMounts).toEqual({});
  });

  it('are not looked for once the stack has its own', async () => {
    const engine = memoryEngine({ images: { 'busybox:latest': { id: 'sha256:1' } } });
    await engine.createContainer(dataOnly('socks', {}));
    const volumes = [{ name: 'v', application: 'shop', dataVolume: 'socks', path: '/var/run' }];
    const { dataMounts } = await gatherInputs(wanted, engine, { ...nothing, volumes }, options());
    expect(dataMounts).toEqual({});
  });
});

function dataOnly(name: string, own: Readonly<Record<string, string>>) {
  const mount = {
    type: 'volume',
    source: 'old-volume',
    target: '/var/run',
    readOnly: false,
    noCopy: false,
    relabel: null,
    dataVolume: null,
  } as const;
  const desired = desiredState([
    {
      name: 'busybox',
      image: 'busybox:latest',
      spec: { ...blankSpec, image: 'busybox:latest', mounts: [mount], network: 'none' },
    },
  ]);
  const container = desired.containers[0];
  const instance = container?.instances[0];
  if (container === undefined || instance === undefined) throw new Error('no instance');
  return {
    ...instanceConfig('shop', container, instance, { generation: 1, name, imageId: 'sha256:1' }),
    labels: own,
  };
}
