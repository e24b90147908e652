import { afterAll, beforeAll, expect, test } from 'vitest';

import { docker, rows, StackFolder, until, wipe, type Loose } from '../support/stack-cli.ts';

const NAME = 'e2e-measures';
const REDIS = 'stackc-example/redis:1';
/** It has a shell, and no health check of its own. */
const SHELL = 'stackc-example/haproxy:1';
const folder = new StackFolder();

beforeAll(() => wipe(NAME));
afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

const PACE: Loose = { min: 1, max: 3, up: { after: '1s' }, down: { after: '2s', step: 3 }, cooldown: '1s' };

/** Does as `work` says while there is a file `/tmp/on`. */
const worker = (work: string, more: Loose): Loose => ({
  deploy: 'auto',
  image: SHELL,
  entrypoint: [
    'sh',
    '-c',
    `trap 'exit 0' TERM; while :; do if [ -e /tmp/on ]; then ${work}; else held=; sleep 0.1; fi; done`,
  ],
  startup_time: 0,
  stop_signal: 'TERM',
  ...more,
});

test('instances follow their processor, their memory, and the length of lists', async () => {
  const containers = [
    { redis: { deploy: 'auto', image: REDIS, port: 6379 } },
    { burner: worker(':', { cpus: 0.2, scale: { ...PACE, cpu: 60 } }) },
    {
      holder: worker('held=${held:-$(head -c 20000000 /dev/zero | tr "\\0" x)}; sleep 0.1', {
        memory: '64m',
        scale: { ...PACE, memory: 25 },
      }),
    },
    {
      worker: worker('sleep 0.1', {
        scale: { ...PACE, queue: { redis: 'redis', list: ['queue:a', 'queue:b'], target: 10 } },
      }),
    },
  ];
  folder.write({ name: NAME, deploy: { m: { containers } } });
  const ran = await folder.run(['apply', '--yes']);
  expect(ran.code, ran.stdout + ran.stderr).toBe(0);
  const inside = (name: string, ...words: readonly string[]) =>
    docker('exec', `${NAME}-m-${name}0`, ...words);
  // At once: a look in between would see half of them.
  const push = (jobs: Readonly<Record<string, number>>) => {
    const each = Object.entries(jobs).map(
      ([list, count]) => `for i = 1, ${count} do redis.call('rpush', '${list}', i) end`,
    );
    return inside('redis', 'redis-cli', 'eval', each.join(' '), '0');
  };

  await inside('burner', 'touch', '/tmp/on');
  await inside('holder', 'touch', '/tmp/on');
  // Twenty-one jobs, ten for each.
  await push({ 'queue:a': 12, 'queue:b': 9 });
  await becomes({ burner: 2, holder: 2, worker: 3 });
  expect(await reasons()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^scaling m\/burner from 1 to 2: cpu [\d.]+ % /),
      expect.stringMatching(/^scaling m\/holder from 1 to 2: memory [\d.]+ % /),
      expect.stringMatching(/^scaling m\/worker from 1 to 3: queue 21 /),
    ]),
  );

  await inside('burner', 'rm', '/tmp/on');
  await inside('redis', 'redis-cli', 'del', 'queue:a', 'queue:b');
  await becomes({ burner: 1, holder: 2, worker: 1 });
}, 180_000);

async function becomes(wanted: Readonly<Record<string, number>>): Promise<void> {
  const counted = async () => {
    const names = rows(await docker('ps', '--format', '{{.Names}}'));
    const of = (name: string) =>
      names.filter((one) => new RegExp(`^${NAME}-m-${name}\\d+$`).test(one)).length;
    return JSON.stringify(Object.fromEntries(Object.keys(wanted).map((name) => [name, of(name)])));
  };
  await until(counted, (found) => found === JSON.stringify(wanted), 90_000);
}

/** What the agent has said. */
async function reasons(): Promise<readonly string[]> {
  const lines = rows(await docker('logs', `${NAME}-agent-engine`));
  return lines.map((line) => line.replace(/^\S+Z\s+/, ''));
}
