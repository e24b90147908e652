import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { foldCron } from '../../src/compiler/cron/fold.ts';
import { JOB_FILE } from '../../src/compiler/cron/places.ts';
import { labels } from '../../src/compiler/labels.ts';
import { buildAgentImage } from '../../src/runtime/agent/agent-image.ts';
import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { parseHost } from '../../src/runtime/docker/host-url.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { AgentContainer } from '../support/cron/agent-container.ts';
import { OwnEngine } from '../support/own-engine.ts';
import { docker, until } from '../support/stack-cli.ts';

const STACK = 'e2e-cron-agent';

let engine: Engine;
let agent: AgentContainer;
let image: string;

const over = (of: AgentContainer, name: string, run: number, limitMs = 60_000) =>
  until(
    () => of.endOf(name, run),
    (end) => end !== undefined,
    limitMs,
  );

async function removed(of: Engine, name: string): Promise<void> {
  await until(
    () => of.findContainer(name),
    (found) => found === null,
    30_000,
  );
}

beforeAll(async () => {
  engine = await connectEngine(parseHost('unix:///var/run/docker.sock'));
  image = await buildAgentImage(engine, {}, () => undefined);
  agent = new AgentContainer(engine, STACK, image);
  await agent.remove();
  await agent.start();
}, 180_000);

afterAll(async () => {
  await agent.remove();
  engine.close();
}, 60_000);

describe('a run', () => {
  test('leaves its output, its exit code and its time, and no container', async () => {
    const template = await agent.addJob(
      'backup',
      'cat /etc/greeting; echo $WORD >&2; ls /stackc-job.json; exit 3',
      {},
      {
        env: ['WORD=dumped'],
        labels: {
          [labels.spec]: JSON.stringify({
            version: 1,
            image: 'any',
            files: [{ path: '/etc/greeting' }, { path: JOB_FILE }],
            ...Object.fromEntries(
              [
                'env',
                'maskedEnv',
                'mounts',
                'ports',
                'networks',
                'links',
                'capAdd',
                'capDrop',
                'ulimits',
                'devices',
                'securityOpt',
                'extraHosts',
              ].map((key) => [key, []]),
            ),
            ...Object.fromEntries(['restart', 'tmpfs', 'sysctls', 'labels'].map((key) => [key, {}])),
          }),
        },
      },
    );
    const file = (path: string, text: string) => ({
      path,
      content: Buffer.from(text),
      mode: 0o600,
      uid: 0,
      gid: 0,
    });
    await engine.putFiles(
      template,
      [file('/etc/greeting', 'hello\n'), file(JOB_FILE, '{"version":1,"heartbeat":null,"onFailure":[]}')],
      1_800_000_000,
    );
    const run = await agent.run('backup');
    const end = await over(agent, 'backup', run);
    expect(end).toMatchObject({ result: 'failed', exitCode: 3, why: null });
    expect(end?.tookMs).toBeGreaterThan(0);
    const log = await agent.log('backup', run);
    expect(log).toContain('hello\n');
    expect(log).toContain('dumped\n');
    // What is for the agent alone is not there.
    expect(log).toMatch(/stackc-job\.json.*No such file/);
    await removed(engine, `${STACK}-backup.run.${run}`);
    expect((await engine.inspectContainer(template))?.state).toBe('created');
  });

  test('that takes too long is stopped', async () => {
    await agent.addJob('long', "trap 'echo bye; exit 0' TERM; sleep 600 & wait $!", { timeoutMs: 1000 });
    const end = await over(agent, 'long', await agent.run('long'));
    expect(end).toMatchObject({ result: 'timed-out', exitCode: 0, why: 'it was stopped after 1 s' });
    expect(await agent.log('long', 1)).toBe('bye\n');
  });

  test('that cannot be started says why', async () => {
    await agent.addJob('none', 'true', {}, { entrypoint: ['/no/such/program'] });
    const end = await over(agent, 'none', await agent.run('none'));
    expect(end).toMatchObject({ result: 'not-started', exitCode: null });
    expect(end?.why).toContain('/no/such/program');
    await removed(engine, `${STACK}-none.run.1`);
  });

  test('goes on while the agent is killed, and is followed by the next one', async () => {
    await agent.addJob('slow', 'echo first; while [ ! -e /go ]; do sleep 0.1; done; echo last');
    const run = await agent.run('slow');
    const name = `${STACK}-slow.run.${run}`;
    await until(
      () => engine.findContainer(name),
      (found) => found?.state === 'running',
      30_000,
    );
    await docker('kill', '--signal', 'KILL', agent.name);
    await docker('exec', name, 'touch', '/go');
    await docker('start', agent.name);
    expect(await over(agent, 'slow', run)).toMatchObject({ result: 'succeeded', exitCode: 0 });
    expect(await agent.log('slow', run)).toBe('first\nlast\n');
    await removed(engine, name);
    const begun = (await agent.records()).filter(
      ({ type, job }) => type === 'begun' && job.endsWith('/slow'),
    );
    expect(begun).toHaveLength(1);
  });

  test('begins when it is due', async () => {
    await agent.addJob('minutely', 'echo due', { schedule: ['* * * * *'] });
    const end = await over(agent, 'minutely', 1, 120_000);
    expect(end).toMatchObject({ result: 'succeeded' });
    const begun = (await agent.records()).find(
      ({ type, job }) => type === 'begun' && job.endsWith('/minutely'),
    );
    expect(begun).toMatchObject({ run: 1, by: null });
    if (begun?.type !== 'begun' || begun.dueMs === null) throw new Error('nothing was due');
    expect(begun.dueMs % 60_000).toBe(0);
    expect(begun.atMs).toBeGreaterThanOrEqual(begun.dueMs);
    await docker('rm', `${STACK}-minutely.template`);
  });
});

describe('the agent', () => {
  test('does what it is told by hand, and refuses what is not for it', async () => {
    const by = { user: 'deploy', host: 'laptop' };
    const job = agent.jobKey('backup');
    const state = async () => foldCron(await agent.records()).get(job);
    await agent.ask((session) => session.cronPause(job, by));
    expect(await state()).toMatchObject({ paused: { by }, underWay: [], queue: [] });
    await agent.ask((session) => session.cronResume(job, by));
    expect(await state()).toMatchObject({ paused: null });
    await expect(agent.run('nope')).rejects.toThrow(`\`${STACK}/nope\` is no job of this stack`);
    await expect(agent.ask((session) => session.holder())).rejects.toThrow('this agent runs jobs');
  });

  test('ends at once when it is asked to, and says nothing of what is secret', async () => {
    await docker('stop', agent.name);
    expect((await engine.inspectContainer(agent.name))?.exitCode).toBe(0);
    const said = await docker('logs', agent.name);
    expect(said).toContain(`${STACK}/backup 1 began`);
    expect(said).not.toContain('dumped');
    await docker('start', agent.name);
  });
});

describe('an engine that restarts', () => {
  const own = new OwnEngine('stackc-e2e-cron');
  afterAll(() => own.remove(), 60_000);

  test('takes a run along, which is told, and the next one is not kept from running', async () => {
    await own.make([image]);
    const before = await connectEngine(parseHost(own.host));
    const there = new AgentContainer(before, STACK, image, own.socket);
    await there.start();
    await there.addJob('job', 'echo up; sleep 600');
    const run = await until(
      () => there.run('job').catch(() => null),
      (number) => number !== null,
      30_000,
    );
    if (run === null) throw new Error('it does not run');
    await until(
      () => before.findContainer(`${STACK}-job.run.${run}`),
      (found) => found?.state === 'running',
      30_000,
    );
    before.close();
    await own.down();
    await own.up();
    const after = await connectEngine(parseHost(own.host));
    const again = new AgentContainer(after, STACK, image, own.socket);
    const end = await until(
      () => again.endOf('job', run).catch(() => undefined),
      (told) => told !== undefined,
      60_000,
    );
    expect(end).toMatchObject({ result: 'failed' });
    expect(await again.log('job', run)).toBe('up\n');
    expect(await again.run('job')).toBe(run + 1);
    after.close();
  });
});
