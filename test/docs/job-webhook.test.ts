import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { jobMessage, type JobTold } from '../../src/runtime/notify/job-message.ts';

const told: JobTold = {
  event: 'job-failure',
  stack: 'shop',
  application: 'shop',
  container: 'backup',
  run: 17,
  result: 'failed',
  exit_code: 2,
  why: null,
  due_at: null,
  began_at: '2026-01-01T03:00:00.000Z',
  finished_at: '2026-01-01T03:00:12.000Z',
  took_ms: 12_000,
  image: 'sha256:1',
  log: 'no room',
};

test('the reference has what a webhook is told of a job', () => {
  const page = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8');
  const [, documented = ''] = /`\{("event": "job-failure"[^`]*)\}`/.exec(page) ?? [];
  const keys = documented.split(', ').map((part) => part.split(':')[0]?.replaceAll('"', ''));
  const webhook = { kind: 'webhook', url: 'https://example.com', secret: null, headers: [] } as const;
  const body: unknown = JSON.parse(jobMessage(webhook, told, () => null).body);
  expect(keys).toEqual(Object.keys(body as object));
});
