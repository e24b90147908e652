import { expect, test } from 'vitest';

import { EACH_ANEW, LoadScene, type Served } from '../support/load.ts';
import { docker, stack, until } from '../support/stack-cli.ts';

const NAME = 'e2e-scale';
const AGENT = `${NAME}-agent-engine`;

/** Where a command finds how much there is to do. */
const BACKLOG = '/var/counted/backlog';

test('instances come and go under load, by hand and by what a command prints, and stay as they were set', () =>
  LoadScene.within(NAME, async (scene) => {
    const made = scene.served('node', (config) =>
      config.replace('/run/haproxy/admin.sock', '/var/lib/haproxy/socks/admin.sock'),
    );
    made.app['scale'] = { min: 1, max: 4 };
    await scene.up(made);
    expect(await agents()).not.toContain(AGENT);
    await isScaledByHand(scene);
    await isScaledByItself(scene, made);
  }));

const agents = async () => (await docker('ps', '--format', '{{.Names}}')).split('\n');
const instances = async () =>
  (await agents()).filter((name) => /-load-app\d+$/.test(name) && name.startsWith(`${NAME}-`)).length;
const cli = (...words: readonly string[]) => stack([...words, '--name', NAME]);

async function isScaledByHand(scene: LoadScene): Promise<void> {
  const refused = await cli('scale', 'app=4');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('nothing was changed');
  const loads = await scene.underLoad([EACH_ANEW], async () => {
    for (const count of [4, 1]) {
      const { code, stdout, stderr } = await cli('scale', '--yes', `app=${count}`);
      expect(code, stdout + stderr).toBe(0);
      expect(await instances()).toBe(count);
    }
  });
  expect(loads.map(({ failures }) => failures)).toEqual([{}]);
  expect((await cli('scale', '--yes', 'app=5')).stderr).toContain('can have 1 to 4 instances, not 5');
  const { stdout } = await cli('history');
  expect(stdout).toMatch(/^3 .* done \(scale of 1: app 4 → 1\)$/m);
}

async function isScaledByItself(scene: LoadScene, made: Served): Promise<void> {
  await backlogIs(10);
  const scale = {
    min: 1,
    max: 4,
    command: { container: 'haproxy', command: ['cat', BACKLOG], target: 10 },
    requests: { balancer: 'haproxy', target: 6 },
    up: { after: '1s' },
    down: { after: '2s', step: 3 },
    cooldown: '1s',
  };
  made.app['scale'] = scale;
  const { stdout: planned } = await scene.apply(made);
  expect(planned).toContain(
    "heals instances and scales instances, and has the engine's socket for it: `/var/run/docker.sock`",
  );
  const loads = await scene.underLoad([EACH_ANEW], async () => {
    await backlogIs(30);
    await until(instances, (count) => count === 3, 60_000);
    // Whoever scales is gone in the middle, and begins anew.
    await docker('kill', AGENT);
    await docker('start', AGENT);
    await backlogIs(5);
    await until(instances, (count) => count === 1, 60_000);
  });
  expect(loads.map(({ failures }) => failures)).toEqual([{}]);
  // Twelve sessions at once, six for each.
  const slow = await scene.underLoad([{ concurrency: 12, paths: ['/slow/1.5'] }], async () => {
    await until(
      async () => (await cli('history')).stdout,
      (text) => /agent@\S+ .* done \(scale of 4: app 1 → 2\)$/m.test(text),
      60_000,
    );
    await isKept(scene);
  });
  expect(slow.map(({ failures }) => failures)).toEqual([{}]);
  made.app['scale'] = { ...scale, max: 5 };
  expect((await scene.apply(made)).stdout).toMatch(/^Nothing to touch: .*\nTo write down: .*scale\.max\.$/ms);
  await until(
    async () => (await cli('status')).stderr + (await cli('status')).stdout,
    (text) => /^app: \d instances? \(1 to 5\)/m.test(text),
    30_000,
  );
}

/** Another version, with what was set; and nothing to do then. */
async function isKept(scene: LoadScene): Promise<void> {
  const { stdout } = await scene.folder.run(['plan']);
  expect(stdout).toMatch(/^Nothing to do: /m);
  expect(stdout).toMatch(/^app: 2 instances, set by the scaler \(1 to 4\)$/m);
  const { scaling } = await until(
    async () => JSON.parse((await cli('--json', 'status')).stdout) as Status,
    (status) => status.scaling.containers[0]?.seen?.rest === 'settled',
    30_000,
  );
  expect(scaling.containers).toMatchObject([
    { key: 'load/app', count: 2, set: { from: 1, to: 2, by: 'agent' }, seen: { serving: 2 } },
  ]);
  const values = scaling.containers[0]?.seen?.sources.map(({ name, value }) => [name, typeof value]);
  expect(values).toEqual([
    ['requests', 'number'],
    ['command', 'number'],
  ]);
}

interface Status {
  readonly scaling: {
    readonly containers: readonly {
      readonly seen: {
        readonly rest: string;
        readonly sources: readonly { readonly name: string; readonly value: number | null }[];
      } | null;
    }[];
  };
}

async function backlogIs(jobs: number): Promise<void> {
  await docker('exec', '-u', '0', `${NAME}-load-haproxy0`, 'sh', '-c', `echo ${jobs} > ${BACKLOG}`);
}
