import { expect, test } from 'vitest';

import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { templatesAmong } from '../../../src/runtime/cron/templates.ts';
import type { ContainerSummary } from '../../../src/runtime/engine.ts';
import { everyMinute } from '../../support/cron/job-scene.ts';

function row(name: string, generation: number, job = canonicalJson(everyMinute)): ContainerSummary {
  return {
    id: name,
    name,
    image: 'shop:1',
    imageId: 'sha256:a',
    state: 'created',
    status: 'Created',
    labels: {
      [labels.application]: 'shop',
      [labels.container]: 'backup',
      [labels.generation]: String(generation),
      [labels.job]: job,
    },
    networks: [],
    ports: [],
    writes: [],
    createdS: 1,
  };
}

const chosen = (rows: readonly ContainerSummary[], isKnown: boolean) =>
  templatesAmong(rows, () => isKnown).byJob.get('shop/backup')?.id;

test.each([
  [
    'the one that is in its place',
    ['shop-backup.template', 'shop-backup.2.next'],
    true,
    'shop-backup.template',
  ],
  ['none that is still being made, of a new job', ['shop-backup.1.next'], false, undefined],
  [
    'the one whose apply was cut off in the middle of the swap',
    ['shop-backup.2.next'],
    true,
    'shop-backup.2.next',
  ],
  ['the newest of those', ['shop-backup.2.next', 'shop-backup.3.next'], true, 'shop-backup.3.next'],
])('takes %s', (_what, names, isKnown, id) => {
  expect(
    chosen(
      names.map((name, index) => row(name, index + 1)),
      isKnown,
    ),
  ).toBe(id);
});

test('knows nothing of what another version has made, and says whose it is', () => {
  const { byJob, unreadable } = templatesAmong([row('shop-backup.template', 1, '{"version":2}')], () => true);
  expect([...byJob.keys()]).toEqual([]);
  expect(unreadable).toEqual(['shop/backup']);
});
