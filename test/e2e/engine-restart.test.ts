import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { command, docker, StackFolder, until, type Loose } from '../support/stack-cli.ts';

/**
 * An engine of its own, which can be restarted: the one that all tests share cannot. It takes root and `dockerd`. Its
 * containers have no network, and a bridge that it makes is its own and goes with it.
 */
const NAME = 'e2e-restart';
const BRIDGE = 'stackc-e2e0';
const home = mkdtempSync(join(tmpdir(), 'stackc-engine-'));
const host = `unix://${home}/docker.sock`;
const folder = new StackFolder();
let daemon: ChildProcess | null = null;

const there = (...args: readonly string[]) => docker('--host', host, ...args);

async function up(): Promise<void> {
  daemon = spawn(
    'dockerd',
    [
      `--host=${host}`,
      `--data-root=${home}/data`,
      `--exec-root=${home}/run`,
      `--pidfile=${home}/docker.pid`,
      `--bridge=${BRIDGE}`,
      '--iptables=false',
      '--ip6tables=false',
    ],
    { stdio: 'ignore' },
  );
  await until(
    () => there('version', '--format', '{{.Server.Version}}').catch(() => ''),
    (version) => version !== '',
    60_000,
  );
}

async function down(): Promise<void> {
  const leaving = daemon;
  if (leaving === null) return;
  daemon = null;
  const ended = new Promise((resolve) => leaving.once('exit', resolve));
  leaving.kill('SIGTERM');
  await ended;
}

beforeAll(async () => {
  await command('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
  await command('ip', ['addr', 'add', '10.213.77.1/24', 'dev', BRIDGE]);
  await up();
  const archive = join(home, 'image.tar');
  await docker('save', '-o', archive, 'stackc-example/haproxy:1');
  await there('load', '-i', archive);
}, 180_000);

afterAll(async () => {
  if (daemon !== null) {
    const ids = (await there('ps', '-aq')).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await there('rm', '-f', ...ids);
  }
  await down();
  await command('ip', ['link', 'del', BRIDGE]);
  folder.remove();
  rmSync(home, { recursive: true, force: true });
}, 60_000);

const CONFIG = (word: string) => `# ${word}
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
frontend requests
  bind unix@/run/haproxy/requests.sock
  http-request return status 200 content-type text/plain string ${word}
`;

async function apply(word: string): Promise<string> {
  writeFileSync(join(folder.folder, 'haproxy.cfg'), CONFIG(word));
  const haproxy: Loose = {
    deploy: 'auto',
    image: 'stackc-example/haproxy:1',
    entrypoint: ['haproxy', '-W', '-db', '-f', '/etc/haproxy/haproxy.cfg'],
    network: 'none',
    files: { '/etc/haproxy/haproxy.cfg': { file: 'haproxy.cfg', reload: { signal: 'USR2' } } },
  };
  folder.write({ name: NAME, deploy: { [NAME]: { containers: [{ haproxy }] } } });
  const ran = await folder.run(['apply', '--yes'], { env: { DOCKER_HOST: host } });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran.stdout + ran.stderr;
}

const state = (what: string) => there('inspect', '-f', `{{${what}}}`, `${NAME}-haproxy0`);

async function restarted(): Promise<void> {
  await down();
  await up();
}

const isUp = () =>
  until(
    () => state('.State.Running'),
    (running) => running === 'true',
    20_000,
  );

test('what was reloaded comes up again with the engine', async () => {
  await apply('one');
  expect(await apply('two')).toContain('1 reloaded');
  expect(await state('.HostConfig.RestartPolicy.Name')).toBe('unless-stopped');
  const before = await state('.State.StartedAt');
  await restarted();
  await isUp();
  expect(await state('.State.StartedAt')).not.toBe(before);
}, 120_000);

test('where only the engine could send the signal as well: its policy becomes `always`, and stays so', async () => {
  // As in an image without a shell.
  await there('exec', `${NAME}-haproxy0`, 'rm', '/bin/sh');
  expect(await apply('three')).toContain('its restart policy is `always` from now on');
  expect(await state('.HostConfig.RestartPolicy.Name')).toBe('always');
  const plan = await folder.run(['plan'], { env: { DOCKER_HOST: host } });
  expect(plan.stdout).toContain('Nothing to do');
  await restarted();
  await isUp();
}, 120_000);

test('a signal through the engine alone would have kept it down', async () => {
  await there('update', '--restart', 'unless-stopped', `${NAME}-haproxy0`);
  await there('kill', '--signal', 'USR2', `${NAME}-haproxy0`);
  await restarted();
  // Those that come up are up when the engine answers, or a moment later.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await state('.State.Running')).toBe('false');
}, 120_000);
