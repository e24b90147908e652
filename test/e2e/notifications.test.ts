import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { command, docker, StackFolder, unfolded, wipe, type Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-notifications';
const TOKEN = 'rollbar-token-7f31';
const SECRET = `whsec_${Buffer.from('webhook-secret-7f31-of-a-stack').toString('base64')}`;
const SLACK_PATH = 'slack-path-7f31';
const folder = new StackFolder();

interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
  readonly text: string;
}

/** Rollbar, Slack and a webhook in one; the next requests are answered with `trouble`. */
let seen: Seen[] = [];
let trouble: number[] = [];
const server = createServer((request, response) => {
  let text = '';
  request.on('data', (data: Buffer) => (text += data.toString()));
  request.on('end', () => {
    const body = JSON.parse(text) as Record<string, unknown>;
    seen.push({ path: request.url ?? '', headers: request.headers, body, text });
    response.statusCode = trouble.shift() ?? 200;
    response.end('ok');
  });
});
let url = '';

beforeAll(async () => {
  await wipe(NAME);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await wipe(NAME);
  server.close();
  server.closeAllConnections();
  folder.remove();
});

function describeStack(doing: string, at = url): void {
  const app: Loose = {
    deploy: 'auto',
    image: 'debian:bookworm-slim',
    containers: 2,
    command: ['sh', '-c', `trap exit TERM; ${doing}; sleep 600 & wait`],
    startup_time: 1,
    env: { RACK_ENV: 'staging', RUN: doing },
    notifications: {
      rollbar: {
        access_token: '%{secret:ROLLBAR}',
        env_var: 'RACK_ENV',
        rev_var: 'RUN',
        url: `${at}/api/1/deploy`,
      },
      webhook: { url: `${at}/hook`, secret: '%{secret:WEBHOOK}', headers: { 'X-Stack': '%{stack}' } },
      slack: { url: `${at}/%{secret:SLACK}`, channel: '#deploys' },
    },
  };
  folder.write({
    name: NAME,
    secrets: { ROLLBAR: { env: 'T_ROLLBAR' }, WEBHOOK: { env: 'T_WEBHOOK' }, SLACK: { env: 'T_SLACK' } },
    deploy: { told: { containers: [{ app }] } },
  });
}

const outputs: string[] = [];

async function run(...args: readonly string[]) {
  seen = [];
  const env = { T_ROLLBAR: TOKEN, T_WEBHOOK: SECRET, T_SLACK: SLACK_PATH };
  const ran = await folder.run(args, { env });
  outputs.push(ran.stdout, ran.stderr);
  return { code: ran.code, said: unfolded(ran.stdout + ran.stderr) };
}

/** What each of the three was told, by its path. */
function toldOf(path: string): Seen {
  const found = seen.filter((one) => one.path === path);
  expect(found).toHaveLength(1);
  return found[0] as Seen;
}

function signatureOf({ headers, text }: Seen): string {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`;
  return `v1,${createHmac('sha256', 'webhook-secret-7f31-of-a-stack').update(signed).digest('base64')}`;
}

test('all three are told of a success, once', async () => {
  describeStack('true');
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(said).toContain('rollbar is told of told/app: success');
  const hook = toldOf('/hook');
  expect(hook.body).toMatchObject({
    event: 'success',
    stack: NAME,
    application: 'told',
    container: 'app',
    instances: ['app0', 'app1'],
    command: 'apply',
    revision: 1,
    image: 'debian:bookworm-slim',
    release: expect.stringMatching(/^[0-9a-f]{12}$/),
    error: null,
  });
  expect(hook.headers).toMatchObject({ 'x-stack': NAME, 'webhook-signature': signatureOf(hook) });
  const rollbar = toldOf('/api/1/deploy');
  expect(rollbar.headers['x-rollbar-access-token']).toBe(TOKEN);
  expect(rollbar.body).toMatchObject({ environment: 'staging', revision: 'true', status: 'succeeded' });
  expect(toldOf(`/${SLACK_PATH}`).body).toEqual({
    text: expect.stringContaining(`told/app deployed: debian:bookworm-slim, revision 1 of stack ${NAME}`),
    channel: '#deploys',
  });
  await run('apply', '--yes');
  expect(seen).toEqual([]);
});

test('a failure of the first instance, and of a later one, which takes the first back', async () => {
  describeStack('exit 3');
  expect((await run('apply', '--yes')).code).toBe(1);
  expect(toldOf('/hook').body).toMatchObject({ event: 'failure', error: expect.stringContaining('code 3') });
  expect(toldOf('/api/1/deploy').body).toMatchObject({ status: 'failed', revision: 'exit 3' });
  describeStack('[ %{index} = 0 ] || exit 4');
  expect((await run('apply', '--yes')).code).toBe(1);
  expect(toldOf('/hook').body).toMatchObject({ event: 'rollback', error: expect.stringContaining('code 4') });
  expect(toldOf(`/${SLACK_PATH}`).body).toMatchObject({ text: expect.stringContaining('rolled back') });
});

test('`stack rollback` tells as well, with what its revision holds', async () => {
  describeStack('false');
  expect((await run('apply', '--yes')).code).toBe(0);
  const { stderr, code } = await folder.run(['rollback', '--yes']);
  expect(code, stderr).toBe(0);
  expect(seen.slice(-3).find(({ path }) => path === '/hook')?.body).toMatchObject({
    event: 'rollback',
    command: 'rollback',
    error: null,
  });
  expect(seen.slice(-3).find(({ path }) => path === '/api/1/deploy')?.body).toMatchObject({
    revision: 'true',
    status: 'succeeded',
  });
});

test('trouble is met with another try, and nobody there with a warning: the apply has succeeded', async () => {
  describeStack('echo again');
  trouble = [503, 503, 503];
  expect((await run('apply', '--yes')).code).toBe(0);
  expect(seen).toHaveLength(6);
  const hooks = seen.filter(({ path }) => path === '/hook');
  expect(new Set(hooks.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  describeStack('echo alone', 'http://127.0.0.1:9');
  const { code, said } = await run('apply', '--yes');
  expect(code, said).toBe(0);
  expect(said).toContain('warning: slack could not be told of told/app: ');
  expect(seen).toEqual([]);
});

test('an apply that goes on by itself tells, too', async () => {
  describeStack('echo detached');
  const { code, said } = await run('apply', '--yes', '--detach');
  expect(code, said).toBe(0);
  await expect.poll(() => seen.length, { timeout: 60_000 }).toBe(3);
  expect(toldOf('/hook').body).toMatchObject({ event: 'success' });
  await run('attach');
});

test('no token is anywhere but where it belongs', async () => {
  await run('plan', '--json', '--verbose');
  await run('history', '--json');
  const ids = (await docker('ps', '-aq', '--filter', `label=io.stackc.stack=${NAME}`)).split('\n');
  const containers = await Promise.all(
    ids.map(async (id) => {
      const role = await docker('inspect', '-f', '{{index .Config.Labels "io.stackc.role"}}', id);
      const logs = await command('docker', ['logs', id]);
      // What is kept to go back by holds the secrets of its revision (ADR 0014).
      const inspected = role === 'revision' ? '' : await docker('inspect', id);
      return `${inspected}${logs.stdout}${logs.stderr}`;
    }),
  );
  const all = [...outputs, ...containers].join('\n');
  for (const secret of [TOKEN, SECRET, SLACK_PATH]) expect(all).not.toContain(secret);
});
