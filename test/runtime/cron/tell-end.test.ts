import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { JOB_FILE } from '../../../src/compiler/cron/places.ts';
import type { Behaviour } from '../../support/memory/behaviour.ts';
import { JobScene } from '../../support/cron/job-scene.ts';

interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

const by = { user: 'deploy', host: 'laptop' };
let server: Server;
let heard: Heard[];
let base: string;
let wake: () => void;

beforeEach(async () => {
  heard = [];
  wake = () => undefined;
  server = createServer((request, answer) => {
    let text = '';
    request.on('data', (data: Buffer) => (text += data.toString('utf8')));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      heard.push({ method, path, headers, body: text === '' ? null : JSON.parse(text) });
      answer.statusCode = path.includes('broken') ? 400 : 200;
      answer.end();
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

/** Runs a job once by hand, and waits until so many have been told. */
async function run(file: object, does: Behaviour, tells: number): Promise<JobScene> {
  const scene = new JobScene('2026-01-01T12:00:00Z');
  const id = await scene.addJob(
    'backup',
    { schedule: ['0 0 29 2 *'] },
    { does, env: ['RAILS_ENV=staging', 'TAG=v2'] },
  );
  const content = Buffer.from(JSON.stringify({ version: 1, heartbeat: null, onFailure: [], ...file }));
  await scene.engine.putFiles(id, [{ path: JOB_FILE, content, mode: 0o600, uid: 0, gid: 0 }], 0);
  await scene.startAgent();
  await scene.ask((runner) => runner.run('shop/backup', by));
  await scene.pass(2000);
  const said = (): number =>
    scene.lines.filter((line) => /is told|could not be told|heartbeat/.test(line)).length;
  const isDone = (): boolean => heard.length >= tells && (scene.runs().length === 0 || said() >= tells);
  const end = Date.now() + 20_000;
  while (!isDone() && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    await scene.pass(1);
  }
  return scene;
}

const failing: Behaviour = {
  exitAfterMs: 12_00,
  exitCode: 2,
  output: [{ stream: 'stderr', text: 'no room <left>' }],
};

describe('a run that failed', () => {
  test('is told to a webhook, with all that is known', async () => {
    const secret = `whsec_${Buffer.alloc(24, 'k').toString('base64')}`;
    const scene = await run(
      { onFailure: [{ kind: 'webhook', url: `${base}/hook`, secret, headers: [['x-own', 'yes']] }] },
      failing,
      1,
    );
    expect(heard).toMatchObject([
      {
        method: 'POST',
        path: '/hook',
        headers: {
          'x-own': 'yes',
          'webhook-signature': expect.stringMatching(/^v1,/),
          'webhook-id': expect.any(String),
        },
        body: {
          event: 'job-failure',
          stack: 'shop',
          application: 'shop',
          container: 'backup',
          run: 1,
          result: 'failed',
          exit_code: 2,
          why: null,
          due_at: null,
          began_at: '2026-01-01T12:00:00.000Z',
          took_ms: 1200,
          log: 'no room <left>',
        },
      },
    ]);
    expect(scene.lines).toContain('shop/backup 1: webhook is told');
    expect(scene.lines.join('\n')).not.toMatch(/whsec|127\.0\.0\.1/);
  });

  test('is told to Slack in a sentence, with the end of its log', async () => {
    await run({ onFailure: [{ kind: 'slack', url: `${base}/slack`, channel: '#ops' }] }, failing, 1);
    expect(heard[0]?.body).toEqual({
      channel: '#ops',
      text: 'shop/backup failed: run 1, exit code 2, asked for by hand, of stack shop, after 1.2 s\n```no room &lt;left&gt;```',
    });
  });

  test('is an item of Rollbar, beside the deploys', async () => {
    const url = `${base}/api/1/deploy`;
    const rollbar = { kind: 'rollbar', url, token: 'rollbar-token', envVar: 'RAILS_ENV', revVar: 'TAG' };
    const scene = await run({ onFailure: [rollbar] }, failing, 1);
    expect(heard).toMatchObject([
      {
        path: '/api/1/item/',
        headers: { 'x-rollbar-access-token': 'rollbar-token' },
        body: {
          data: {
            environment: 'staging',
            code_version: 'v2',
            level: 'error',
            title: 'shop/backup: failed',
            body: { message: { body: expect.stringContaining('exit code 2'), log: 'no room <left>' } },
          },
        },
      },
    ]);
    expect(scene.lines.join('\n')).not.toContain('rollbar-token');
  });

  test('leaves a line where nobody takes it, and its container goes all the same', async () => {
    const scene = await run(
      { heartbeat: `${base}/beat`, onFailure: [{ kind: 'slack', url: `${base}/broken`, channel: null }] },
      failing,
      1,
    );
    expect(scene.lines).toContain('shop/backup 1: slack could not be told: it answered 400');
    expect(heard.map(({ path }) => path)).toEqual(['/broken']);
  });
});

describe('a run that succeeded', () => {
  test('is told to its heartbeat, and to nobody else', async () => {
    await run(
      { heartbeat: `${base}/beat`, onFailure: [{ kind: 'slack', url: `${base}/slack`, channel: null }] },
      { exitAfterMs: 10 },
      1,
    );
    expect(heard.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /beat']);
  });

  test('is told to it also where a deploy has replaced the template meanwhile', async () => {
    const scene = new JobScene('2026-01-01T12:00:00Z');
    const content = (path: string) =>
      Buffer.from(JSON.stringify({ version: 1, heartbeat: `${base}${path}`, onFailure: [] }));
    const put = async (path: string) => {
      const id = await scene.addJob('backup', { schedule: ['0 0 29 2 *'] }, { does: { exitAfterMs: 500 } });
      await scene.engine.putFiles(
        id,
        [{ path: JOB_FILE, content: content(path), mode: 0o600, uid: 0, gid: 0 }],
        0,
      );
    };
    await put('/before');
    await scene.startAgent();
    await scene.ask((runner) => runner.run('shop/backup', by));
    await scene.pass(100);
    await scene.engine.removeContainer('shop-backup.template');
    await put('/after');
    await scene.pass(1000);
    const end = Date.now() + 20_000;
    while (heard.length === 0 && Date.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      await scene.pass(1);
    }
    expect(heard.map(({ path }) => path)).toEqual(['/after']);
  });

  test('leaves a line where the heartbeat is refused', async () => {
    const scene = await run({ heartbeat: `${base}/broken` }, { exitAfterMs: 10 }, 1);
    expect(scene.lines).toContain('shop/backup 1: its heartbeat does not arrive: it answered 400');
  });
});
