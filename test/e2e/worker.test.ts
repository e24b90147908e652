import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { countedJob } from '../support/sidekiq.ts';
import { docker, rows, StackFolder, until, wipe, type Loose } from '../support/stack-cli.ts';

// A real Sidekiq, whose jobs take longer than it waits for them when it is told to end.

const NAME = 'e2e-worker';
const JOBS = 64;
const folder = new StackFolder();

beforeAll(() => wipe(NAME));

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

/** Counts each start and each end. */
const JOB = countedJob(2);

const sidekiq: Loose = {
  deploy: 'auto',
  image: 'stackc-example/app:1',
  links: ['redis'],
  user: 'www-data',
  env: { REDIS_URL: 'redis://redis:6379/0', GENERATION: '1' },
  command: 'sidekiq -r /app/job.rb -c 4 -t 1',
  files: { '/app/job.rb': { file: 'job.rb' } },
  quiet_signal: 'TSTP',
  stop_timeout: 10,
};

function describeStack(): void {
  const store = { deploy: 'auto', image: 'stackc-example/redis:1' };
  folder.write({ name: NAME, deploy: { jobs: { containers: [{ redis: store }, { sidekiq }] } } });
}

async function apply(): Promise<string> {
  describeStack();
  const { code, stdout, stderr } = await folder.run(['apply', '--yes']);
  expect(code, stdout + stderr).toBe(0);
  return stdout + stderr;
}

function redis(...command: readonly string[]): Promise<string> {
  return docker('exec', `${NAME}-jobs-redis0`, 'redis-cli', ...command);
}

/** As Sidekiq's own client writes them. */
async function enqueue(): Promise<void> {
  const job = (id: number) => ({ class: 'Job', args: [id], jid: `job${id}`, queue: 'default', retry: true });
  await redis('sadd', 'queues', 'default');
  await redis('lpush', 'queue:default', ...Array.from({ length: JOBS }, (_, id) => JSON.stringify(job(id))));
}

test('Sidekiq is replaced twice while it works: every job is done once', async () => {
  writeFileSync(join(folder.folder, 'job.rb'), JOB);
  await apply();
  await enqueue();
  for (const generation of ['2', '3']) {
    await until(
      async () => Number(await redis('llen', 'started')) - Number(await redis('llen', 'done')),
      (underWay) => underWay > 0,
    );
    sidekiq['env'] = { ...(sidekiq['env'] as Loose), GENERATION: generation };
    describeStack();
    expect((await folder.run(['plan'])).stdout).toMatch(/takes no new jobs after TSTP/);
    expect(await apply()).toMatch(/no job left after/);
  }
  await until(
    async () => Number(await redis('llen', 'done')),
    (done) => done >= JOBS,
    60_000,
  );
  const started = rows(await redis('lrange', 'started', '0', '-1'));
  expect(started).toHaveLength(JOBS);
  expect(new Set(started).size).toBe(JOBS);
});

test('scaled to nothing, it finishes what it has', async () => {
  await redis('del', 'started', 'done');
  await enqueue();
  await until(
    async () => Number(await redis('llen', 'started')),
    (started) => started > 0,
  );
  sidekiq['containers'] = 0;
  expect(await apply()).toMatch(/no job left after/);
  const done = await redis('llen', 'done');
  expect(await redis('llen', 'started')).toBe(done);
  expect(Number(done) + Number(await redis('llen', 'queue:default'))).toBe(JOBS);
});
