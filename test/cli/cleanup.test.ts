import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { labels } from '../../src/compiler/labels.ts';
import { REVISION_FILE, WHOLE_FILE } from '../../src/compiler/plan/kept-config.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { startStack } from '../support/cli.ts';
import { plainConfig } from '../support/plain-config.ts';
import { bad, one, ShopScene, two, type Version } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli, cutOff, hanging, hangingApply, kept, write } = shop;

const three: Version = { image: 'app:3', secret: 'third-secret' };
const keepNone = (version: Version): Version => ({ ...version, stack: { keep: 0 } });

/** Those of the shop's versions that are on the engine. */
const images = () =>
  ['app:1', 'app:2', 'app:3', 'app:bad'].filter((name) => shop.memory.image(name) !== null);

const names = () =>
  shop.memory
    .containers()
    .map(({ name }) => name)
    .sort();

/** Two versions, of which only the last can be made again. */
const replaced = async (): Promise<void> => {
  for (const version of [one, three]) await applied(keepNone(version));
};

describe('images', () => {
  it('go when the stack has used them and neither runs nor keeps them; a dry run only shows it', async () => {
    for (const version of [one, two, three]) await applied(keepNone(version));
    const shown = await cli('cleanup', '--dry-run');
    expect(shown).toMatchObject({ code: 0, stderr: '' });
    expect(shown.stdout).toMatch(
      /^REMOVE +WHY +SIZE\nimage app:1 \([0-9a-f]{12}\) +the stack used it, and neither runs nor keeps it +1\.0 MB\nimage app:2 .*\n\nCleanup: 2 images to remove, up to 2\.0 MB\.\n$/,
    );
    expect(images()).toEqual(['app:1', 'app:2', 'app:3', 'app:bad']);
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 0 });
    expect(cleaned.stderr).toMatch(
      /^✓ image app:1 .* removed\n✓ image app:2 .* removed\nRemoved 2 images\.\n$/,
    );
    // One that the stack has never used is nobody's to remove.
    expect(images()).toEqual(['app:3', 'app:bad']);
    expect(await cli('cleanup', '--yes')).toMatchObject({
      code: 0,
      stdout: 'Nothing to remove: stack `shop` has left nothing behind.\n',
      stderr: '',
    });
    expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
  });

  it('stay while a revision that can be gone back to has them', async () => {
    for (const version of [one, two, three]) await applied({ ...version, stack: { keep: 1 } });
    expect(await cli('cleanup', '--yes')).toMatchObject({ code: 0 });
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
    expect(await cli('rollback', '--yes')).toMatchObject({ code: 0 });
  });

  it('stay while the stack file names them, applied or not', async () => {
    await replaced();
    await write(keepNone(one));
    expect((await cli('cleanup', '--dry-run')).stdout).not.toContain('app:1');
    expect((await cli('cleanup', '--dry-run', '--name', 'shop')).stdout).toContain('app:1');
  });

  it('stay, and are told, where a container of somebody else is made from them', async () => {
    await replaced();
    await shop.memory.createContainer(plainConfig({ name: 'other-app0', image: 'app:1' }));
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 0 });
    expect(cleaned.stdout).toMatch(/^image app:1 \(\w+\) +container other-app0 is made from it$/m);
    expect(images()).toEqual(['app:1', 'app:2', 'app:3', 'app:bad']);
  });

  it('stay, and are told, where somebody gave them a name of another repository', async () => {
    await replaced();
    shop.memory.addImage('base/of-mine:1', { id: shop.memory.image('app:1') ?? '' });
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned.stdout).toContain('somebody called it base/of-mine:1, which this stack never did');
    expect(images()).toEqual(['app:1', 'app:2', 'app:3', 'app:bad']);
  });

  it('go with all of their names in the repository of the stack', async () => {
    await replaced();
    shop.memory.addImage('app:first', { id: shop.memory.image('app:1') ?? '' });
    expect(await cli('cleanup', '--yes')).toMatchObject({ code: 0 });
    expect(shop.memory.image('app:first')).toBeNull();
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
  });

  it('stay, all of them, where a kept revision cannot be read', async () => {
    await replaced();
    const revision = shop.ofRole('revision')[0]?.id ?? '';
    const content = new TextEncoder().encode('nonsense');
    const damaged = [REVISION_FILE, WHOLE_FILE].map((path) => ({
      path,
      content,
      mode: 0o600,
      uid: 0,
      gid: 0,
    }));
    await shop.memory.putFiles(revision, damaged, 0);
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned.stdout).toContain('revision 2 cannot be read, and may have it');
    expect(images()).toEqual(['app:1', 'app:2', 'app:3', 'app:bad']);
  });

  it('that cannot be removed are told, and the others go', async () => {
    shop.useEngine({
      before: ({ line }) => {
        if (!line.startsWith('removeImage') || !line.endsWith(shop.memory.image('app:1') ?? '-')) return;
        throw new EngineError('conflict', 'remove image app:1', 'a container is using it', 409);
      },
    });
    for (const version of [one, two, three]) await applied(keepNone(version));
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 1 });
    expect(cleaned.stderr).toMatch(
      /✗ image app:1 \(\w+\) {2}a container is using it\n✓ image app:2 .* removed\nRemoved 1 image\. Stayed: 1\.\n$/,
    );
    expect(images()).toEqual(['app:1', 'app:3', 'app:bad']);
  });

  it('cannot be told where a variable of the file is not set', async () => {
    await replaced();
    await write({ ...keepNone(one), image: 'app:%{env:VERSION_OF_APP}' });
    expect(await cli('cleanup', '--yes')).toMatchObject({
      code: 1,
      stderr:
        'error: which image the file wants for `app` cannot be told: `VERSION_OF_APP` is not set\n' +
        'help: give the variables that `stack apply` is given, or `--name` instead of the file\n',
    });
    expect(images()).toContain('app:1');
  });
});

describe('containers and networks', () => {
  it('what failed goes, its image stays for resume', async () => {
    await applied(one);
    await write(bad);
    expect(await cli('apply', '--yes')).toMatchObject({ code: 1 });
    const failed = names().filter((name) => name.endsWith('.failed'));
    expect(failed).toHaveLength(1);
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 0 });
    expect(cleaned.stdout).toMatch(
      /^container shop-app0\.2\.failed +failed, and was kept to look at +1\.0 kB$/m,
    );
    expect(names().filter((name) => name.endsWith('.failed'))).toEqual([]);
    expect(images()).toContain('app:bad');
    expect(await shop.running()).toHaveLength(1);
  });

  it('what is dead stays where nothing else of its instance runs', async () => {
    await applied(one);
    await write(bad);
    await cli('apply', '--yes');
    const current = shop.memory.containers().find(({ name }) => name === 'shop-app0');
    await shop.memory.stopContainer(current?.id ?? '', 0);
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned.stdout).toBe(
      'STAYS                         WHY\n' +
        'container shop-app0.2.failed  nothing else of app0 runs: `stack status`\n\n' +
        'Nothing to remove: stack `shop` has left nothing behind that may go.\n',
    );
    expect(names()).toContain('shop-app0.2.failed');
  });

  it('the record of a migration stays with its image, and goes with it', async () => {
    const migrated = (version: Version): Version => ({
      ...version,
      app: { migration: { command: ['migrate'] } },
    });
    const records = () => shop.ofRole('migration').map(({ name }) => name);
    await applied({ ...migrated(one), stack: { keep: 1 } });
    await applied({ ...migrated(two), stack: { keep: 1 } });
    await cli('cleanup', '--yes');
    expect(records()).toHaveLength(2);
    await applied({ ...migrated(three), stack: { keep: 1 } });
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 0 });
    expect(cleaned.stdout).toMatch(
      /shop-app\.1\.migration +the record of a migration whose image nobody comes/,
    );
    expect(records()).toHaveLength(2);
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
    expect((await cli('rollback', '--yes', '--across-migrations')).code).toBe(0);
  });

  it('a network of the stack goes when no container is on it; nobody else’s does, nor a volume', async () => {
    await applied(one);
    await shop.memory.createNetwork('shop-blog', { [labels.stack]: 'shop' });
    await shop.memory.createNetwork('blog', {});
    await shop.memory.createVolume('shop-old', { [labels.stack]: 'shop' });
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned.stdout).toMatch(
      /^network shop-blog +no container is on it\n\nCleanup: 1 network to remove, up to 0 B\.$/m,
    );
    expect(await shop.memory.inspectNetwork('shop-blog')).toBeNull();
    expect(await shop.memory.inspectNetwork('blog')).not.toBeNull();
    expect(await shop.memory.inspectNetwork('shop')).not.toBeNull();
    expect(shop.memory.volumes()).toContain('shop-old');
  });
});

describe('what may not be', () => {
  it('an apply that was cut off comes first', async () => {
    await replaced();
    await cutOff(keepNone(two));
    const before = names();
    const refused = await cli('cleanup', '--yes');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^error: apply 3 was cut off .*, and may need what it has left; nothing was removed\nhelp: `stack resume` goes on with it, `stack abort` /,
    );
    expect(names()).toEqual(before);
    expect(images()).toContain('app:1');
    expect(await cli('resume', '--yes')).toMatchObject({ code: 0 });
    expect(await cli('cleanup', '--yes')).toMatchObject({ code: 0 });
    expect(images()).toEqual(['app:2', 'app:bad']);
  });

  it('an apply that was stopped comes first as well', async () => {
    let interrupt = (): void => undefined;
    shop.useEngine({ before: ({ method }) => void (method === 'stopContainer' && interrupt()) });
    await applied(keepNone({ ...one, count: 2 }));
    await write(keepNone(two));
    const applying = startStack(['apply', '--yes'], { cwd: shop.cwd, engine: shop.memory });
    interrupt = () => applying.signal('SIGINT');
    expect(await applying.done).toMatchObject({ code: 130 });
    interrupt = () => undefined;
    const before = names();
    const refused = await cli('cleanup', '--yes');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^error: apply 2 was stopped, and may need what it has left; nothing was removed\nhelp: `stack resume` /,
    );
    expect(names()).toEqual(before);
  });

  it('an image that another stack is about to make containers of', async () => {
    for (const version of [two, three]) await applied(keepNone(version));
    const app = { deploy: 'auto', image: 'app:2', startup_time: 0.01 };
    const other = { name: 'other', deploy: { other: { containers: { app } } } };
    await writeFile(join(shop.cwd, 'other.json'), JSON.stringify(other));
    const isInstance = ({ method, line }: { readonly method: string; readonly line: string }) =>
      method === 'createContainer' && line.includes('other-app0');
    await hanging(isInstance, 'apply', 'other.json', '--yes');
    const cleaned = await cli('cleanup', 'stack.json', '--yes');
    expect(cleaned).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to remove') });
    expect(images()).toContain('app:2');
  });

  it('beside an apply', async () => {
    await replaced();
    await write(keepNone(two));
    await hangingApply();
    const refused = await cli('cleanup', '--yes');
    expect(refused).toMatchObject({ code: 75, stdout: '' });
    expect(refused.stderr).toMatch(/^error: apply 3 goes on: .*; nothing was removed\nhelp: /);
    expect(images()).toContain('app:1');
  });

  it('beside another cleanup, nor an apply beside it', async () => {
    await replaced();
    await hanging(({ method }) => method === 'removeImage', 'cleanup', '--yes');
    const second = await cli('cleanup', '--yes');
    expect(second).toMatchObject({ code: 75 });
    expect(second.stderr).toMatch(
      /^error: the stack is locked: .* for `stack cleanup`; nothing was removed\n/,
    );
    await write(keepNone(two));
    expect(await cli('apply', '--yes')).toMatchObject({ code: 75 });
  });

  it('behind a lock that was taken away: nothing more is removed', async () => {
    let isFirst = true;
    shop.useEngine({
      before: async ({ method }) => {
        if (method !== 'removeImage' || !isFirst) return;
        isFirst = false;
        await cli('unlock', '--yes');
        expect(await cli('apply', '--yes')).toMatchObject({ code: 0 });
      },
    });
    for (const version of [one, two, three]) await applied(keepNone(version));
    await write({ ...keepNone(three), count: 2 });
    const cleaned = await cli('cleanup', '--yes');
    expect(cleaned).toMatchObject({ code: 75 });
    expect(cleaned.stderr).toMatch(
      /✓ image app:1 .*\nerror: the lock is lost.*\nRemoved 1 image\. Left: 1\.\n$/,
    );
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
  });

  it('behind Ctrl-C: what is under way ends', async () => {
    let interrupt = (): void => undefined;
    shop.useEngine({ before: ({ method }) => void (method === 'removeImage' && interrupt()) });
    for (const version of [one, two, three]) await applied(keepNone(version));
    const cleaning = startStack(['cleanup', '--yes'], { cwd: shop.cwd, engine: shop.memory });
    interrupt = () => cleaning.signal('SIGINT');
    const cleaned = await cleaning.done;
    expect(cleaned).toMatchObject({ code: 130 });
    expect(cleaned.stderr).toMatch(/Removed 1 image\. Left: 1\.\n$/);
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
  });

  it('without an answer', async () => {
    await replaced();
    expect(await cli('cleanup')).toMatchObject({
      code: 1,
      stderr:
        'error: standard input is no terminal to answer from, so nothing was changed\n' +
        'help: `--yes` answers where nobody can be asked\n',
    });
    const answered = async (input: string) =>
      startStack(['cleanup'], { cwd: shop.cwd, engine: shop.memory, terminal: true, input }).done;
    expect(await answered('no\n')).toMatchObject({ code: 1 });
    expect(images()).toContain('app:1');
    expect(await answered('yes\n')).toMatchObject({ code: 0 });
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
  });

  it('when the stack was changed while somebody thought about it', async () => {
    await replaced();
    const asking = startStack(['cleanup'], { cwd: shop.cwd, engine: shop.memory, terminal: true });
    await expect.poll(() => asking.texts.stderr).toContain('Type `yes`');
    await applied(keepNone(two));
    asking.type('yes\n');
    const late = await asking.done;
    expect(late).toMatchObject({ code: 75 });
    expect(late.stderr).toContain('the stack was changed since it was looked at; nothing was removed');
    expect(images()).toContain('app:2');
  });

  it('without its agent, or of a stack that is not there', async () => {
    await applied(one);
    const agent = shop.ofRole('agent')[0]?.id ?? '';
    await shop.memory.removeContainer(agent);
    expect(await cli('cleanup')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the agent of stack `shop`'),
    });
    await rm(join(shop.cwd, 'stack.json'));
    expect(await cli('cleanup', '--name', 'shopp')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing of stack `shopp` is on this engine'),
    });
  });
});

describe('for programs', () => {
  it('says what would go, and what came of it', async () => {
    await replaced();
    const { stdout } = await cli('cleanup', '--yes', '--json');
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const id = expect.stringMatching(/^sha256:/);
    expect(lines).toEqual([
      {
        format_version: 1,
        type: 'cleanup',
        stack: 'shop',
        remove: [{ kind: 'image', id, names: ['app:1'], bytes: 1_000_000 }],
        stays: [],
        most_bytes: 1_000_000,
        revisions_without_images: [],
      },
      { format_version: 1, type: 'removed', kind: 'image', id },
      { format_version: 1, type: 'finished', removed: 1, failed: 0, left: 0 },
    ]);
  });

  it('knows the images of a stack that is kept in no file any more', async () => {
    await replaced();
    await writeFile(join(shop.cwd, 'stack.json'), '');
    expect(await cli('cleanup', '--yes', '--name', 'shop')).toMatchObject({ code: 0 });
    expect(images()).toEqual(['app:2', 'app:3', 'app:bad']);
    expect(kept('revision')).toEqual(['shop.revision.2']);
  });
});
