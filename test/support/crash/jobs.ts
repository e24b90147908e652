import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { countedJob } from '../sidekiq.ts';
import type { Served } from '../load.ts';
import { rows, until, type Loose, type StackFolder } from '../stack-cli.ts';
import type { CrashScene } from './scene.ts';
import type { Traffic } from './traffic.ts';

/** Counts each start and each end; ends well within the time that a stop leaves it. */
const JOB = countedJob(0.8);
/** Half as many as it can do. */
const EVERY_MS = 400;

/** A Sidekiq and its Redis, which stands where the balancer of other stacks does. */
export function sidekiq(folder: StackFolder, name: string): Served {
  writeFileSync(join(folder.folder, 'job.rb'), JOB);
  const app: Loose = {
    deploy: 'auto',
    image: 'stackc-example/app:1',
    links: ['haproxy'],
    user: 'www-data',
    env: { REDIS_URL: 'redis://haproxy:6379/0', GENERATION: '1' },
    command: 'sidekiq -r /app/job.rb -c 4 -t 1',
    files: { '/app/job.rb': { file: 'job.rb' } },
    volumes_from: ['counted'],
    quiet_signal: 'TSTP',
    startup_time: 1,
    stop_timeout: 10,
  };
  const haproxy: Loose = { deploy: 'auto', image: 'stackc-example/redis:1', volumes_from: ['counted'] };
  const data_volumes = [{ counted: { volumes: ['/var/counted'] } }];
  const load = { data_volumes, containers: [{ haproxy }, { app }] };
  return { folder, stack: { name, deploy: { load } }, app, haproxy };
}

/** One job after the other, from now until they are told to stop and all are done. */
export function startJobs({ engine, name }: CrashScene): { stop(): Promise<Traffic> } {
  const redis = ['exec', '-i', `${name}-load-haproxy0`, 'redis-cli'];
  const child = spawn('docker', ['--host', engine.host, ...redis], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.on('error', () => undefined);
  child.stdin.write('flushall\nsadd queues default\n');
  let sent = 0;
  const timer = setInterval(() => {
    sent += 1;
    const job = { class: 'Job', args: [sent], jid: `job${sent}`, queue: 'default', retry: true };
    child.stdin.write(`lpush queue:default '${JSON.stringify(job)}'\n`);
  }, EVERY_MS);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ask = async (...words: readonly string[]) => rows(await engine.docker(...redis, ...words));
  return {
    stop: async () => {
      clearInterval(timer);
      child.stdin.end();
      await ended;
      const done = await until(
        () => ask('lrange', 'done', '0', '-1'),
        (ids) => new Set(ids).size >= sent,
        20_000,
      ).catch(() => ask('lrange', 'done', '0', '-1'));
      const started = await ask('lrange', 'started', '0', '-1');
      const missing = sent - new Set(done).size;
      return {
        sent,
        failures: missing > 0 ? { 'job was lost': missing } : {},
        miscounted: started.filter((id, index) => started.indexOf(id) !== index),
        isServed: true,
      };
    },
  };
}
