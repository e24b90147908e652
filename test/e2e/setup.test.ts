import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { Machine } from '../support/machine.ts';
import { command, docker, PROGRAM, stack, StackFolder, type Ran } from '../support/stack-cli.ts';

const NAME = 'e2e-setup';
/** The agent's image under another name: what the one over there is built on, where no registry is. */
const BASE = `${NAME}/agent-base:1`;
const HOST = `ssh://deploy@${NAME}`;
const machine = new Machine(`${NAME}-machine`);
const folder = new StackFolder();
const env = { PATH: machine.path, STACKC_AGENT_BASE: BASE };

const setup = (...words: readonly string[]) => stack(['setup', ...words], { env });
const last = ({ stdout }: Ran) => stdout.trim().split('\n').at(-1);

beforeAll(async () => {
  const built = await stack(['agent', 'build']);
  if (built.code !== 0) throw new Error(built.stderr);
  await docker('tag', built.stdout.trim(), BASE);
  await machine.make();
});

afterAll(async () => {
  await machine.remove();
  await command('docker', ['rmi', BASE]);
  folder.remove();
});

describe('a machine that is left as it is', () => {
  test('is one that is shown only, and one where nobody says yes', async () => {
    const shown = await setup(HOST, '--dry-run', '--detailed-exitcode');
    expect(shown).toMatchObject({ code: 2, stderr: '' });
    expect(shown.stdout).toContain('\n+ install  docker.io');
    expect(await setup(HOST)).toMatchObject({ code: 1, stdout: shown.stdout });
    expect(await machine.run('command -v dockerd || test -e /etc/docker || echo neither')).toBe('neither');
  });

  test.each(['guest', 'careful'])('is one of %s, who is not root without a password', async (user) => {
    const refused = await setup(`${user}@${NAME}`, '--yes');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `sudo lets ${user} do nothing without a password, so nothing was changed`,
    );
  });

  test('is one that lets nobody in', async () => {
    const refused = await setup(`nobody@${NAME}`, '--yes');
    expect(refused.code).toBe(69);
    expect(refused.stderr).toMatch(/cannot be reached, so nothing was changed: .*Permission denied/);
  });

  test('is one of another distribution', async () => {
    await machine.run(
      'mv /etc/os-release /etc/os-release.own; printf "ID=alpine\\nPRETTY_NAME=Alpine\\n" > /etc/os-release',
    );
    const refused = await setup(HOST, '--yes');
    await machine.run('mv /etc/os-release.own /etc/os-release');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`error: ${HOST} is Alpine, and only Debian and Ubuntu are known`);
  });
});

test('a bare machine becomes ready, after a lock is let go and an installation that was cut off is finished', async () => {
  await machine.run('dpkg --unpack /srv/packages/tini_*.deb');
  // Somebody else's installation, as the locks of dpkg know it.
  const lock = '$l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl(F, 6, $l) or die; open(G, ">", "/held")';
  const held = machine.run(
    `perl -e 'open(F, ">>", "/var/lib/dpkg/lock-frontend"); ${lock}; select(undef, undef, undef, 0.1) until -e "/go"'`,
  );
  await machine.run('until [ -e /held ]; do sleep 0.1; done');
  const child = spawn(process.execPath, [PROGRAM, 'setup', HOST, '--yes'], {
    env: { ...process.env, ...env },
  });
  const output = { stdout: '', stderr: '' };
  let letGo: Promise<string> | null = null;
  child.stdout.on('data', (data: Buffer) => (output.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => {
    output.stderr += data.toString();
    if (output.stderr.includes('waits for perl (process ')) letGo ??= machine.run('touch /go');
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  letGo ??= machine.run('touch /go');
  await Promise.all([letGo, held]);
  expect(output.stdout).toMatch(/\n~ finish {3}.*\n\+ create {3}\/etc\/docker\/daemon\.json\n/);
  expect(output.stdout).toContain(
    '\n! the package manager is held by perl: it is waited for, 10 min at most\n',
  );
  // No registry is reached from there, and the base is not there yet: all the rest is done.
  expect(output.stderr).toMatch(
    /✓ install docker\.io.*\n[^]*✓ start .*\n[^]*✓ join .*\n[^]*✗ build the agent's image/,
  );
  expect(output.stderr).toContain('help: without a way to a registry, `STACKC_AGENT_BASE` names a base');
  expect(code, output.stderr).toBe(1);

  await machine.load(BASE, 'debian:bookworm-slim');
  const again = await setup(HOST, '--yes');
  expect(again.code, again.stderr).toBe(0);
  expect(last(again)).toBe('Setup: 1 step.');
  expect(again.stderr).toMatch(
    / is ready: Docker Engine \S+, API 1\.\d+\.\nGo on with `stack --host ssh:.* plan`\.\n$/,
  );

  const third = await setup(HOST, '--yes');
  expect(third).toMatchObject({ code: 0 });
  expect(last(third)).toBe('Nothing to do.');
  expect(await machine.run('docker info -f "{{.LoggingDriver}} {{.LiveRestoreEnabled}}"')).toBe(
    'json-file true',
  );
});

test('a stack is applied there, and its containers go on while the engine restarts with new settings', async () => {
  folder.write({
    name: NAME,
    deploy: {
      [NAME]: {
        containers: {
          worker: {
            deploy: 'auto',
            image: 'debian:bookworm-slim',
            command: 'sleep infinity',
            stop_signal: 'KILL',
          },
        },
      },
    },
  });
  const applied = await folder.run(['apply', '--yes', '--host', HOST], { env });
  expect(applied.code, applied.stderr).toBe(0);
  const inspect = `docker inspect -f '{{.State.StartedAt}} {{.HostConfig.LogConfig.Config}}' ${NAME}-worker0`;
  const before = await machine.run(inspect);
  expect(before).toContain('max-size:10m');

  // By somebody who knew better, with a setting of theirs.
  await machine.run(`printf '{\\n\\t"debug": true\\n}\\n' > /etc/docker/daemon.json`);
  const pending = await setup(HOST, '--yes');
  expect(pending.code, pending.stderr).toBe(0);
  expect(pending.stdout).toMatch(/\n! new settings of logs .* `--restart-engine` restarts it now/);
  expect(pending.stderr).not.toContain('restart');
  expect(await machine.run('cat /etc/docker/daemon.json.before-stack-setup')).toBe('{\n\t"debug": true\n}');
  expect(JSON.parse(await machine.run('cat /etc/docker/daemon.json'))).toEqual({
    debug: true,
    'log-driver': 'json-file',
    'log-opts': { 'max-size': '10m', 'max-file': '7' },
    'live-restore': true,
  });
  const restarted = await setup(HOST, '--yes', '--restart-engine');
  expect(restarted.code, restarted.stderr).toBe(0);
  expect(restarted.stderr).toMatch(/✓ restart the engine; 2 containers go on meanwhile\n/);
  expect(await machine.run(inspect)).toBe(before);
  expect(last(await setup(HOST, '--yes', '--restart-engine'))).toBe('Nothing to do.');
});

test('an engine that does not start with new settings runs with the old ones again', async () => {
  const good = '{"debug": true, "live-restore": true}';
  await machine.run(`printf '${good}' > /etc/docker/daemon.json`);
  expect((await setup(HOST, '--yes')).code).toBe(0);
  // What only the next start finds.
  await machine.run(`sed -i '/"debug"/s/.*/  "log-level": "nonsense",/' /etc/docker/daemon.json`);
  const failed = await setup(HOST, '--yes', '--restart-engine');
  expect(failed.code, failed.stderr).toBe(1);
  expect(failed.stderr).toMatch(
    / {2}the engine did not start with its new settings \(\S+\.failed\); it runs with the old ones\n✗ restart the engine/,
  );
  expect(await machine.run('cat /etc/docker/daemon.json')).toBe(good);
  expect(await machine.run('docker info -f "{{.ContainersRunning}}"')).toBe('2');
});
