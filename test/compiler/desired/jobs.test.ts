import { expect, test } from 'vitest';

import { NOTHING_OBSERVED } from '../../../src/compiler/observed/observed-state.ts';
import { instanceConfig, runConfig } from '../../../src/compiler/plan/instance-config.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { plainRequest } from '../../support/desired.ts';
import { brief, compileText, desired, shop } from '../spec/marked.ts';
import { container, local } from './shop.ts';

const SECRET = 'sentinel-secret-5d0e';
const text = (keys: string) =>
  shop(`job: { deploy: cron, image: "a:1", ${keys} }`, 'secrets: { PING: { env: P } }');
const given = { secrets: { PING: { value: SECRET } }, images: local() };
const heartbeat = 'cron: "5 3 * * *", heartbeat: "https://hc.example.com/%{secret:PING}"';
const made = { generation: 1, name: 'shop-job.1.next', imageId: 'sha256:ab' };

test('a job has what the file says of it, and plain defaults', () => {
  expect(container(text('cron: "5 3 * * *"'), 'job', given).job).toEqual({
    spec: {
      version: 1,
      schedule: ['5 3 * * *'],
      timezone: 'UTC',
      overlap: 'skip',
      timeoutMs: null,
      catchUp: false,
      jitterMs: 0,
    },
    heartbeat: null,
    onFailure: [],
  });
  const keys = 'cron: { minute: 5, timezone: Europe/Rome, catch_up: true, jitter: 30s, timeout: 1h }';
  expect(container(text(keys), 'job', given).job?.spec).toMatchObject({
    timezone: 'Europe/Rome',
    catchUp: true,
    jitterMs: 30_000,
    timeoutMs: 3_600_000,
  });
});

test.each([
  ['cron: "5 3 * * *"', ['https://all.example.com/']],
  ['cron: { minute: 5, on_failure: { slack: "https://own.example.com/" } }', ['https://own.example.com/']],
  ['cron: { minute: 5, on_failure: {} }', []],
])('who is told of a failed run: %s', (cron, urls) => {
  const { job } = container(
    text(`notifications: { slack: "https://all.example.com/" }, ${cron}`),
    'job',
    given,
  );
  expect(job?.onFailure.map(({ url }) => url)).toEqual(urls);
});

test('a secret heartbeat is in one file of the template, for its owner alone, and in no run', () => {
  const job = container(text(heartbeat), 'job', given);
  const { files, ...config } = instanceConfig('shop', job, job.template, made);
  expect(
    files.map(({ path, mode, content }) => [path, mode, JSON.parse(Buffer.from(content).toString())]),
  ).toEqual([
    [
      '/stackc-job.json',
      '0600',
      { version: 1, heartbeat: `https://hc.example.com/${SECRET}`, onFailure: [] },
    ],
  ]);
  expect(JSON.stringify(config)).not.toContain(SECRET);
  const run = { ...made, name: 'shop-job.run.1', role: 'run', command: null, shown: null } as const;
  expect(runConfig('shop', job, job.template, { ...run, tty: false, openStdin: false }).files).toEqual([]);
  const plan = reconcile(desired(text(heartbeat), given), NOTHING_OBSERVED, plainRequest);
  expect(plan.ok).toBe(true);
  expect(JSON.stringify(plan)).not.toContain(SECRET);
});

test('a template publishes no ports, and says by its labels what it is', () => {
  const job = container(text('cron: "5 3 * * *", ports: ["8080:80"]'), 'job', given);
  const { ports, labels } = instanceConfig('shop', job, job.template, made);
  expect(ports).toEqual([]);
  expect(labels).toMatchObject({
    'io.stackc.role': 'template',
    'io.stackc.container': 'job',
    'io.stackc.job':
      '{"catchUp":false,"jitterMs":0,"overlap":"skip","schedule":["5 3 * * *"],"timeoutMs":null,"timezone":"UTC","version":1}',
  });
});

test.each([
  ['a heartbeat that is no address', text('cron: "5 3 * * *", heartbeat: "hc.example.com"'), 'STK332'],
  [
    'a heartbeat of a daemon',
    shop('app: { deploy: auto, image: "a:1", heartbeat: "https://h.example.com" }'),
    'STK326',
  ],
  ['a heartbeat of what is read-only', text(`${heartbeat}, read_only: true`), 'STK367'],
])('%s is an error', (_, file, code) => {
  const compiled = compileText(file);
  expect(compiled.ok ? [] : brief(compiled.diagnostics).map((line) => line.slice(0, 6))).toEqual([code]);
});

test('a read-only job that tells nobody is none', () => {
  expect(container(text('cron: "5 3 * * *", read_only: true'), 'job', given).template.files).toEqual([]);
});

test('the place of the engine’s socket is that of the file', () => {
  const where = (more: string) => desired(`${text('cron: "5 3 * * *"')}\n${more}`, given).engineSocket;
  expect([where(''), where('agent: { engine_socket: /run/user/1000/docker.sock }')]).toEqual([
    null,
    '/run/user/1000/docker.sock',
  ]);
});
