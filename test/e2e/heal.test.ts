import { expect, test } from 'vitest';

import { EACH_ANEW, LoadScene, type Served } from '../support/load.ts';
import { docker, stack, until } from '../support/stack-cli.ts';

const NAME = 'e2e-heal';
const AGENT = `${NAME}-agent-engine`;

/** Something that may be told to end, and ends each time from then on. */
const worker = (more: object) => ({
  deploy: 'auto',
  image: 'stackc-example/servers:1',
  entrypoint: ['sh', '-c', 'while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 3'],
  restart: 'no',
  startup_time: 0.3,
  stop_timeout: 1,
  ...more,
});

test('what breaks is brought back by the agent, as it was; what says so stays away', () =>
  LoadScene.within(NAME, async (scene) => {
    const made = scene.served('node');
    addWorkers(made);
    const { stdout: planned } = await scene.apply(made);
    expect(planned).toContain("heals instances, and has the engine's socket for it: `/var/run/docker.sock`");
    await isStartedAgain();
    await isMadeAgainUnderLoad(scene);
    await isPublishedAgain();
    await staysAsItIs();
    const { stdout } = await stack(['history', '--name', NAME]);
    expect(stdout).toMatch(/^2 .* agent@\S+ .* done \(heal of 1: steady0\)$/m);
    await isWatchedNoMore(scene, made);
  }));

function addWorkers({ stack: file }: Served): void {
  file['heal'] = true;
  const deploy = Object.values(file['deploy'] as Record<string, { containers: object[] }>);
  deploy[0]?.containers.push({
    steady: worker({}),
    free: worker({ heal: false }),
  });
}

const inspect = (name: string, what: string) =>
  docker('inspect', '-f', `{{${what}}}`, `${NAME}-load-${name}`);
const runs = (name: string) =>
  until(
    () => inspect(name, '.State.Running').catch(() => 'gone'),
    (state) => state === 'true',
    60_000,
  );

async function isStartedAgain(): Promise<void> {
  const id = await inspect('steady0', '.Id');
  const started = await inspect('steady0', '.State.StartedAt');
  const pid = await inspect('steady0', '.State.Pid');
  process.kill(Number(pid), 'SIGKILL');
  await until(
    () => inspect('steady0', '.State.StartedAt'),
    (at) => at !== started,
    60_000,
  );
  await runs('steady0');
  expect(await inspect('steady0', '.Id')).toBe(id);
}

/** The other one serves, and the balancer leads whoever came for this one to it. */
async function isMadeAgainUnderLoad(scene: LoadScene): Promise<void> {
  await docker('rm', '-f', `${NAME}-load-app0`);
  const loads = await scene.underLoad([EACH_ANEW], async () => {
    await runs('app0');
  });
  expect(loads.map(({ failures }) => failures)).toEqual([{}]);
}

async function isPublishedAgain(): Promise<void> {
  const path = '/var/lib/haproxy/socks/app1.sock';
  const link = () => docker('exec', `${NAME}-load-app1`, 'sh', '-c', `readlink ${path} || true`);
  const before = await link();
  expect(before).not.toBe('');
  await docker('exec', '-u', '0', `${NAME}-load-app1`, 'rm', path);
  // The engine tells of no link: something else that happens wakes the watch.
  await docker('restart', '-t', '0', `${NAME}-load-steady0`);
  await until(link, (now) => now === before, 90_000);
}

async function staysAsItIs(): Promise<void> {
  await docker('rm', '-f', `${NAME}-load-free0`);
  const id = await inspect('steady0', '.Id');
  await docker('rm', '-f', `${NAME}-load-steady0`);
  await runs('steady0');
  expect(await inspect('steady0', '.Id')).not.toBe(id);
  // What was removed before that is not there.
  await expect(inspect('free0', '.Id')).rejects.toThrow();
  expect(await docker('logs', AGENT)).not.toContain('free0');
}

/** Without the key nobody keeps the engine's socket. */
async function isWatchedNoMore(scene: LoadScene, made: Served): Promise<void> {
  made.stack['heal'] = false;
  await scene.up(made);
  await expect(docker('inspect', AGENT)).rejects.toThrow();
}
