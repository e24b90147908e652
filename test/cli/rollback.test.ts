import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REVISION_FILE, WHOLE_FILE } from '../../src/compiler/plan/kept-config.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { AS_ONE, AS_TWO, bad, one, ShopScene, two, type Version } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, cutOff, cutOffApply, kept, running, write } = shop;

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
      /^rollback 3 \(.*\) went back to revision 1; a plain `stack apply` applies the stack file again\n$/,
    );
  });

  it('needs no stack file, and leads forth again', async () => {
    await applied(one);
    await applied(two);
    await rm(join(shop.cwd, 'stack.json'));
    await rm(join(shop.cwd, 'token'));
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
      shop.memory
        .containers()
        .filter(({ state }) => state === 'created')
        .map(({ id }) => shop.memory.removeContainer(id)),
    );
    const pruned = await cli('rollback', '--yes');
    expect(pruned).toMatchObject({ code: 1 });
    expect(pruned.stderr).toBe(
      'error: there is no revision of stack `shop` to go back to\nhelp: none that came to its end is kept on the engine: apply the stack file of then\n',
    );
    await applied(two);
    expect((await cli('rollback', '1', '--yes')).stderr).toBe(
      'error: stack `shop` cannot go back to revision 1: its container `shop.revision.1` is not on the engine\nhelp: what can be gone back to: 2\n',
    );
  });

  it('keeps as many earlier revisions as the file says, and their images', async () => {
    await applied({ ...one, stack: { keep: 1 } });
    expect(kept('image')).toEqual([]);
    await applied({ ...two, stack: { keep: 1 } });
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2']);
    expect(kept('image')).toHaveLength(1);
    await applied({ image: 'app:3', secret: 'third-secret', stack: { keep: 1 } });
    expect(kept('revision')).toEqual(['shop.revision.2', 'shop.revision.3']);
    expect(kept('image')).toEqual([`shop.image.${shop.memory.image('app:2')?.slice(7, 19)}`]);
    await applied({ image: 'app:3', secret: 'third-secret', stack: { keep: 0 }, count: 2 });
    expect(kept('revision')).toEqual(['shop.revision.4']);
    expect(kept('image')).toEqual([]);
  });

  it('keeps one of two that are made from the same', async () => {
    await applied(one);
    shop.memory.crash('shop-app0', 1);
    await shop.memory.stopContainer('shop-app0', 0);
    await applied(one);
    expect(kept('revision')).toEqual(['shop.revision.2']);
    expect((await cli('rollback', '1', '--yes')).stderr).toContain('`shop.revision.1` is not on the engine');
  });

  it('keeps no credentials of registries, and secrets only for whom they are', async () => {
    const registries = { 'registry.example': { username: 'ci', password: 'registry-word' } };
    await applied({ ...one, stack: { docker: { registries } } });
    const file = await shop.memory.fetchFile('shop.revision.1', REVISION_FILE);
    const text = file?.kind === 'file' ? new TextDecoder().decode(file.content) : '';
    expect(file).toMatchObject({ kind: 'file', mode: 0o600, uid: 0, gid: 0 });
    expect(text).toContain('first-secret');
    expect(text).not.toContain('registry-word');
    const details = shop.memory.containers().find(({ name }) => name === 'shop.revision.1');
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
    await Promise.all(shop.ofRole('migration').map(({ id }) => shop.memory.removeContainer(id)));
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect(shop.ofRole('migration')).toEqual([]);
    expect(await running()).toEqual(AS_ONE);
  });

  it('runs the image of then, whatever its tag means now', async () => {
    await applied({ ...one, image: 'app:1' });
    const before = shop.memory.image('app:1');
    await applied(two);
    shop.memory.addImage('app:1', { id: `sha256:${'f'.repeat(64)}` });
    expect(shop.memory.image('app:1')).not.toBe(before);
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    const [current] = shop.memory.containers().filter((c) => c.name === 'shop-app0');
    expect(current?.imageId).toBe(before);
  });

  it('leaves manual containers as they are, and takes back what is named', async () => {
    const more = (image: string) => ({ more: { jobs: { deploy: 'manual', image, startup_time: 0.01 } } });
    await applied({ ...one, ...more('app:1') });
    await write({ ...two, ...more('app:2') });
    expect(await cli('apply', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    const held = await cli('rollback', '--yes');
    expect(held.stdout).toMatch(/hold .*jobs0/);
    const imageOf = (name: string) => shop.memory.containers().find((c) => c.name === name)?.imageId;
    expect(imageOf('shop-jobs0')).toBe(shop.memory.image('app:2'));
    expect(await cli('rollback', '1', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    expect(imageOf('shop-jobs0')).toBe(shop.memory.image('app:1'));
  });

  it('knows and keeps the image that a held container had, too', async () => {
    const more = (image: string) => ({ more: { jobs: { deploy: 'manual', image, startup_time: 0.01 } } });
    const imageOf = (name: string) => shop.memory.containers().find((c) => c.name === name)?.imageId;
    await applied({ ...one, ...more('app:3') });
    // `jobs` is held in this one.
    await applied({ ...one, count: 2, ...more('app:3') });
    await write({ ...one, count: 2, ...more('app:2') });
    expect(await cli('apply', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    expect(kept('image')).toEqual([`shop.image.${shop.memory.image('app:3')?.slice(7, 19)}`]);
    const back = await cli('rollback', '2', '--yes', '--include', 'jobs');
    expect(back.code, back.stderr).toBe(0);
    expect(imageOf('shop-jobs0')).toBe(shop.memory.image('app:3'));
  });

  it('asks nobody for the image of a held container', async () => {
    const more = (image: string) => ({ more: { jobs: { deploy: 'manual', image, startup_time: 0.01 } } });
    await applied({ ...one, ...more('app:3') });
    await write({ ...two, ...more('app:2') });
    expect(await cli('apply', '--yes', '--include', 'jobs')).toMatchObject({ code: 0 });
    shop.memory.dropImage('app:3');
    expect(await cli('rollback', '1', '--yes')).toMatchObject({ code: 0 });
    expect((await cli('rollback', '1', '--yes', '--include', 'jobs')).stderr).toContain(
      'the image `app:3` cannot be had: ',
    );
  });

  it('does not take a part of a file for a revision', async () => {
    await applied({ ...one, more: { web: { deploy: 'auto', image: 'app:1', startup_time: 0.01 } } });
    await write({ ...two, more: { web: { deploy: 'auto', image: 'app:2', startup_time: 0.01 } } });
    expect(await cli('apply', '--yes', '--only', 'app')).toMatchObject({ code: 0 });
    expect((await cli('history')).stderr).toContain('can make again: 1\n');
    expect((await cli('rollback', '2', '--yes')).stderr).toContain(
      'cannot go back to revision 2: it was of a part of the stack file only\n',
    );
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
    expect((await running())[0]).toBe(AS_ONE[0]);
  });

  it('goes on with a warning where nothing can be kept', async () => {
    shop.useEngine({
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
    await shop.memory.putFiles('shop.revision.1', files, 0);
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
    await shop.memory.removeContainer('shop.revision.2');
    expect((await cli('rollback', '--yes')).stderr).toMatch(/^back to revision 1 /);
  });

  it('does not go back where nobody can tell of migrations', async () => {
    const migrating = { migration: { command: 'migrate' } };
    await applied({ ...one, app: migrating });
    await applied({ ...two, app: migrating });
    const agents = shop.ofRole('agent');
    await Promise.all(agents.map(({ id }) => shop.memory.removeContainer(id)));
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
    expect(shop.memory.containers()).toEqual([]);
  });
});

describe('an apply that did not come to its end', () => {
  it('is gone on with by resume, without its file', async () => {
    await applied(one);
    await cutOff(two);
    expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2.begun']);
    expect((await cli('status')).stderr).toContain('`stack resume` goes on with it, `stack abort` goes back');
    await rm(join(shop.cwd, 'stack.json'));
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

  it('has left no trace: an abort with nothing to do is written down as its end', async () => {
    await applied(one);
    await write({ ...one, image: 'app:none' });
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    const failed = await cli('status', '--name', 'shop');
    expect(failed.stderr).toMatch(/^apply 2 \(.*\) failed: `stack abort` goes back/);
    const back = await cli('abort');
    expect(back).toMatchObject({ code: 0 });
    expect(back.stdout).toContain('Nothing to do: 1 unchanged.');
    expect((await cli('history')).stdout).toMatch(/^3 .* 0\/0 .* done \(abort to 1\)$/m);
    expect(kept('revision')).toEqual(['shop.revision.3']);
    for (const words of [['status'], ['plan'], ['status', '--name', 'shop']])
      expect((await cli(...words)).stderr).toMatch(
        /(^|\n)abort 3 \(.*\) went back to revision 1; a plain `stack apply` applies the stack file again\n$/,
      );
    await write(one);
    expect((await cli('status')).stderr).toBe('');
    expect((await cli('abort')).stderr).toContain('came to its end');
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
    expect(stderr).toBe(
      'error: stack `shop` has no revision to go back to: no apply has come to its end so far\nhelp: mend the stack file and `stack apply`, or take it down with `stack destroy`; `stack resume` goes on as it was meant\n',
    );
    expect((await cli('status')).stderr).toContain(
      ': `stack resume` goes on with it, `stack destroy` takes it down: there is no revision to go back to; ',
    );
    expect(await cli('resume', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
  });

  it.each([
    [
      'createContainer shop.revision.2.begun',
      'what revision 2 of stack `shop` was made from is not kept on the engine',
    ],
    ['putFiles', 'what revision 2 was made from cannot be used: it is damaged: its container is empty'],
  ])('was cut off while it was being kept, at %s', async (line, why) => {
    await applied(one);
    await write(two);
    await shop.hanging((call) => call.line.startsWith(line), 'apply', '--yes');
    await cli('unlock', '--yes');
    const resumed = await cli('resume', '--yes');
    expect(resumed.code).toBe(1);
    expect(resumed.stderr).toContain(
      `error: ${why}\nhelp: finish it with \`stack apply\` and its stack file`,
    );
    expect(await cli('abort', '--yes')).toMatchObject({ code: 0 });
    expect(await running()).toEqual(AS_ONE);
    expect(kept('revision')).toEqual(['shop.revision.3']);
    await applied(two);
    expect(await running()).toEqual(AS_TWO);
  });

  it.each(['renameContainer', 'createContainer shop.image'])(
    'was cut off at its end, while it was being kept, at %s: nothing is left to do',
    async (line) => {
      await applied(one);
      await write(two);
      let isBegun = false;
      await shop.hanging(
        (call) => {
          isBegun ||= call.line.startsWith('removeContainer shop-app0');
          return isBegun && call.line.startsWith(line);
        },
        'apply',
        '--yes',
      );
      await cli('unlock', '--yes');
      expect((await cli('resume', '--yes')).stderr).toContain('came to its end: nothing to go on with');
      expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
      expect(await running()).toEqual(AS_ONE);
      expect(kept('revision')).toEqual(['shop.revision.1', 'shop.revision.2', 'shop.revision.3']);
    },
  );

  it('is not kept any more: resume says what to do', async () => {
    await applied(one);
    await cutOff(two);
    await shop.memory.removeContainer('shop.revision.2.begun');
    const { code, stderr } = await cli('resume', '--yes');
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: what revision 2 of stack `shop` was made from is not kept on the engine\nhelp: finish it with `stack apply` and its stack file\n',
    );
  });

  it('was cut off right before it was named so: it counts', async () => {
    await applied(one);
    await applied(two);
    await shop.memory.renameContainer('shop.revision.2', 'shop.revision.2.begun');
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
    expect(kept('image')).toEqual([`shop.image.${shop.memory.image('app:1')?.slice(7, 19)}`]);
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
    const migrations = () => shop.ofRole('migration');
    await Promise.all(migrations().map(({ id }) => shop.memory.removeContainer(id)));
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
