import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { OwnEngine } from '../support/own-engine.ts';
import { stack, StackFolder, until, type Loose } from '../support/stack-cli.ts';

/** An engine of its own, which can be restarted: the one that all tests share cannot. */
const NAME = 'e2e-restart';
const engine = new OwnEngine('stackc-e2e-restart');
const folder = new StackFolder();

beforeAll(async () => {
  const agent = (await stack(['agent', 'build'])).stdout.trim();
  await engine.make(['stackc-example/haproxy:1', agent]);
}, 180_000);

afterAll(async () => {
  await engine.remove();
  folder.remove();
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
  const ran = await folder.run(['apply', '--yes'], { env: { DOCKER_HOST: engine.host } });
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  return ran.stdout + ran.stderr;
}

const state = (what: string) => engine.docker('inspect', '-f', `{{${what}}}`, `${NAME}-haproxy0`);

async function restarted(): Promise<void> {
  await engine.down();
  await engine.up();
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
  await engine.docker('exec', `${NAME}-haproxy0`, 'rm', '/bin/sh');
  expect(await apply('three')).toContain('its restart policy is `always` from now on');
  expect(await state('.HostConfig.RestartPolicy.Name')).toBe('always');
  const plan = await folder.run(['plan'], { env: { DOCKER_HOST: engine.host } });
  expect(plan.stdout).toContain('Nothing to do');
  await restarted();
  await isUp();
}, 120_000);

test('a signal through the engine alone would have kept it down', async () => {
  await engine.docker('update', '--restart', 'unless-stopped', `${NAME}-haproxy0`);
  await engine.docker('kill', '--signal', 'USR2', `${NAME}-haproxy0`);
  await restarted();
  // Those that come up are up when the engine answers, or a moment later.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await state('.State.Running')).toBe('false');
}, 120_000);
