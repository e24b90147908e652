import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startRegistry, type Registry } from '../support/registry.ts';
import { docker, rows, StackFolder, unfolded, wipe, type Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-build';
const SECRET = 'build-secret-51c0';
const folder = new StackFolder();
const app = join(folder.folder, 'app');
let registry: Registry;

const DOCKERFILE = `FROM debian:bookworm-slim
ARG GREETING=none
COPY . /app
RUN echo "built with $GREETING" && cat /app/version
STOPSIGNAL KILL
CMD ["sleep", "infinity"]
`;

beforeAll(async () => {
  await wipe(NAME);
  await removeImages();
  registry = await startRegistry(folder.folder);
  mkdirSync(app);
  put('Dockerfile', DOCKERFILE);
  put('.dockerignore', '*.log\n');
  put('version', 'one\n');
});

afterAll(async () => {
  await registry.close();
  await wipe(NAME);
  await removeImages();
  folder.remove();
});

function put(name: string, text: string): void {
  writeFileSync(join(app, name), text);
}

const images = (reference: string) =>
  docker('images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', `reference=${reference}`).then(rows);

async function removeImages(): Promise<void> {
  const all = [...(await images(`${NAME}-app`)), ...(await images(`127.0.0.1:*/${NAME}`))];
  if (all.length > 0) await docker('image', 'rm', '--force', ...all);
}

const BUILD = { context: 'app', args: { GREETING: '%{env:GREETING}' } };

/** Two containers that share what is built. */
function write(more: Loose = {}): void {
  const one = { deploy: 'auto', build: BUILD, startup_time: 0.1, stop_timeout: 1, ...more };
  folder.write({
    name: NAME,
    secrets: { S: { env: 'T_SECRET' } },
    deploy: { [NAME]: { containers: { app: { ...one, env: { S: '%{secret:S}' } }, worker: one } } },
  });
}

async function run(...args: readonly string[]) {
  const env = { GREETING: 'hello', T_SECRET: SECRET, DOCKER_CONFIG: registry.dockerConfig };
  const ran = await folder.run(args, { env });
  const said = unfolded(ran.stdout + ran.stderr);
  expect(said).not.toContain(SECRET);
  return { code: ran.code, said };
}

/** What instances run, and since which generation. */
const running = () =>
  Promise.all(
    ['app0', 'worker0'].map((name) =>
      docker(
        'inspect',
        '-f',
        '{{.Image}} {{index .Config.Labels "io.stackc.generation"}} {{.State.Running}}',
        `${NAME}-${name}`,
      ),
    ),
  );
const version = () => docker('exec', `${NAME}-app0`, 'cat', '/app/version');

test('a plan builds nothing; an apply builds once what two containers share; the same content is nothing to do', async () => {
  write();
  const plan = await run('plan');
  expect(plan.said).toMatch(
    /\* build +image e2e-build-app:[0-9a-f]{16} not built yet from app \(Dockerfile\), 3 files, \d+ B/,
  );
  expect(await images(`${NAME}-app`)).toEqual([]);
  expect((await run('plan', '--offline')).said).toMatch(/create +app0 +e2e-build-app:[0-9a-f]{16}/);
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(said.match(/│ built with hello/g)).toHaveLength(1);
  expect(await images(`${NAME}-app`)).toHaveLength(1);
  expect(await version()).toBe('one');
  const [first = '', second = ''] = await running();
  expect(first).toBe(second);

  put('x.log', 'whoever is ignored changes nothing');
  expect(await run('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
  expect(await run('apply', '--yes')).toMatchObject({ said: expect.stringContaining('Nothing to do') });
});

test('a build that fails changes nothing, and says why now and later', async () => {
  const before = await running();
  put('Dockerfile', `${DOCKERFILE}RUN echo "it breaks" && : ${NAME} && exit 3\n`);
  const { code, said } = await run('apply', '--yes');
  expect(code).toBe(1);
  expect(said).toMatch(/│ it breaks[\s\S]*the build exited with code \d+[\s\S]*all serves as before/);
  expect(await running()).toEqual(before);
  // Nor is the container left in which it broke.
  const ended = await docker(
    'ps',
    '-a',
    '--no-trunc',
    '--filter',
    'status=exited',
    '--format',
    '{{.Command}}',
  );
  expect(ended).not.toContain(`: ${NAME}`);
  expect((await run('history', '2')).said).toContain('it breaks');
  put('Dockerfile', DOCKERFILE);
  expect(await run('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });
});

test('another content replaces, start-first; `rollback` takes the image that is kept and builds nothing', async () => {
  put('version', 'two\n');
  const detached = await run('apply', '--yes', '--detach');
  expect(detached).toMatchObject({ code: 64, said: expect.stringContaining('is built on this machine') });
  const saved = join(folder.folder, 'next.plan');
  expect((await run('plan', '--out', saved)).said).toMatch(
    /its content has changed[\s\S]*image +e2e-build-app:\w+ \(\w+\) → e2e-build-app:\w+ \(as built\)/,
  );
  put('version', 'three\n');
  expect(await run('apply', saved)).toMatchObject({
    code: 1,
    said: expect.stringContaining('nothing was done'),
  });
  put('version', 'two\n');
  const applied = await run('apply', saved);
  expect(applied.code, applied.said).toBe(0);
  const [create, stop] = ['app0  create generation 2', 'app0  stop generation 1'].map((words) =>
    applied.said.indexOf(words),
  );
  expect(create).toBeGreaterThan(0);
  expect(stop).toBeGreaterThan(create ?? 0);
  expect(await version()).toBe('two');

  const back = await run('rollback', '--yes');
  expect(back.code, back.said).toBe(0);
  expect(back.said).not.toMatch(/\* build|│/);
  expect(await version()).toBe('one');
});

test('a name with a registry is pushed there; what it has already is pulled instead of built', async () => {
  const image = `${registry.host}/${NAME}`;
  write({ image });
  put('version', 'pushed\n');
  const first = await run('apply', '--yes');
  expect(first.code, first.said).toBe(0);
  expect(first.said).toMatch(/✓ image \S+ {2}build[\s\S]*✓ image \S+ {2}push/);
  const [reference = ''] = await images(image);
  expect(await docker('inspect', '-f', '{{json .RepoDigests}}', reference)).toContain(`${image}@sha256:`);
  expect(await run('plan', '--detailed-exitcode')).toMatchObject({ code: 0 });

  await wipe(NAME);
  await docker('image', 'rm', '--force', reference);
  const plan = await run('plan');
  expect(plan.said).toMatch(/↓ pull +image \S+ its registry has it/);
  expect(plan.said).not.toContain('* build    image 127');
  const second = await run('apply', '--yes');
  expect(second.code, second.said).toBe(0);
  expect(await version()).toBe('pushed');
});

test('a push that is refused leaves all as it was; the next apply only pushes', async () => {
  const before = await running();
  put('version', 'refused\n');
  const env = { GREETING: 'hello', T_SECRET: SECRET, DOCKER_CONFIG: join(folder.folder, 'none') };
  const refused = await folder.run(['apply', '--yes'], { env });
  expect(refused.code).toBe(1);
  expect(unfolded(refused.stdout + refused.stderr)).toMatch(/✗ image \S+ {2}push/);
  expect(await running()).toEqual(before);
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(said).toMatch(/↑ push +image/);
  expect(said).not.toMatch(/│ built with/);
  expect(await version()).toBe('refused');
});
