import { afterAll, beforeAll, expect, test } from 'vitest';

import { command, docker, rows, StackFolder, wipe } from '../support/stack-cli.ts';

const NAME = 'e2e-cleanup';
const REPOSITORY = 'stackc-e2e/cleanup';
const folder = new StackFolder();

const stack = async (...words: readonly string[]) => folder.run(words);

/** An image of its own for each version. */
async function build(version: string): Promise<void> {
  const input = `FROM stackc-example/app:1\nENV VERSION=${version}\n`;
  const built = await command('docker', ['build', '-q', '-t', `${REPOSITORY}:${version}`, '-'], { input });
  expect(built, built.stderr).toMatchObject({ code: 0 });
}

/** Applies a version; no revision but the current one is kept. */
async function apply(version: string): Promise<number | null> {
  const app = {
    deploy: 'auto',
    image: `${REPOSITORY}:${version}`,
    entrypoint:
      version === 'bad' ? ['false'] : ['sh', '-c', "trap 'exit 0' TERM; while :; do sleep 0.1; done"],
    startup_time: 0.3,
    stop_timeout: 2,
  };
  folder.write({ name: NAME, keep: 0, deploy: { [NAME]: { containers: [{ app }] } } });
  return (await stack('apply', '--yes')).code;
}

/** The versions whose images the engine has. */
async function versions(): Promise<readonly string[]> {
  return rows(await docker('images', '--format', '{{.Tag}}', REPOSITORY)).toSorted();
}

async function containers(): Promise<readonly string[]> {
  const label = `label=io.stackc.stack=${NAME}`;
  return rows(await docker('ps', '-a', '--filter', label, '--format', '{{.Names}}')).toSorted();
}

async function clear(): Promise<void> {
  await wipe(NAME);
  await command('docker', ['rm', '-f', `${NAME}-other`]);
  const left = (await versions()).map((version) => `${REPOSITORY}:${version}`);
  if (left.length > 0) await docker('rmi', ...left);
}

beforeAll(async () => {
  await clear();
  for (const version of ['1', '2', '3', 'bad', 'unused']) await build(version);
}, 60_000);
afterAll(async () => {
  await clear();
  folder.remove();
}, 60_000);

test('what the stack has used and left behind goes, and nothing else', async () => {
  for (const version of ['1', '2', '3']) expect(await apply(version)).toBe(0);
  await docker('create', '--name', `${NAME}-other`, `${REPOSITORY}:2`);
  expect(await apply('bad')).toBe(1);
  const whole = await containers();
  expect(whole).toContain(`${NAME}-app0.4.failed`);

  await docker('tag', `${REPOSITORY}:1`, `${REPOSITORY}:first`);
  const shown = await stack('cleanup', '--dry-run');
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(
    /^container e2e-cleanup-app0\.4\.failed +failed, and was kept to look at +\d.* k?B$/m,
  );
  expect(shown.stdout).toMatch(
    /^image stackc-e2e\/cleanup:1, stackc-e2e\/cleanup:first \(\w{12}\) .* \d+ MB$/m,
  );
  expect(shown.stdout).toMatch(
    /^image stackc-e2e\/cleanup:2 \(\w{12}\) +container e2e-cleanup-other is made from it$/m,
  );
  expect(shown.stdout).toMatch(/^Cleanup: 1 container, 1 image to remove, up to \d+ MB\.$/m);
  expect(await containers()).toEqual(whole);
  expect(await versions()).toEqual(['1', '2', '3', 'bad', 'first', 'unused']);

  const cleaned = await stack('cleanup', '--yes');
  expect(cleaned.code, cleaned.stderr).toBe(0);
  // The failed one can be gone on with; the last was never this stack's.
  expect(await versions()).toEqual(['2', '3', 'bad', 'unused']);
  expect(await containers()).toEqual(whole.filter((name) => !name.endsWith('.failed')));

  await docker('rm', `${NAME}-other`);
  expect(await stack('cleanup', '--yes', '--name', NAME)).toMatchObject({ code: 0 });
  expect(await versions()).toEqual(['3', 'bad', 'unused']);
});
