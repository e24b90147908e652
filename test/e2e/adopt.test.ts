import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';

import { miscounted, startLoad, whileAsked, type LoadResult } from '../support/load.ts';
import {
  command,
  docker,
  freePort,
  PROGRAM,
  ROOT,
  rows,
  StackFolder,
  until,
  wipe,
} from '../support/stack-cli.ts';

/** Nobody else on the engine has names like these. */
const NAME = 'e2e-adopt';
const SOCKS = '/var/lib/haproxy/socks';
const COUNTED = '/var/counted';
const STARTED = ['cookfront0', 'cook0', 'cook1', 'cookstore0', 'e2eadopt-cooked-1', 'cookold-0', 'cookdata'];
const VOLUME = 'e2eadopt_kept';

const folder = new StackFolder();

afterEach(clear);
afterAll(() => folder.remove());

async function clear(): Promise<void> {
  // They may be on the stack's network.
  await command('docker', ['rm', '-fv', ...STARTED]);
  await wipe(NAME);
  await command('docker', ['volume', 'rm', VOLUME]);
}

/** What the cookbook made: a data-only container with the sockets, plain `docker run`s, links; haproxy in front. */
async function cookbook(port: number): Promise<void> {
  await clear();
  const config = readFileSync(join(ROOT, 'bench/haproxy.cfg'), 'utf8').replaceAll(/\bapp(\d)/g, 'cook$1');
  writeFileSync(join(folder.folder, 'haproxy.cfg'), config);
  const servers = 'stackc-example/servers:1';
  await docker('create', '--name', 'cookdata', '-v', SOCKS, '-v', COUNTED, servers, 'true');
  await docker('run', '-d', '--name', 'cookstore0', 'stackc-example/redis:1');
  for (const name of ['cook0', 'cook1']) {
    const how = ['--volumes-from', 'cookdata', '--link', 'cookstore0:store', '--stop-signal', 'QUIT'];
    await docker('run', '-d', '--name', name, ...how, servers, 'unicorn', `${SOCKS}/${name}.sock`);
  }
  const front = [
    '-v',
    `${folder.folder}/haproxy.cfg:/etc/haproxy/haproxy.cfg:ro`,
    '-p',
    `127.0.0.1:${port}:8080`,
  ];
  await docker(
    'run',
    '-d',
    '--name',
    'cookfront0',
    '--volumes-from',
    'cookdata',
    ...front,
    'stackc-example/haproxy:1',
  );
  // Whoever connects before haproxy listens may wait for good.
  const ask = () =>
    fetch(`http://127.0.0.1:${port}/ping`, { signal: AbortSignal.timeout(1000) }).then(
      ({ status }) => status,
      () => 0,
    );
  await until(ask, (status) => status === 200, 30_000);
  await docker('exec', 'cook0', 'sh', '-c', `head -c 100000 /dev/urandom > ${COUNTED}/kept`);
}

/** The stack file for that; `cook` says what is different about the application. */
function describeIt(port: number, cook: object = {}): void {
  const containers = {
    cookstore: { deploy: 'manual', image: 'stackc-example/redis:1' },
    cook: {
      deploy: 'auto',
      image: 'stackc-example/servers:1',
      containers: 2,
      command: ['unicorn', `${SOCKS}/%{app_name}.sock`],
      socket: `${SOCKS}/%{app_name}.sock`,
      volumes_from: ['cookdata'],
      links: ['cookstore:store'],
      health: { path: '/ping' },
      stop_signal: 'QUIT',
      ...cook,
    },
    cookfront: {
      deploy: 'manual',
      image: 'stackc-example/haproxy:1',
      depends_on: ['cook'],
      volumes_from: ['cookdata'],
      volumes: [`${folder.folder}/haproxy.cfg:/etc/haproxy/haproxy.cfg:ro`],
      ports: [`127.0.0.1:${port}:8080`],
      port: 8080,
    },
  };
  const data_volumes = { cookdata: { volumes: [SOCKS, COUNTED] } };
  folder.write({ name: NAME, deploy: { load: { data_volumes, containers: [containers] } } });
}

async function stack(...words: readonly string[]): Promise<string> {
  const ran = await folder.run(words);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  return ran.stdout + ran.stderr;
}

/** Starts an apply, and kills it when it tells that something is done. */
async function killedAt(words: RegExp): Promise<void> {
  const apply = spawn(process.execPath, [PROGRAM, 'apply', '--yes'], { cwd: folder.folder });
  let text = '';
  apply.stderr.on('data', (data: Buffer) => {
    text += data.toString();
    if (words.test(text)) apply.kill('SIGKILL');
  });
  await once(apply, 'exit');
  expect(text).toMatch(words);
  expect(apply.signalCode).toBe('SIGKILL');
}

/** What clients that never retry see meanwhile, each of whose POSTs must be counted once. */
async function underLoad(port: number, work: () => Promise<unknown>): Promise<readonly LoadResult[]> {
  const ask = { url: `http://127.0.0.1:${port}`, paths: ['/ping', '/count/'], pauseMs: 80 };
  return whileAsked(
    [
      startLoad({ ...ask, concurrency: 12, keepAlive: false, prefix: 'a-' }),
      startLoad({ ...ask, concurrency: 6, keepAlive: true, prefix: 'b-' }),
    ],
    work,
  );
}

async function expectNothingLost(loads: readonly LoadResult[], container: string): Promise<void> {
  expect(loads.map(({ failures }) => failures)).toEqual(loads.map(() => ({})));
  expect(loads.flatMap(({ ids }) => ids).length).toBeGreaterThan(40);
  expect(miscounted(loads, rows(await docker('exec', container, 'cat', `${COUNTED}/ids`)))).toEqual([]);
}

function sum(container: string): Promise<string> {
  return docker('exec', container, 'sha256sum', `${COUNTED}/kept`);
}

/** Path → volume. */
async function mounts(container: string): Promise<readonly string[]> {
  const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{println .Destination .Name}}{{end}}{{end}}';
  return rows(await docker('inspect', '-f', format, container)).toSorted();
}

async function names(): Promise<readonly string[]> {
  const all = rows(await docker('ps', '-a', '--format', '{{.Names}} {{.State}}'));
  return all.filter((row) => /cook|e2e-adopt-load/.test(row)).toSorted();
}

test('what the cookbook started is replaced without losing a request, and what is held is reached by its links', async () => {
  const port = await freePort();
  await cookbook(port);
  describeIt(port);
  const before = { sum: await sum('cook0'), mounts: await mounts('cookdata') };

  const hint = await folder.run(['plan']);
  expect(hint.stderr).toContain('warning[STK423]: `cook0` runs outside of the stack, as container `cook0`');
  expect(await stack('plan', '--adopt')).toMatch(/± replace {2}cook0 {3}generation 0 → 1/);

  const loads = await underLoad(port, () => stack('apply', '--adopt', '--yes'));
  await expectNothingLost(loads, `${NAME}-load-cook0`);
  expect(await names()).toEqual([
    'cookdata created',
    'cookfront0 running',
    'cookstore0 running',
    `${NAME}-load-cook0 running`,
    `${NAME}-load-cook1 running`,
  ]);
  expect(await sum(`${NAME}-load-cook1`)).toBe(before.sum);
  expect(await mounts(`${NAME}-load-cook1`)).toEqual(before.mounts);
  const store = await docker('exec', `${NAME}-load-cook0`, 'getent', 'hosts', 'store');
  expect(
    await docker('inspect', '-f', '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}', 'cookstore0'),
  ).toContain(store.split(' ')[0]);

  // Stable without --adopt, and without the container that the volumes came from.
  await docker('rm', 'cookdata');
  await stack('plan', '--detailed-exitcode');
  const status = await stack('status');
  expect(status).toMatch(/cookstore0 {2}0 .*adopted; held: 1 change/);
  expect(await stack('exec', 'cookstore', '--', 'redis-cli', 'ping')).toBe('PONG\n');

  await stack('apply', '--include', 'cookstore', '--yes');
  expect(await names()).toContain(`${NAME}-load-cookstore0 running`);
  await stack('destroy', '--yes', '--volumes');
  expect(await names()).toEqual([]);
  const left = rows(await docker('volume', 'ls', '-q'));
  for (const mount of before.mounts) expect(left).toContain(mount.split(' ')[1]);
  await docker('volume', 'rm', ...before.mounts.map((mount) => mount.split(' ')[1] ?? ''));
});

test('a new version that never gets ready, then a kill in the middle: the old ones serve on, and a plain apply comes to the end', async () => {
  const port = await freePort();
  await cookbook(port);
  const before = await sum('cook0');
  const loads = await underLoad(port, async () => {
    const broken = ['node', '/nowhere.mjs', `${SOCKS}/%{app_name}.sock`];
    describeIt(port, { command: broken, startup_time: 2, stop_timeout: 1 });
    expect((await folder.run(['apply', '--adopt', '--yes'])).code).toBe(1);
    expect(await names()).toEqual([
      'cook0 running',
      'cook1 running',
      'cookdata created',
      'cookfront0 running',
      'cookstore0 running',
      expect.stringMatching(/cook0\.1\.failed exited/),
    ]);
    describeIt(port);
    await killedAt(/✓ cook0 .* publish cook0\.sock/);
    await stack('apply', '--yes');
    await stack('plan', '--detailed-exitcode');
  });
  await expectNothingLost(loads, `${NAME}-load-cook0`);
  expect(await names()).toEqual([
    'cookdata created',
    'cookfront0 running',
    'cookstore0 running',
    `${NAME}-load-cook0 running`,
    `${NAME}-load-cook1 running`,
  ]);
  expect(await sum(`${NAME}-load-cook0`)).toBe(before);
});

test('what Compose started, and what `adopt` names, with the volumes that they have', async () => {
  await clear();
  const image = 'stackc-example/servers:1';
  const compose = { project: 'e2eadopt', service: 'cooked', 'container-number': '1', oneoff: 'False' };
  const own = Object.entries(compose).flatMap(([key, value]) => [
    '--label',
    `com.docker.compose.${key}=${value}`,
  ]);
  const how = ['-v', `${VOLUME}:/var/counted`, '--restart', 'always', image, 'gunicorn', '0.0.0.0:3000'];
  await docker('run', '-d', '--name', 'e2eadopt-cooked-1', ...own, ...how);
  await docker('run', '-d', '--name', 'cookold-0', image, 'gunicorn', '0.0.0.0:3000');
  await docker('exec', 'e2eadopt-cooked-1', 'sh', '-c', `head -c 1000 /dev/urandom > ${COUNTED}/kept`);
  const before = await sum('e2eadopt-cooked-1');
  const app = {
    deploy: 'auto',
    image,
    command: ['gunicorn', '0.0.0.0:3000'],
    port: 3000,
    health: { path: '/ping' },
  };
  const containers = {
    cooked: { ...app, volumes_from: ['kept'] },
    renamed: { ...app, adopt: 'cookold-%{index}' },
  };
  const data_volumes = { kept: { volumes: [COUNTED] } };
  folder.write({ name: NAME, deploy: { load: { data_volumes, containers: [containers] } } });

  const plan = await stack('plan', '--adopt');
  expect(plan).toContain('`docker compose` must not be run for project `e2eadopt` any more');
  await stack('apply', '--adopt', '--yes');
  expect(await names()).toEqual([`${NAME}-load-cooked0 running`, `${NAME}-load-renamed0 running`]);
  expect(await sum(`${NAME}-load-cooked0`)).toBe(before);
  expect(await mounts(`${NAME}-load-cooked0`)).toEqual([`${COUNTED} ${VOLUME}`]);
  // The key may stay in the file, and there is nothing left to say of it.
  await stack('plan', '--detailed-exitcode', '--adopt');
  expect(
    rows(
      await docker(
        'ps',
        '-aq',
        '--filter',
        `label=io.stackc.stack=${NAME}`,
        '--filter',
        'label=io.stackc.adopted',
      ),
    ),
  ).toEqual([]);
});
