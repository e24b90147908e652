import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

import { EACH_ANEW, KEPT_ALIVE, LoadScene, type Served } from '../support/load.ts';
import { command, docker, PROGRAM, rows } from '../support/stack-cli.ts';

const NAME = 'e2e-rollback';

/** A version of the application, with an image of its own. */
async function become({ app }: Served, version: number): Promise<void> {
  const image = `stackc-e2e/rollback:${version}`;
  const input = `FROM stackc-example/servers:1\nLABEL version=${version}\n`;
  expect(await command('docker', ['build', '-q', '-t', image, '-'], { input })).toMatchObject({ code: 0 });
  app['image'] = image;
  app['env'] = { GENERATION: String(version) };
}

/** Image and `GENERATION` of both instances. */
async function running(): Promise<readonly string[]> {
  const format = '{{.Image}} {{range .Config.Env}}{{println .}}{{end}}';
  return Promise.all(
    ['app0', 'app1'].map(async (instance) => {
      const text = await docker('inspect', '-f', format, `${NAME}-load-${instance}`);
      return `${text.split(' ')[0]} ${/\bGENERATION=\S*/.exec(text)?.[0]}`;
    }),
  );
}

/** What the engine has of the stack, by name, without ids. */
async function all(): Promise<readonly string[]> {
  const names = await docker(
    'ps',
    '-a',
    '--filter',
    `label=io.stackc.stack=${NAME}`,
    '--format',
    '{{.Names}}',
  );
  return rows(names)
    .map((name) => name.replace(/image\.[0-9a-f]{12}$/, 'image.ID'))
    .sort();
}

/** Starts an apply, and kills it when it tells that something is done. */
async function killedAt(cwd: string, words: RegExp): Promise<void> {
  const apply = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], { cwd });
  let text = '';
  apply.stderr.on('data', (data: Buffer) => {
    text += data.toString();
    if (words.test(text)) apply.kill('SIGKILL');
  });
  await once(apply, 'exit');
  expect(text).toMatch(words);
  expect(apply.signalCode).toBe('SIGKILL');
}

const WHOLE = [`${NAME}-agent`, `${NAME}-load-app0`, `${NAME}-load-app1`, `${NAME}-load-haproxy0`];

test('back to the image and the environment of then, forth again, gone on with and given up: nothing is lost', () =>
  LoadScene.within(NAME, async (scene) => {
    const made = scene.served('unicorn');
    const stack = async (...words: readonly string[]) => {
      const ran = await scene.folder.run([...words, '--yes']);
      expect(ran.code, ran.stderr + ran.stdout).toBe(0);
    };
    await become(made, 1);
    await scene.up(made);
    const first = await running();
    await become(made, 2);
    const loads = await scene.underLoad([EACH_ANEW, KEPT_ALIVE], async () => {
      await scene.apply(made);
      const second = await running();
      expect(second).not.toEqual(first);
      // The tag moves on; nothing but what is kept holds the image by now.
      await docker('tag', 'stackc-example/servers:1', 'stackc-e2e/rollback:1');
      const [image = ''] = first[0]?.split(' ') ?? [];
      await expect(docker('rmi', image)).rejects.toThrow('image is being used by stopped container');
      await stack('rollback');
      expect(await running()).toEqual(first);
      await stack('rollback');
      expect(await running()).toEqual(second);
      await become(made, 3);
      scene.folder.write(made.stack);
      await killedAt(scene.folder.folder, /✓ app0 .* generation \d+ becomes/);
      await stack('abort');
      expect(await running()).toEqual(second);
      await killedAt(scene.folder.folder, /✓ app0 .* generation \d+ becomes/);
      await stack('resume', '--name', NAME);
      expect((await running()).join()).toMatch(/GENERATION=3.*GENERATION=3/);
    });
    await scene.expectNothingLost(loads);
    expect(await all()).toEqual([
      ...WHOLE,
      `${NAME}.image.ID`,
      `${NAME}.image.ID`,
      `${NAME}.revision.1`,
      `${NAME}.revision.2`,
      `${NAME}.revision.3`,
      `${NAME}.revision.6`,
      `${NAME}.revision.8`,
    ]);
    await stack('destroy', '--volumes');
    expect(await all()).toEqual([]);
  }));
