import { homedir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { requirements } from '../../src/compiler/desired/requirements.ts';
import { resolve } from '../../src/compiler/desired/resolve.ts';
import { NOTHING_OBSERVED } from '../../src/compiler/observed/observed-state.ts';
import { instanceConfig } from '../../src/compiler/plan/instance-config.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import type { RunningContainer } from '../../src/compiler/import/running.ts';
import { compileSource } from '../../src/cli/stack-file.ts';
import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { chooseEndpoint } from '../../src/runtime/docker/endpoint.ts';
import { SourceFile } from '../../src/compiler/source/source-file.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { gatherInputs } from '../../src/runtime/gather-inputs.ts';
import { command, docker, freePort, StackFolder, type Ran } from '../support/stack-cli.ts';

// What a hand, the cookbook or Compose has started becomes a file that describes just that.

const STACK = 'e2e-import';
// Short: a volume that nobody has named leaves little room for the names of sockets.
const P = 'e2ei';
const PASSWORD = 'sentinel-7Fq2xLpw';
const folder = new StackFolder();
let engine: Engine;
let port = 0;

const NAMES = ['socks', 'app0', 'app1', 'redis0', 'haproxy0', 'db-1', 'web-1', 'web-2', 'web-run'].map(
  (n) => `${P}-${n}`,
);

async function wipe(): Promise<void> {
  await command('docker', ['rm', '-fv', ...NAMES]);
  await command('docker', ['network', 'rm', `${P}-net`]);
  await command('docker', ['volume', 'rm', `${P}-pgdata`]);
}

beforeAll(async () => {
  await wipe();
  port = await freePort();
  const { env, platform } = process;
  engine = await connectEngine(chooseEndpoint({ context: null, host: null, env, home: homedir(), platform }));
});

afterAll(async () => {
  engine.close();
  await wipe();
  folder.remove();
});

const secretEnv = {
  REDIS_PASSWORD: PASSWORD,
  POSTGRES_PASSWORD: PASSWORD,
  DATABASE_URL: `postgres://shop:${PASSWORD}@db/shop`,
};

/** The instances of the file, as an apply would make them. */
async function instances() {
  const text = readFileSync(join(folder.folder, 'stack.yaml'), 'utf8');
  const spec = await compileSource(new SourceFile('stack.yaml', text, 'yaml'), STACK);
  const needed = (known: Parameters<typeof requirements>[1]) => requirements(spec, known);
  const inputs = await gatherInputs(needed, engine, Promise.resolve(NOTHING_OBSERVED), {
    held: () => new Set(),
    secrets: Object.fromEntries(spec.secrets.map(({ name, source }) => [name, source])),
    env: secretEnv,
    folder: folder.folder,
    remoteHost: null,
    hostAlways: true,
    auth: () => () => Promise.resolve(null),
    askRegistry: false,
  });
  const desired = resolve(spec, inputs);
  if (!desired.ok) throw new Error(JSON.stringify(desired.diagnostics));
  return desired.value.containers.flatMap((container) =>
    container.instances.map((instance) => {
      const imageId = container.image.id ?? '';
      const incarnation = { generation: 1, name: instance.engineName, imageId };
      const config = instanceConfig(spec.name, container, instance, incarnation);
      return { name: instance.name, restart: instance.spec.restart, config };
    }),
  );
}

/** The image's own count where the file says nothing. */
async function asMade(config: ContainerConfig, its: RunningContainer) {
  const image = await engine.imageDefaults(its.imageId);
  const own = config.env.filter((pair) => !pair.startsWith('RELEASE_TAG='));
  const names = new Set(own.map((pair) => pair.split('=', 1)[0]));
  return {
    env: [...own, ...(image?.env ?? []).filter((pair) => !names.has(pair.split('=', 1)[0]))].sort(),
    entrypoint: config.entrypoint ?? image?.entrypoint,
    // A generation serves beside the path that the others know.
    command:
      config.command?.map((word) =>
        word.replace(`.${STACK}-${P}-`, `${P}-`).replace(/(app\d)\.1$/, '$1.sock'),
      ) ?? (config.entrypoint === null ? image?.command : []),
    mounts: config.mounts.map(({ type, source, target, readOnly }) => ({ type, source, target, readOnly })),
    ports: config.ports,
    memory: config.memory,
    user: config.user ?? image?.user,
    workingDir: config.workingDir ?? image?.workingDir,
    extraHosts: config.extraHosts,
  };
}

function asRuns(its: RunningContainer) {
  return {
    env: [...its.env].filter((pair) => !pair.startsWith('RELEASE_TAG=')).sort(),
    entrypoint: its.entrypoint,
    command: its.command,
    mounts: its.mounts.map(({ type, source, target, readOnly }) => ({ type, source, target, readOnly })),
    ports: its.ports,
    memory: its.memory,
    user: its.user,
    workingDir: its.workingDir,
    extraHosts: its.extraHosts,
  };
}

function expectDone({ code, stdout, stderr }: Ran): string {
  expect(code, stdout + stderr).toBe(0);
  expect(stdout + stderr).not.toContain(PASSWORD);
  return stdout + stderr;
}

test('what the cookbook has started becomes a file that says the same', async () => {
  const run = (name: string, ...words: readonly string[]) =>
    docker('run', '-d', '--name', `${P}-${name}`, ...words);
  await docker('run', '--name', `${P}-socks`, '-v', '/var/lib/haproxy/socks', 'debian:bookworm-slim', 'true');
  await run('redis0', '-e', `REDIS_PASSWORD=${PASSWORD}`, '-v', '/data', 'stackc-example/redis:1');
  for (const name of ['app0', 'app1']) {
    await run(
      name,
      '--volumes-from',
      `${P}-socks`,
      '--link',
      `${P}-redis0:redis`,
      '-e',
      'RELEASE_TAG=abc',
      '-e',
      'GREETING=50% off',
      '-e',
      `REDIS_PASSWORD=${PASSWORD}`,
      '-e',
      `INSTANCE=${P}-${name}`,
      '--memory',
      '256m',
      '--hostname',
      `${P}-${name}`,
      '--entrypoint',
      '/app/bin/entrypoint.sh',
      'stackc-example/app:1',
      'unicorn',
      '-c',
      'config/unicorn.rb',
      '-l',
      `/var/lib/haproxy/socks/${P}-${name}.sock`,
    );
  }
  await run(
    'haproxy0',
    '--volumes-from',
    `${P}-socks`,
    '-p',
    `127.0.0.1:${port}:80`,
    '--restart',
    'always',
    '--add-host',
    'legacy:10.0.0.5',
    '--pid',
    'host',
    'stackc-example/haproxy:1',
  );
  const names = ['app0', 'app1', 'haproxy0', 'redis0'].map((name) => `${P}-${name}`);
  const imported = await folder.run(['import', 'running', ...names, '--name', STACK, '-o', 'stack.yaml']);
  expect(expectDone(imported)).toContain('`--pid=host` cannot be said');
  expect(imported.stderr).toContain('export REDIS_PASSWORD="$(docker inspect -f \'{{range .Config.Env}}');
  const text = readFileSync(join(folder.folder, 'stack.yaml'), 'utf8');
  expect(text).not.toContain(PASSWORD);
  expect(text).toContain(`-l /var/lib/haproxy/socks/%{app_name}.sock`);

  const again = await folder.run(['import', 'running', ...names, '-o', 'stack.yaml']);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('nothing was changed')]);

  expect(expectDone(await folder.run(['validate']))).toContain('3 containers, 4 instances');
  const plan = expectDone(await folder.run(['plan', '--offline'], { env: secretEnv }));
  expect(plan).toContain(`${P}-app0.sock (inferred from the command)`);
  const made = await instances();
  expect(made.map(({ name }) => name).sort()).toEqual(names);
  for (const { name, restart, config } of made) {
    const its = await engine.containerSetup(name);
    if (its === null) throw new Error(`${name} is gone`);
    expect(await asMade(config, its), name).toEqual(asRuns(its));
    expect(restart, name).toEqual(its.restart);
  }
  // As they say on standard error, the secret is read.
  const [, script = ''] = /export REDIS_PASSWORD="\$\((.*)\)"/.exec(imported.stderr) ?? [];
  expect((await command('sh', ['-c', script])).stdout.trim()).toBe(PASSWORD);
});

test('what Compose has started becomes an application with its services', async () => {
  await docker('network', 'create', `${P}-net`);
  const service = (name: string, number: number, ...words: readonly string[]) => [
    '--name',
    `${P}-${name}-${number}`,
    '--network',
    `${P}-net`,
    '--network-alias',
    name,
    '--label',
    'com.docker.compose.project=e2e-import',
    '--label',
    `com.docker.compose.service=${name}`,
    '--label',
    `com.docker.compose.container-number=${number}`,
    '--label',
    'com.docker.compose.oneoff=False',
    ...words,
  ];
  const sleeping = ['debian:bookworm-slim', 'sleep', 'infinity'];
  await docker(
    'run',
    '-d',
    ...service('db', 1, '-v', `${P}-pgdata:/var/lib/postgresql/data`, '-e', `POSTGRES_PASSWORD=${PASSWORD}`),
    ...sleeping,
  );
  for (const number of [1, 2]) {
    const url = [
      '-e',
      `DATABASE_URL=${secretEnv.DATABASE_URL}`,
      '--label',
      'com.docker.compose.depends_on=db:service_started:false',
    ];
    const health = [
      '--health-cmd',
      'test -e /etc/passwd',
      '--health-interval',
      '5s',
      '--restart',
      'on-failure:3',
    ];
    await docker('run', '-d', ...service('web', number, ...url, ...health), ...sleeping);
  }
  await docker(
    'run',
    '-d',
    '--name',
    `${P}-web-run`,
    '--label',
    'com.docker.compose.project=e2e-import',
    '--label',
    'com.docker.compose.oneoff=True',
    ...sleeping,
  );

  const { stdout, stderr, code } = await folder.run(['import', 'running', 'e2e-import']);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain(`left out: \`${P}-web-run\`: it is a run of`);
  expect(stdout + stderr).not.toContain(PASSWORD);
  expect(stdout.replace(/^#.*\n/gm, '')).toBe(COMPOSE);
});

const COMPOSE = `
name: e2e-import
secrets:
  DATABASE_URL:
    env: DATABASE_URL
  POSTGRES_PASSWORD:
    env: POSTGRES_PASSWORD
deploy:
  e2e-import:
    containers:
      db:
        deploy: manual
        adopt: e2ei-db-1
        image: debian:bookworm-slim
        command: sleep infinity
        env:
          POSTGRES_PASSWORD: "%{secret:POSTGRES_PASSWORD}"
        volumes: [e2ei-pgdata:/var/lib/postgresql/data]
        restart: "no"
      web:
        deploy: auto
        adopt: [e2ei-web-1, e2ei-web-2]
        image: debian:bookworm-slim
        containers: 2
        command: sleep infinity
        env:
          DATABASE_URL: "%{secret:DATABASE_URL}"
        # asked until it is ready; the engine's own check while it runs is an image's HEALTHCHECK
        health:
          command: [sh, -c, test -e /etc/passwd]
        # as long as its health check allowed
        startup_time: 15s
        depends_on: [db]
        restart: on-failure:3
`;
