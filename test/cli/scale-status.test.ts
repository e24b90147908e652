import { describe, expect, it } from 'vitest';

import type { ReportedScale, ScaleReport } from '../../src/compiler/scale/report.ts';
import { SCALE_FILE } from '../../src/compiler/scale/places.ts';
import type { ScaleRoster } from '../../src/compiler/scale/roster.ts';
import { one, ShopScene, type Version } from '../support/shop-scene.ts';

const shop = new ShopScene();
const { applied, cli } = shop;

/** Of the length of a list, by the agent. */
const followed: Version = {
  ...one,
  app: {
    scale: {
      min: 1,
      max: 6,
      queue: { redis: 'redis', list: ['mail', 'jobs'], password: '%{secret:TOKEN}', target: 100 },
      command: { container: 'redis', command: 'bin/waiting %{app_name}', target: 5 },
      schedule: [{ cron: '0 8 * * *', min: 2, timezone: 'Europe/Rome' }],
    },
  },
  more: { redis: { deploy: 'auto', image: 'app:2', startup_time: 0.01 } },
};

const seen: ReportedScale = {
  key: 'shop/app',
  count: 1,
  serving: 1,
  min: 1,
  max: 6,
  sources: [
    { name: 'queue', value: 12.34, target: 100, unit: '', why: null },
    { name: 'cpu', value: null, target: 60, unit: '%', why: 'nobody could be measured yet' },
  ],
  rest: 'settled',
  failures: 0,
  notBeforeMs: null,
};

async function told(report: Partial<ScaleReport>): Promise<void> {
  const content = { version: 1, atMs: Date.now(), idle: null, containers: [seen], ...report };
  const file = { path: SCALE_FILE, content: new TextEncoder().encode(JSON.stringify(content)) };
  await shop.memory.putFiles('shop-agent-engine', [{ ...file, mode: 0o600, uid: 0, gid: 0 }], 0);
}

describe('stack status', () => {
  it('says of nothing that it is scaled where nothing is', async () => {
    await applied(one);
    expect((await cli('status')).stdout).not.toContain('instance (');
    expect(JSON.parse((await cli('--json', 'status')).stdout)).not.toHaveProperty('scaling');
  });

  it('tells the number, what was measured, who changed it last, and why nothing is done', async () => {
    await applied(followed);
    await told({});
    expect((await cli('status')).stdout).toMatch(
      /^app: 1 instance \(1 to 6\); queue 12\.3 of 100; cpu not measured: nobody could be measured yet; as the file says; as many as are wanted$/m,
    );
    await cli('scale', '--name', 'shop', '--yes', '--by-agent', '--why', 'queue 300 of 100', 'app=3');
    await told({ containers: [{ ...seen, count: 3, rest: 'failed', failures: 2 }] });
    const { stdout } = await cli('status', '--name', 'shop');
    expect(stdout).toMatch(
      /^app: 3 instances .*; 1 → 3 by the scaler \d\.\d s ago \(queue 300 of 100\); the last 2 tries failed/m,
    );
    expect(JSON.parse((await cli('--json', 'status')).stdout)).toMatchObject({
      scaling: {
        idle: null,
        containers: [
          { key: 'shop/app', count: 3, set: { from: 1, to: 3, by: 'agent' }, seen: { rest: 'failed' } },
        ],
      },
    });
  });

  it.each([
    ['the last apply did not come to its end', { idle: 'the last apply did not come to its end' }],
    ['what was measured is old', { atMs: 0 }],
  ])('says that %s', async (words, report) => {
    await applied(followed);
    await told(report);
    expect((await cli('status')).stdout).toContain(words);
  });

  it('says of what was seen before the last apply that it was seen before', async () => {
    await applied(followed);
    await told({ atMs: Date.now() - 5_000, idle: 'the last apply did not come to its end' });
    for (const words of [[], ['--name', 'shop']]) {
      const { stdout } = await cli('status', ...words);
      expect(stdout).toContain('nothing has been measured since the last apply: the next look is due');
      expect(stdout).not.toContain('did not come to its end');
      expect(stdout).toMatch(/^app: 1 instance \(1 to 6\); as the file says$/m);
    }
  });

  it('says nothing of a number by what was wanted beside another', async () => {
    await applied(followed);
    await told({ containers: [{ ...seen, count: 3, min: 3, max: 4 }] });
    const { stdout } = await cli('status');
    expect(stdout).toMatch(/^app: 1 instance \(1 to 6\); as the file says$/m);
    expect(stdout).not.toContain('as many as are wanted');
  });

  it.each([
    ['being scaled', { rest: 'changing' }],
    ['being brought within its limits', { rest: 'changing', min: 2 }],
    ['scaled a moment ago, not measured since', { rest: 'changed' }],
    ['others are wanted, not so soon after the last change', { rest: 'cooling' }],
  ] as const)('says: %s', async (words, part) => {
    await applied(followed);
    await told({ containers: [{ ...seen, ...part }] });
    expect((await cli('status')).stdout).toContain(`; ${words}\n`);
  });

  it('says so where the agent is away', async () => {
    await applied(followed);
    await shop.memory.stopContainer('shop-agent-engine', 0);
    const { stdout } = await cli('status');
    expect(stdout).toContain('nothing is scaled by itself: the agent `shop-agent-engine` is exited');
  });
});

describe('what the agent is told', () => {
  it('is who is scaled, how many there are to be, and where it is measured', async () => {
    await applied(followed);
    await cli('scale', '--name', 'shop', '--yes', 'app=4');
    const { stdout } = await cli('scale', '--name', 'shop', '--roster');
    const roster = JSON.parse(stdout) as ScaleRoster;
    expect(roster).toMatchObject({ version: 1, stack: 'shop', revision: 1, idle: null });
    expect(roster.containers).toMatchObject([
      {
        key: 'shop/app',
        count: 4,
        min: 1,
        max: 6,
        last: { to: 4, from: 4 },
        schedule: [{ when: { schedule: ['0 8 * * *'], timezone: 'Europe/Rome' }, min: 2, max: 6 }],
        sources: [
          {
            kind: 'lists',
            host: 'shop-redis0',
            port: 6379,
            lists: ['mail', 'jobs'],
            password: 'first-secret',
          },
          { kind: 'command', container: 'shop/redis', command: ['bin/waiting', 'app0'], timeoutMs: 5000 },
        ],
      },
    ]);
  });

  it('is no password, where nobody but people would read it', async () => {
    await applied(followed);
    for (const words of [['plan'], ['--json', 'plan'], ['status'], ['--json', 'status'], ['history']]) {
      const { stdout, stderr } = await cli(...words);
      expect(stdout + stderr).not.toContain('first-secret');
    }
    const agent = shop.memory.containers().find(({ name }) => name === 'shop-agent-engine');
    expect(JSON.stringify(agent)).not.toContain('first-secret');
  });

  it('is nothing of a stack without it, and why not after an apply that was cut off', async () => {
    await applied({ ...one, stack: { heal: true } });
    const roster = async () =>
      JSON.parse((await cli('scale', '--name', 'shop', '--roster')).stdout) as ScaleRoster;
    expect(await roster()).toMatchObject({ revision: 1, idle: null, containers: [] });
    await applied(followed);
    await shop.cutOff({ ...followed, image: 'app:2' });
    expect(await roster()).toMatchObject({ idle: 'the last apply did not come to its end' });
  });
});

it('an apply gives the stack the agent that scales, and says so; without a source nobody has to', async () => {
  await shop.write({ ...one, app: { scale: { min: 1, max: 3 } } });
  expect((await cli('plan')).stdout).not.toContain('agent-engine');
  await shop.write(followed);
  expect((await cli('plan')).stdout).toContain(
    "heals instances and scales instances, and has the engine's socket for it: `/var/run/docker.sock`",
  );
  await shop.write({ ...followed, stack: { heal: false } });
  expect((await cli('plan')).stdout).toMatch(/^ +scales instances, and has/m);
});
