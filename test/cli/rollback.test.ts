import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import { REVISION_FILE, WHOLE_FILE } from '../../src/compiler/plan/kept-config.ts';
import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine, type MemoryEngine } from '../support/memory-engine.ts';

let cwd = '';
let memory: MemoryEngine;
/** Called where a start hangs, as if the command had been killed there. */
let hang: (() => void) | null = null;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-rollback-'));
  hang = null;
  memory = memoryEngine({
    images: { 'app:1': {}, 'app:2': {}, 'app:3': {}, 'app:bad': {}, [agentImage().tag]: {} },
    behaviour: ({ labels: own, env }) =>
      env.includes('VERSION=bad')
        ? { exitAfterMs: 0, exitCode: 3 }
        : own[labels.role] === 'migration'
          ? { exitAfterMs: 0, exitCode: 0 }
          : {},
    before: ({ method, args: [target] }) => {
      if (hang === null || method !== 'startContainer' || target === 'shop-agent') return undefined;
      if (isMigration(String(target))) return undefined;
      hang();
      return new Promise<void>(() => undefined);
    },
  });
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

interface Version {
  readonly image: string;
  readonly secret: string;
  readonly count?: number;
  readonly app?: object;
  readonly stack?: object;
  readonly more?: object;
}

async function write({ image, secret, count = 1, app, stack: top, more = {} }: Version): Promise<void> {
  await writeFile(join(cwd, 'token'), secret);
  await writeFile(join(cwd, 'app.conf'), `for ${image}\n`);
  const container = {
    deploy: 'auto',
    image,
    containers: count,
    startup_time: 0.01,
    env: { TOKEN: '%{secret:TOKEN}', VERSION: image.slice('app:'.length), ME: '%{app_name}' },
    files: { '/etc/app.conf': { file: 'app.conf' } },
    strategy: { order: 'stop-first' },
    ...app,
  };
  await writeFile(
    join(cwd, 'stack.json'),
    JSON.stringify({
      name: 'shop',
      monitor: 0,
      secrets: { TOKEN: { file: 'token' } },
      docker: { registries: { 'registry.example': { username: 'ci', password: 'registry-word' } } },
      deploy: { shop: { containers: { app: container, ...more } } },
      ...top,
    }),
  );
}

const one: Version = { image: 'app:1', secret: 'first-secret' };
const two: Version = { image: 'app:2', secret: 'second-secret', count: 2 };

const cli = (...words: readonly string[]) => stack(words, { cwd, engine: memory });

async function applied(version: Version): Promise<void> {
  await write(version);
  expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
}

const isMigration = (id: string) =>
  memory.containers().find((c) => c.id === id)?.labels[labels.role] === 'migration';

/** The current instances: name, image, and what they were told. */
async function running(): Promise<readonly string[]> {
  const found = memory
    .containers()
    .filter((c) => c.labels[labels.role] === 'instance' && c.state === 'running');
  return Promise.all(
    found
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(async ({ id, name, imageId, env }) => {
        const file = await memory.fetchFile(id, '/etc/app.conf');
        const text = file?.kind === 'file' ? new TextDecoder().decode(file.content).trim() : '';
        const token = env.find((entry) => entry.startsWith('TOKEN='))?.slice(6);
        const image = ['app:1', 'app:2', 'app:3'].find((known) => memory.image(known) === imageId);
        return `${name} ${image} ${token} ${text}`;
      }),
  );
}

const kept = (role: 'revision' | 'image') =>
  memory
    .containers()
    .filter((c) => c.labels[labels.role] === role)
    .map(({ name }) => name)
    .sort();

const AS_ONE = ['shop-app0 app:1 first-secret for app:1'];
const AS_TWO = ['shop-app0 app:2 second-secret for app:2', 'shop-app1 app:2 second-secret for app:2'];

describe('rollback', () => {
  it('makes the revision before again: image, secrets, files, counts', async () => {
    await applied(one);
    await applied(two);
    expect(await running()).toEqual(AS_TWO);
    const back = await cli('rollback', '--yes');
    expect(back).toMatchObject({ code: 0 });
    expect(back.stderr).toMatch(/^back to revision 1 \(.*Z, .*@.*\)\n/);
    expect(back.stdout).toContain('env TOKEN  differs (masked)');
    expect(back.stdout + back.stderr).not.toMatch(/first-secret|second-secret/);
    expect(await running()).toEqual(AS_ONE);
    const { stdout, stderr } = await cli('history');
    expect(stdout).toMatch(/^3 .* done \(rollback to 1\)$/m);
    expect(stderr).toBe('`stack rollback REVISION` can make again: 1, 2 and 3\n');
    expect((await cli('status', '--name', 'shop')).stderr).toMatch(
      /^rollback 3 \(.*\) went back to revision 1\n$/,
    );
  });

  it('needs no stack file, and leads forth again', async () => {
    await applied(one);
    await applied(two);
    await rm(join(cwd, 'stack.json'));
    await rm(join(cwd, 'token'));
    expect(await cli('rollback', '--name', 'shop', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
    expect(await cli('rollback', '--name', 'shop', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_TWO);
  });

  it('asks, and changes nothing without an answer', async () => {
    await applied(one);
    await applied(two);
    expect(await cli('rollback')).toMatchObject({ code: 1 });
    expect(await running()).toEqual(AS_TWO);
  });

  it('names what can be gone back to where a revision cannot', async () => {
    await applied(one);
    await applied(two);
    const none = await cli('rollback', '7', '--yes');
    expect(none).toMatchObject({ code: 1 });
    expect(none.stderr).toBe(
      'error: stack `shop` cannot go back to revision 7: there is no such revision\nhelp: what can be gone back to: 1 and 2\n',
    );
    expect(await cli('rollback', 'soon')).toMatchObject({ code: 64 });
  });

  it('says so where there is nothing to go back to', async () => {
    await applied(one);
    const only = await cli('rollback', '--yes');
    expect(only).toMatchObject({ code: 1 });
    expect(only.stderr).toContain('help: only the current one is kept');
    await Promise.all(
      memory
        .containers()
        .filter(({ state }) => state === 'created')
        .map(({ id }) => memory.removeContainer(id)),
    );
    const pruned = await cli('rollback', '--yes');
    expect(pruned).toMatchObject({ code: 1 });
    expect(pruned.stderr).toContain('`docker container prune` took it away');
    await applied(two);
    expect((await cli('rollback', '1', '--yes')).stderr).toContain('`docker container prune` took it away');
  });

  it('keeps as many earlier revisions as the file says, and their images', async () => {
    await applied({ ...one, stack: { keep: 1 } });
    expect(kept('image')).toEqual([]);
    await applied({ ...two, stack: { keep: 1 } });
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2']);
    expect(kept('image')).toHaveLength(1);
    await applied({ image: 'app:3', secret: 'third-secret', stack: { keep: 1 } });
    expect(kept('revision')).toEqual(['shop.revision.2', 'shop.revision.3']);
    expect(kept('image')).toEqual([`shop.image.${memory.image('app:2')?.slice(7, 19)}`]);
    await applied({ image: 'app:3', secret: 'third-secret', stack: { keep: 0 }, count: 2 });
    expect(kept('revision')).toEqual(['shop.revision.4']);
    expect(kept('image')).toEqual([]);
  });

  it('keeps one of two that are made from the same', async () => {
    await applied(one);
    memory.crash('shop-app0', 1);
    await memory.stopContainer('shop-app0', 0);
    await applied(one);
    expect(kept('revision')).toEqual(['shop.revision.2']);
    expect((await cli('rollback', '1', '--yes')).stderr).toContain('a later one is made from the same');
  });

  it('keeps no credentials of registries, and secrets only for whom they are', async () => {
    await applied(one);
    const file = await memory.fetchFile('shop.revision.1', REVISION_FILE);
    const text = file?.kind === 'file' ? new TextDecoder().decode(file.content) : '';
    expect(file).toMatchObject({ kind: 'file', mode: 0o600, uid: 0, gid: 0 });
    expect(text).toContain('first-secret');
    expect(text).not.toContain('registry-word');
    const details = memory.containers().find(({ name }) => name === 'shop.revision.1');
    expect(JSON.stringify(details)).not.toContain('first-secret');
  });

  it('does not go back across a migration that is not reversible, unless told to', async () => {
    const migrating = (version: Version) => ({
      ...version,
      app: { migration: { command: 'migrate' }, ...version.app },
    });
    await applied(migrating(one));
    await applied(migrating(two));
    const refused = await cli('rollback', '--yes');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('revision 2 ran the migration of shop/app');
    expect(await running()).toEqual(AS_TWO);
    const across = await cli('rollback', '--yes', '--across-migrations');
    expect(across).toMatchObject({ code: 0 });
    expect(across.stdout).not.toContain('migration');
    expect(await running()).toEqual(AS_ONE);
  });

  it('goes back across a reversible migration, and runs none, whatever records are gone', async () => {
    const migrating = (version: Version) => ({
      ...version,
      app: { migration: { command: 'migrate', reversible: true } },
    });
    await applied(migrating(one));
    await applied(migrating(two));
    await Promise.all(
      memory
        .containers()
        .filter((c) => c.labels[labels.role] === 'migration')
        .map(({ id }) => memory.removeContainer(id)),
    );
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect(memory.containers().filter((c) => c.labels[labels.role] === 'migration')).toEqual([]);
    expect(await running()).toEqual(AS_ONE);
  });

  it('runs the image of then, whatever its tag means now', async () => {
    await applied({ ...one, image: 'app:1' });
    const before = memory.image('app:1');
    await applied(two);
    memory.addImage('app:1', { id: `sha256:${'f'.repeat(64)}` });
    expect(memory.image('app:1')).not.toBe(before);
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    const [current] = memory.containers().filter((c) => c.name === 'shop-app0');
    expect(current?.imageId).toBe(before);
  });

  it('leaves manual containers as they are, and takes back what is named', async () => {
    const more = (image: string) => ({ more: { jobs: { deploy: 'manual', image, startup_time: 0.01 } } });
    await applied({ ...one, ...more('app:1') });
    await write({ ...two, ...more('app:2') });
    expect(await cli('apply', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    const held = await cli('rollback', '--yes');
    expect(held.stdout).toMatch(/hold .*jobs0/);
    const imageOf = (name: string) => memory.containers().find((c) => c.name === name)?.imageId;
    expect(imageOf('shop-jobs0')).toBe(memory.image('app:2'));
    expect(await cli('rollback', '1', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    expect(imageOf('shop-jobs0')).toBe(memory.image('app:1'));
  });

  it('does not take a part of a file for a revision', async () => {
    await applied({ ...one, more: { web: { deploy: 'auto', image: 'app:1', startup_time: 0.01 } } });
    await write({ ...two, more: { web: { deploy: 'auto', image: 'app:2', startup_time: 0.01 } } });
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    expect((await cli('history')).stderr).toContain('can make again: 1\n');
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect((await running())[0]).toBe(AS_ONE[0]);
  });

  it('goes on with a warning where nothing can be kept', async () => {
    memory = memoryEngine({
      images: { 'app:1': {}, [agentImage().tag]: {} },
      before: ({ method, args }) => {
        if (method === 'putFiles' && JSON.stringify(args).includes('stackc-revision'))
          throw new EngineError('server', 'put files', 'no space left on device');
      },
    });
    await write(one);
    const { code, stderr } = await cli('apply', '--yes');
    expect(code).toBe(0);
    expect(stderr).toContain('warning: what this apply is made from is not kept whole');
    expect(stderr).toContain('no space left on device');
    expect((await cli('rollback', '--yes')).code).toBe(1);
  });

  it('says what is wrong with what is kept', async () => {
    await applied(one);
    await applied(two);
    const content = new TextEncoder().encode('{"stackc_revision":2}');
    const files = [REVISION_FILE, WHOLE_FILE].map((path) => ({ path, content, mode: 0o600, uid: 0, gid: 0 }));
    await memory.putFiles('shop.revision.1', files, 0);
    const { code, stderr } = await cli('rollback', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(
      'what revision 1 was made from cannot be used: it is of format 2, and this version reads 1',
    );
  });

  it('keeps what there is to go forth to, whatever the revision of then says', async () => {
    await applied({ ...one, stack: { keep: 0 } });
    await applied(two);
    await applied({ ...two, count: 1 });
    expect(await cli('rollback', '2', '--yes')).toMatchObject({ code: 0 });
    expect(kept('revision')).toEqual([
      'shop.revision.1',
      'shop.revision.2',
      'shop.revision.3',
      'shop.revision.4',
    ]);
  });

  it('goes back one from what is not kept itself', async () => {
    await applied(one);
    await applied(two);
    await memory.removeContainer('shop.revision.2');
    expect((await cli('rollback', '--yes')).stderr).toMatch(/^back to revision 1 /);
  });

  it('does not go back where nobody can tell of migrations', async () => {
    const migrating = { migration: { command: 'migrate' } };
    await applied({ ...one, app: migrating });
    await applied({ ...two, app: migrating });
    const agents = memory.containers().filter((c) => c.labels[labels.role] === 'agent');
    await Promise.all(agents.map(({ id }) => memory.removeContainer(id)));
    const refused = await cli('rollback', '--yes');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(
      'the journal cannot be read (is its agent there?): whether a migration has run since revision 1',
    );
  });

  it('goes with the stack', async () => {
    await applied(one);
    await applied(two);
    expect(await cli('destroy', '--yes')).toMatchObject({ code: 0 });
    expect(memory.containers()).toEqual([]);
  });
});

describe('an apply that did not come to its end', () => {
  const bad: Version = { image: 'app:bad', secret: 'bad-secret' };

  async function cutOff(version: Version): Promise<void> {
    await write(version);
    await cutOffApply();
  }

  /** Where an instance is started; a migration is not one. */
  async function cutOffApply(command = 'apply', ...options: readonly string[]): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      hang = resolve;
    });
    void cli(command, '--yes', ...options);
    await reached;
    hang = null;
    await cli('unlock', '--yes');
  }

  it('is gone on with by resume, without its file', async () => {
    await applied(one);
    await cutOff(two);
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2.begun']);
    expect((await cli('status')).stderr).toContain('`stack resume` goes on with it, `stack abort` goes back');
    await rm(join(cwd, 'stack.json'));
    const { code, stderr } = await cli('resume', '--name', 'shop', '--yes');
    expect(stderr).toMatch(/^going on with revision 2 /);
    expect(code).toBe(0);
    expect(await running()).toEqual(AS_TWO);
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.3']);
    expect((await cli('history', '--name', 'shop')).stdout).toMatch(/^3 .* done \(resume of 2\)$/m);
  });

  it('is taken back by abort', async () => {
    await applied(one);
    await cutOff(two);
    const { code, stderr } = await cli('abort', '--yes');
    expect(stderr).toMatch(/^back to revision 1 /);
    expect(code).toBe(0);
    expect(await running()).toEqual(AS_ONE);
    expect((await cli('history')).stdout).toMatch(/^3 .* done \(abort to 1\)$/m);
    expect(await cli('abort', '--yes')).toMatchObject({ code: 0 });
  });

  it('or failed, is what rollback goes back from', async () => {
    await applied(one);
    await write(bad);
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    await write({ ...bad, count: 2 });
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.3.begun']);
    expect((await cli('rollback', '3', '--yes')).stderr).toContain('it did not come to its end');
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
    expect(kept('revision')).toEqual(['shop.revision.4']);
  });

  it('may be the first: there is nothing to go back to', async () => {
    await cutOff(one);
    const { code, stderr } = await cli('abort', '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain('has no revision to go back to');
    expect(await cli('resume', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
  });

  it('is not kept any more: resume says what to do', async () => {
    await applied(one);
    await cutOff(two);
    await memory.removeContainer('shop.revision.2.begun');
    const { code, stderr } = await cli('resume', '--yes');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: what revision 2 of stack `shop` was made from is not kept on the engine\nhelp: finish it with `stack apply` and its stack file\n',
    );
  });

  it('was cut off right before it was named so: it counts', async () => {
    await applied(one);
    await applied(two);
    await memory.renameContainer('shop.revision.2', 'shop.revision.2.begun');
    expect((await cli('resume')).stderr).toContain('came to its end');
    await applied({ ...two, count: 1 });
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2', 'shop.revision.3']);
  });

  it('has its images kept, and those of the revision before', async () => {
    await applied(one);
    await write(bad);
    await cli('apply', '--yes');
    await write({ ...two, count: 1, more: { web: { deploy: 'auto', image: 'app:2', startup_time: 0.01 } } });
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    expect(kept('image')).toEqual([`shop.image.${memory.image('app:1')?.slice(7, 19)}`]);
  });

  it('migrated: abort goes back over that, and not over an earlier migration that was done', async () => {
    const migrating = (version: Version) => ({ ...version, app: { migration: { command: 'migrate' } } });
    await applied(migrating(one));
    await write(migrating(two));
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    await write(migrating(bad));
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    const refused = await cli('abort', '--yes');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain('revision 2 ran the migration of shop/app');
    expect(refused.stderr).not.toContain('revision 3 ran');
    expect(await cli('abort', '--yes', '--across-migrations')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
  });

  it('migrated, and another apply finished it: rollback tells', async () => {
    const migrating = (version: Version) => ({ ...version, app: { migration: { command: 'migrate' } } });
    await applied(migrating(one));
    await write(migrating(two));
    await cutOffApply();
    await applied(migrating(two));
    expect((await cli('rollback', '--yes')).stderr).toContain('revision 2 ran the migration of shop/app');
  });

  it('was a way back: resume runs no migration', async () => {
    const migrating = (version: Version) => ({ ...version, app: { migration: { command: 'migrate' } } });
    await applied(migrating(one));
    await applied(migrating({ ...two, count: 1 }));
    const migrations = () => memory.containers().filter((c) => c.labels[labels.role] === 'migration');
    await Promise.all(migrations().map(({ id }) => memory.removeContainer(id)));
    await cutOffApply('rollback', '--across-migrations');
    const resumed = await cli('resume', '--yes');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await running()).toEqual(AS_ONE);
    expect(migrations()).toEqual([]);
  });

  it('there is none: both say so', async () => {
    await applied(one);
    for (const command of ['resume', 'abort']) {
      const { code, stderr } = await cli(command);
      expect(code).toBe(0);
      expect(stderr).toContain('the last apply of stack `shop` came to its end');
    }
  });
});
