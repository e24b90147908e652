import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { answers, startLoad, type LoadResult, whileAsked } from '../support/load.ts';
import { docker, freePort, StackFolder, unfolded, wipe, type Loose, type Ran } from '../support/stack-cli.ts';

const NAME = 'e2e-files';
const SECRET = 'only-inside-5e1f';
const folder = new StackFolder();
let port = 0;
let url = '';

beforeAll(async () => {
  await wipe(NAME);
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

function write(name: string, content: string): void {
  writeFileSync(join(folder.folder, name), content);
}

function describeStack(container: Loose, more: Loose = {}): void {
  folder.write({ name: NAME, deploy: { files: { containers: [{ edge: container }] } }, ...more });
}

function run(...args: readonly string[]): Promise<Ran> {
  return folder.run(args, { env: { FILES_SECRET: SECRET } });
}

async function apply(): Promise<Ran> {
  const ran = await run('apply', '--yes');
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran;
}

async function idle(): Promise<void> {
  expect((await run('plan')).stdout).toContain('Nothing to do');
}

function inside(...command: readonly string[]): Promise<string> {
  return docker('exec', `${NAME}-files-edge0`, ...command);
}

/** Over a connection of its own: one that is kept alive still reaches the worker that leaves. */
async function body(): Promise<string> {
  return (await fetch(`${url}/ping`, { headers: { connection: 'close' } })).text();
}

/** Which container it is, and since when it runs. */
function incarnation(): Promise<string> {
  return docker('inspect', '-f', '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}', `${NAME}-files-edge0`);
}

async function underLoad(work: () => Promise<unknown>): Promise<readonly LoadResult[]> {
  const loads = [
    { concurrency: 16, keepAlive: false },
    { concurrency: 8, keepAlive: true },
  ].map((how) => startLoad({ url, paths: ['/ping'], ...how }));
  return whileAsked(loads, work);
}

/** An apply that fails. */
async function refusedUnderLoad(): Promise<{ said: string; loads: readonly LoadResult[] }> {
  let ran: Ran | null = null;
  const loads = await underLoad(async () => {
    ran = await run('apply', '--yes');
  });
  const { code, stdout, stderr } = ran as unknown as Ran;
  expect(code, stdout + stderr).toBe(1);
  return { said: unfolded(stdout + stderr), loads };
}

const HAPROXY = (word: string, more = '') => `global
  stats socket unix@/run/haproxy/admin.sock mode 600 level admin expose-fd listeners
  # %{secret:KEY} of %{app_name}
defaults
  mode http
  # Else a worker that leaves resets connections that are kept alive and idle.
  option idle-close-on-response
  timeout connect 2s
  timeout client 60s
  timeout server 60s
frontend requests
  bind :8080
${more}  http-request return status 200 content-type text/plain string ${word} if { path /ping }
`;

describe('haproxy with its configuration from `files`', () => {
  const haproxy = (): Loose => ({
    deploy: 'auto',
    image: 'stackc-example/haproxy:1',
    entrypoint: ['haproxy', '-W', '-db', '-f', '/etc/haproxy/haproxy.cfg'],
    ports: [`127.0.0.1:${port}:8080`],
    port: 8080,
    health: { path: '/ping' },
    files: {
      '/etc/haproxy/haproxy.cfg': {
        file: 'haproxy.cfg',
        interpolate: true,
        mode: '0640',
        user: 'haproxy',
        reload: { signal: 'USR2' },
      },
      '/etc/motd': 'as it is: %{nothing}\n',
    },
  });

  test('they are there before it starts, filled in, with their rights, and nothing of them is outside', async () => {
    write('haproxy.cfg', HAPROXY('one'));
    describeStack(haproxy(), { secrets: { KEY: { env: 'FILES_SECRET' } } });
    const ran = await apply();
    await answers(url);
    expect(await body()).toBe('one');
    expect(await inside('cat', '/etc/motd')).toBe('as it is: %{nothing}');
    expect(await inside('stat', '-c', '%a %U:%G', '/etc/haproxy/haproxy.cfg', '/etc/motd')).toBe(
      '640 haproxy:haproxy\n644 root:root',
    );
    expect(await inside('grep', '-c', `${SECRET} of edge0`, '/etc/haproxy/haproxy.cfg')).toBe('1');
    const outside = [
      ran.stdout,
      ran.stderr,
      await docker('inspect', `${NAME}-files-edge0`),
      (await run('plan', '--json', '--verbose')).stdout,
    ].join('\n');
    expect(outside).not.toContain(SECRET);
    await idle();
  });

  test('another configuration is reloaded under load: nothing is replaced, nothing fails', async () => {
    const before = await incarnation();
    write('haproxy.cfg', HAPROXY('two'));
    const plan = await run('plan');
    expect(unfolded(plan.stdout)).toContain('files /etc/haproxy/haproxy.cfg  changed (1 line)');
    expect(plan.stdout).toContain('reloads with USR2 once `haproxy -c` passes');
    expect(plan.stdout).not.toContain(SECRET);
    const loads = await underLoad(async () => {
      for (const word of ['two', 'three', 'four']) {
        write('haproxy.cfg', HAPROXY(word));
        expect((await apply()).stderr).toContain('1 reloaded');
        // The worker that leaves may still accept for a moment.
        await expect.poll(body).toBe(word);
      }
    });
    expect(loads.map(({ failures }) => failures)).toEqual([{}, {}]);
    expect(Math.min(...loads.map(({ sent }) => sent))).toBeGreaterThan(100);
    expect(await incarnation()).toBe(before);
    await idle();
  });

  test('a wrong one fails in its own words, and the old one serves on', async () => {
    const before = await incarnation();
    write('haproxy.cfg', HAPROXY('five', '  bnid :8081\n'));
    const { said, loads } = await refusedUnderLoad();
    expect(said).toContain('`haproxy -c` refuses the new files');
    expect(said).toContain("unknown keyword 'bnid'");
    expect(loads.map(({ failures }) => failures)).toEqual([{}, {}]);
    await expect.poll(body).toBe('four');
    expect(await inside('grep', '-c', 'bnid', '/etc/haproxy/haproxy.cfg').catch(() => 'none')).toBe('none');
    expect(await incarnation()).toBe(before);
    // Back to what serves: nothing is left to do.
    write('haproxy.cfg', HAPROXY('four'));
    await idle();
  });

  test('what passes the check and cannot be served by comes back, though the old worker answers all the while', async () => {
    const before = await incarnation();
    // An address of documentation (RFC 5737): no machine's own.
    write('haproxy.cfg', HAPROXY('six', '  bind 192.0.2.7:8081\n'));
    const { said, loads } = await refusedUnderLoad();
    // Ten seconds, and twice what the check took.
    expect(said).toMatch(/haproxy goes on by the old files: it has started no new worker within 1\d s/);
    expect(said).toContain('cannot bind socket');
    // While haproxy tries for two seconds, it has the old worker refuse who connects anew.
    expect(loads[0]?.failing).toBeLessThan(4000);
    expect(loads[1]?.failures).toEqual({});
    await expect.poll(body).toBe('four');
    expect(await inside('grep', '-c', '192.0.2.7', '/etc/haproxy/haproxy.cfg').catch(() => 'none')).toBe(
      'none',
    );
    expect(await incarnation()).toBe(before);
    write('haproxy.cfg', HAPROXY('four'));
    await idle();
  });

  test('what passes the check and does not become ready comes back, too', async () => {
    const before = await incarnation();
    write('haproxy.cfg', HAPROXY('six').replace('{ path /ping }', '{ path /pong }'));
    describeStack(
      { ...haproxy(), health: { path: '/ping', start_period: 0, interval: '500ms', retries: 4 } },
      { secrets: { KEY: { env: 'FILES_SECRET' } } },
    );
    const { code, stdout, stderr } = await run('apply', '--yes');
    expect(code, stdout + stderr).toBe(1);
    await answers(url);
    await expect.poll(body).toBe('four');
    expect(await incarnation()).toBe(before);
    write('haproxy.cfg', HAPROXY('four'));
    describeStack(haproxy(), { secrets: { KEY: { env: 'FILES_SECRET' } } });
    await idle();
  });

  test('what is changed inside by hand is drift', async () => {
    // The archive tells whole seconds.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await inside('sh', '-c', 'echo "# by hand" >> /etc/haproxy/haproxy.cfg');
    expect(unfolded((await run('plan')).stdout)).toContain(
      'drift: files /etc/haproxy/haproxy.cfg  changed (1 line)',
    );
    await apply();
    expect(await inside('grep', '-c', 'by hand', '/etc/haproxy/haproxy.cfg').catch(() => 'none')).toBe(
      'none',
    );
    await idle();
    await inside('rm', '/etc/motd');
    const gone = unfolded((await run('plan')).stdout);
    expect(gone).toContain('drift: files /etc/motd  gone, or no plain file');
    expect(gone).toContain('1 to replace');
  });

  test('a migration and a run have them as well', async () => {
    describeStack(
      { ...haproxy(), migration: ['grep', '-q', `${SECRET} of edge0`, '/etc/haproxy/haproxy.cfg'] },
      { secrets: { KEY: { env: 'FILES_SECRET' } } },
    );
    await apply();
    const ran = await run('run', 'edge', '--no-tty', '--', 'cat', '/etc/motd');
    expect([ran.code, ran.stdout]).toEqual([0, 'as it is: %{nothing}\n']);
  });
});

const NGINX = (word: string, more = '') => `events {}
http {
  server {
    listen 80;
${more}    location /ping { return 200 ${word}; }
  }
}
`;

describe('nginx with its configuration from `files`', () => {
  const nginx = (): Loose => ({
    deploy: 'auto',
    image: 'stackc-example/nginx:1',
    ports: [`127.0.0.1:${port}:80`],
    port: 80,
    health: { path: '/ping' },
    files: { '/etc/nginx/nginx.conf': { file: 'nginx.conf', reload: { signal: 'HUP' } } },
  });

  test('is reloaded by HUP under load, and refuses what `nginx -t` does', async () => {
    await wipe(NAME);
    write('nginx.conf', NGINX('one'));
    describeStack(nginx());
    await apply();
    await answers(url);
    const before = await incarnation();
    const loads = await underLoad(async () => {
      write('nginx.conf', NGINX('two'));
      expect((await apply()).stderr).toContain('1 reloaded');
      write('nginx.conf', NGINX('three', '    lisen 81;\n'));
      const { code, stdout, stderr } = await run('apply', '--yes');
      expect(code).toBe(1);
      expect(unfolded(stdout + stderr)).toContain('unknown directive "lisen"');
    });
    // A worker that leaves closes connections that are kept alive; who sends on one at that moment must open another.
    expect(loads[0]?.failures).toEqual({});
    expect(await body()).toBe('two');
    expect(await incarnation()).toBe(before);
  });

  test('a command that reloads serves as well as a signal', async () => {
    const before = await incarnation();
    write('nginx.conf', NGINX('four'));
    const made = nginx();
    describeStack({
      ...made,
      files: { '/etc/nginx/nginx.conf': { file: 'nginx.conf', reload: { command: 'nginx -s reload' } } },
    });
    expect((await run('plan')).stdout).toContain('reloads with `nginx -s reload` once `nginx -t` passes');
    await apply();
    await answers(url);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await expect.poll(body).toBe('four');
    expect(await incarnation()).toBe(before);
  });
});
