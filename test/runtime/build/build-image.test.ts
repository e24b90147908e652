import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import type { DesiredBuild } from '../../../src/compiler/desired/desired-state.ts';
import { buildImage, type BuildRun } from '../../../src/runtime/build/build-image.ts';
import { readContext } from '../../../src/runtime/build/read-context.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';

const REFERENCE = 'shop-app:ab12';

let folder = '';
let engine: MemoryEngine;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stackc-build-'));
  mkdirSync(join(folder, 'app'));
  mkdirSync(join(folder, 'bin'));
  writeFileSync(join(folder, 'app/Dockerfile'), 'FROM base\n');
  engine = memoryEngine({ images: { [REFERENCE]: {} } });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a `docker` into the only folder of the path; it writes its words down and does as told. */
function docker({
  buildx = true,
  build = 'true',
}: {
  readonly buildx?: boolean;
  readonly build?: string;
}): void {
  const script = `#!/bin/sh
echo "$@" >> '${folder}/words'
case "$1 $2" in
  "buildx version") exit ${buildx ? 0 : 1} ;;
  "version --format") echo linux/amd64 ;;
  *) ${build} ;;
esac
`;
  writeFileSync(join(folder, 'bin/docker'), script, { mode: 0o755 });
}

const words = () => readFileSync(join(folder, 'words'), 'utf8').trim().split('\n');

async function desired(more: Partial<DesiredBuild> = {}): Promise<DesiredBuild> {
  const requirement = {
    context: 'app',
    dockerfile: 'Dockerfile',
    args: [],
    target: null,
    platform: null,
    ...more,
  };
  const content = await readContext({ key: '', ...requirement }, folder);
  if ('error' in content) throw new Error(content.error);
  return { ...requirement, content, registry: null, builds: true, pushes: false };
}

async function run(build: DesiredBuild, more: Partial<BuildRun> = {}) {
  const lines: string[] = [];
  const env = { PATH: join(folder, 'bin') };
  const how = { engine, clock: systemClock, onOutput: (line: string) => lines.push(line), ...more };
  const id = await buildImage(REFERENCE, build, { folder, env }, how);
  return { id, lines };
}

test('by buildx where it is there; every line is told, without colours and what was drawn over', async () => {
  docker({
    build: "printf 'Sending 1 kB\\rSending 2 kB\\r\\n\\n\\033[91mwarning\\033[0m\\n' >&2; echo done",
  });
  const { id, lines } = await run(await desired());
  expect(id).toBe(engine.image(REFERENCE));
  expect([...lines].sort()).toEqual(['Sending 2 kB', 'done', 'warning']);
  expect(words()).toEqual(['buildx version', expect.stringMatching(/^buildx build --load .*\/app$/)]);
});

test('else by the classic builder, for the platform of the engine', async () => {
  docker({ buildx: false });
  await run(await desired({ platform: 'linux/amd64' }));
  expect(words().at(-1)).toMatch(/^build --force-rm --tag shop-app:ab12 --file \S+ \S+\/app$/);
});

test('another platform takes buildx', async () => {
  docker({ buildx: false });
  await expect(run(await desired({ platform: 'linux/arm64' }))).rejects.toMatchObject({
    message:
      "an image for linux/arm64 takes buildx on an engine of linux/amd64, and this machine's docker has none",
    help: expect.stringContaining('install buildx'),
  });
  expect(words()).not.toContainEqual(expect.stringMatching(/^build /));
});

test("so does a Dockerfile's own list of what stays out", async () => {
  docker({ buildx: false });
  writeFileSync(join(folder, 'app/Dockerfile.dockerignore'), 'x\n');
  await expect(run(await desired())).rejects.toThrow('`Dockerfile.dockerignore` is read by buildx alone');
});

test('without docker it says what to do', async () => {
  await expect(run(await desired())).rejects.toMatchObject({
    message: "docker's command line cannot be run: there is no `docker`",
    help: expect.stringContaining('install it on this machine'),
  });
});

test('a build that fails says how, with its last lines', async () => {
  docker({ build: 'for i in 1 2 3; do echo "line $i"; done; exit 3' });
  await expect(run(await desired())).rejects.toMatchObject({
    message: 'the build exited with code 3',
    help: 'nothing was changed, and all serves as before; mend it and apply again',
    log: ['line 1', 'line 2', 'line 3'],
  });
});

test('a folder that has changed since the plan builds nothing', async () => {
  docker({});
  const build = await desired();
  writeFileSync(join(folder, 'app/new'), '');
  await expect(run(build)).rejects.toThrow('`app` has changed since the plan was made');
  expect(() => words()).toThrow('ENOENT');
});

test('one that changes meanwhile leaves no image of that tag', async () => {
  docker({ build: `echo x > '${folder}/app/new'` });
  await expect(run(await desired())).rejects.toThrow('`app` has changed since the plan was made');
  expect(engine.image(REFERENCE)).toBeNull();
});

test('an image that is not on the engine afterwards was built elsewhere', async () => {
  docker({});
  engine.dropImage(REFERENCE);
  await expect(run(await desired())).rejects.toMatchObject({
    message: 'the build came to its end, and the engine has no image `shop-app:ab12`',
    help: expect.stringContaining('docker buildx ls'),
  });
});

test('whoever is told to finish ends the build', async () => {
  docker({ build: 'echo begun; /bin/sleep 60' });
  const finish = new AbortController();
  const onOutput = (): void => finish.abort();
  await expect(run(await desired(), { onOutput, finish: finish.signal })).rejects.toThrow(
    'the build was ended by SIGTERM',
  );
});
