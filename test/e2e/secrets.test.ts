import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { recordingProxy, type RecordingProxy } from '../support/recording-proxy.ts';
import { docker, rows, StackFolder, wipe, type Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-secrets';
const IMAGE = 'debian:bookworm-slim';
let folder: StackFolder;
let proxy: RecordingProxy;

beforeEach(async () => {
  await wipe(NAME);
  folder = new StackFolder();
  proxy = await recordingProxy(join(tmpdir(), `${NAME}-${process.pid}.sock`), '/var/run/docker.sock');
});

afterEach(async () => {
  await proxy.close();
  await wipe(NAME);
  folder.remove();
});

const KINDS = ['file', 'variable', 'command', 'database', 'environment', 'registry', 'placed'] as const;
type Secrets = Readonly<Record<(typeof KINDS)[number], string>>;

const fresh = (): Secrets =>
  Object.fromEntries(KINDS.map((kind) => [kind, randomBytes(12).toString('hex')])) as Secrets;

/** One secret of every kind that the reference names, each where it is read. */
function write(app: Loose = {}, others: Readonly<Record<string, Loose>> = {}): void {
  const secrets = {
    FROM_FILE: { file: 'secret' },
    FROM_ENV: { env: 'THE_VARIABLE' },
    FROM_COMMAND: { command: ['cat', 'printed'] },
    DATABASE: { env: 'THE_DATABASE' },
    REGISTRY: { env: 'THE_REGISTRY' },
    PLACED: { env: 'THE_PLACED' },
  };
  const database = {
    adapter: 'postgresql',
    database: 'shop',
    host: 'db.invalid',
    username: 'shop',
    password: '%{secret:DATABASE}',
  };
  const container: Loose = {
    deploy: 'auto',
    image: IMAGE,
    command: ['sh', '-c', 'echo started; exec sleep infinity', '%{secret:FROM_COMMAND}'],
    startup_time: 1,
    stop_signal: 'KILL',
    database: true,
    env: { ONE: '%{secret:FROM_FILE}', TWO: '%{secret:FROM_ENV}', THREE_KEY: '%{env:THE_ENVIRONMENT}' },
    files: {
      '/etc/app.conf': { text: 'password = %{secret:PLACED}\n', interpolate: true, mode: '0600' },
    },
    ...app,
  };
  // Asked by the agent, which keeps the journal.
  const web: Loose = {
    deploy: 'auto',
    image: 'stackc-example/app:1',
    command: [
      'ruby',
      '-rsocket',
      '-e',
      's = TCPServer.new("0.0.0.0", 80); loop { s.accept.close }',
      '%{secret:FROM_FILE}',
    ],
    port: 80,
    health: { tcp: true },
    stop_signal: 'KILL',
    drain_timeout: 1,
    env: { API_TOKEN: '%{secret:FROM_ENV}' },
  };
  folder.write({
    name: NAME,
    secrets,
    docker: { registries: { '127.0.0.1:9': { username: 'shop', password: '%{secret:REGISTRY}' } } },
    deploy: { [NAME]: { database, containers: { app: container, web, ...others } } },
  });
}

/** All that is written somewhere, by where; and that no secret of `all` is in it. */
class Seen {
  readonly #texts: [where: string, text: string][] = [];

  add(where: string, text: string): void {
    this.#texts.push([where, text]);
  }

  expectNone(all: readonly Secrets[]): void {
    for (const secrets of all) {
      for (const kind of KINDS) {
        const plain = secrets[kind];
        const forms = [
          plain,
          Buffer.from(plain).toString('base64').slice(0, 14),
          Buffer.from(plain).toString('hex'),
        ];
        const where = this.#texts.filter(([, text]) => forms.some((form) => text.includes(form)));
        expect(where.map(([place]) => `${kind}: ${place}`)).toEqual([]);
      }
    }
  }
}

test('a secret of whatever kind is where the container reads it, and nowhere else, also when an apply fails', async () => {
  const seen = new Seen();
  const [first, second] = [fresh(), fresh()];
  let now = first;
  const run = async (...args: readonly string[]) => {
    writeFileSync(join(folder.folder, 'secret'), `${now.file}\n`);
    writeFileSync(join(folder.folder, 'printed'), `${now.command}\n`);
    mkdirSync(join(folder.folder, 'home'), { recursive: true });
    const ran = await folder.run(args, {
      env: {
        THE_VARIABLE: now.variable,
        THE_DATABASE: now.database,
        THE_ENVIRONMENT: now.environment,
        THE_REGISTRY: now.registry,
        THE_PLACED: now.placed,
        DOCKER_HOST: `unix://${proxy.path}`,
        HOME: join(folder.folder, 'home'),
        DEBUG: '*',
        NODE_DEBUG: 'http,net',
      },
    });
    seen.add(args.join(' '), ran.stdout + ran.stderr);
    return ran;
  };
  const reads = (...words: readonly string[]) => docker('exec', `${NAME}-app0`, ...words);

  write();
  await run('validate');
  await run('plan', '--verbose');
  await run('plan', '--json');
  expect((await run('apply', '--yes', '--verbose')).code).toBe(0);
  // It is where it is read: what follows would find nothing in a program that dropped them.
  expect(await reads('printenv', 'ONE', 'TWO', 'THREE_KEY', 'DB_PASSWORD')).toBe(
    [first.file, first.variable, first.environment, first.database].join('\n'),
  );
  expect(await reads('cat', '/etc/app.conf')).toBe(`password = ${first.placed}`);
  expect(await reads('cat', '/proc/1/cmdline').catch(() => '')).not.toBe('');
  await run('status', '--json');
  await run('logs', 'app');

  // All of them change, and what fails tells of them in its last lines.
  now = second;
  const tell = 'echo "$ONE $TWO $THREE_KEY $DB_PASSWORD $0 $(cat /etc/app.conf)"; exit 3';
  write({ command: ['sh', '-c', tell, '%{secret:FROM_COMMAND}'] });
  await run('plan', '--verbose');
  const gate = await run('apply', '--yes', '--only', 'app');
  expect(gate.code).toBe(1);
  expect(gate.stderr + gate.stdout).toContain(
    '(masked) (masked) (masked) (masked) (masked) password = (masked)',
  );
  write({ migration: { command: ['sh', '-c', tell, 'sh'] } });
  const migration = await run('apply', '--yes', '--json', '--only', 'app');
  expect(migration.code).toBe(1);
  expect(migration.stdout).toContain('(masked) (masked)');
  write({ command: ['/nowhere/%{secret:FROM_COMMAND}'] });
  expect((await run('apply', '--yes', '--only', 'app')).code).toBe(1);
  write({}, { other: { deploy: 'auto', image: '127.0.0.1:9/other:1' } });
  expect((await run('apply', '--yes', '--only', 'other')).code).toBe(1);
  await run('plan', '--json');
  await run('status');

  // What was kept of the first has its secrets, but for the registry's, and nobody is shown them on the way back.
  const kept = await docker('cp', `${NAME}.revision.1:/stackc-revision.json`, '-');
  expect(kept).toContain(first.variable);
  expect(kept).not.toContain(first.registry);
  expect((await run('abort', '--yes', '--verbose')).code).toBe(0);
  expect(await reads('printenv', 'ONE', 'TWO', 'THREE_KEY', 'DB_PASSWORD')).toBe(
    [first.file, first.variable, first.environment, first.database].join('\n'),
  );
  expect(await reads('cat', '/etc/app.conf')).toBe(`password = ${first.placed}`);
  await run('history');
  await run('history', '--json');
  for (const id of await ofRole('revision')) seen.add('what is kept', await docker('inspect', id));

  const ids = rows(await docker('ps', '-aq', '--no-trunc', '--filter', `label=io.stackc.stack=${NAME}`));
  for (const id of ids)
    seen.add(`labels of ${id}`, await docker('inspect', '-f', '{{json .Config.Labels}} {{.Name}}', id));
  for (const id of await ofRole('agent')) seen.add('the agent', await docker('inspect', id));
  const mounted = `${NAME}.journal:/v:ro`;
  const journal = await docker('run', '--rm', '-v', mounted, IMAGE, 'grep', '-ra', '', '/v');
  expect(journal).toContain('container.start');
  seen.add('the journal', journal);
  seen.add('requests', proxy.requestLines().join('\n'));
  seen.add('execs', execs(proxy.sent()).join('\n'));
  for (const [name, text] of files(join(folder.folder, 'home'))) seen.add(name, text);
  seen.expectNone([first, second]);
});

/** The stack's containers of a role, by id. */
async function ofRole(role: string): Promise<readonly string[]> {
  const wanted = [`label=io.stackc.stack=${NAME}`, `label=io.stackc.role=${role}`];
  return rows(await docker('ps', '-aq', ...wanted.flatMap((label) => ['--filter', label])));
}

/** What processes were started with in containers that run, and what was said to them. */
function execs(sent: string): readonly string[] {
  return [
    ...sent.matchAll(
      /POST \S*\/(?:containers\/[^ /]+\/exec|exec\/[^ /]+\/start) HTTP[\s\S]*?(?=(?:GET|POST|PUT|HEAD|DELETE) \/|$)/g,
    ),
  ].map(([text]) => text);
}

function files(directory: string): readonly (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')] as const);
}
