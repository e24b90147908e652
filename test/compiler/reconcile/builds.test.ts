import { expect, test } from 'vitest';

import type { DesiredBuild, DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { renderPlan } from '../../../src/cli/render/plan.ts';
import { desiredState, nothing, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';
import { planText } from '../../support/plan-text.ts';

const build: DesiredBuild = {
  context: './app',
  dockerfile: 'Dockerfile',
  args: [],
  target: 'web',
  platform: null,
  content: { digest: 'ab'.repeat(32), files: 12, bytes: 4200 },
  registry: null,
  builds: true,
  pushes: false,
};
const built = (name: string, image: string, more: Partial<DesiredBuild> = {}): ContainerSketch => ({
  name,
  image,
  imageId: null,
  build: { ...build, ...more },
});
const there = { imageId: 'sha256:there', build: { ...build, builds: false } };

function planOf(desired: DesiredState, observed: ObservedState) {
  const result = reconcile(desired, observed, plainRequest);
  if (!result.ok) throw new Error(result.diagnostics.map(({ message }) => message).join('\n'));
  return result.value;
}

test('builds come before all pulls, one after the other; what several share is built once', () => {
  const desired = desiredState([
    built('app', 'shop-app:1'),
    built('sidekiq', 'shop-app:1'),
    built('web', 'r.example/web:1', { registry: 'r.example', pushes: true }),
    { name: 'redis', imageId: null, pull: { digest: null, why: 'not on the engine' } },
  ]);
  const text = planText(planOf(desired, nothing));
  const lines = text.split('\n');
  expect(lines.filter((line) => / image /.test(` ${line} `))).toEqual([
    'build image shop-app:1 (missing image -→-)',
    'build image r.example/web:1 (missing image -→-)',
    'pull image redis:1 (missing image -→-)',
    '[3] #4 image shop-app:1 build: image.build',
    '[4] #5 image r.example/web:1 build: image.build',
    '[5] #6 image r.example/web:1 push: image.push',
    '[6] #7 image redis:1 pull: image.pull',
  ]);
});

test('the plan says from what, why, and which image gives way to which', () => {
  const before = settled(desiredState([{ name: 'app', image: 'r.example/app:0' }]));
  const next = built('app', 'r.example/app:1', { registry: 'r.example', pushes: true });
  const text = renderPlan(planOf(desiredState([next]), before), {
    color: false,
    verbose: false,
    width: 100,
  });
  expect(text).toContain(`* build    image r.example/app:1
    its content has changed
    from ./app (Dockerfile, stage web), 12 files, 4.2 kB
    pushed to r.example
`);
  expect(text).toMatch(/image {2}r\.example\/app:0 \(\S+\) → r\.example\/app:1 \(as built\)/);
});

test('the same tag is the same content: nothing is built or replaced, whoever has built what is there', () => {
  const before = settled(desiredState([{ name: 'app', image: 'shop-app:1' }]));
  for (const now of [built('app', 'shop-app:1'), { name: 'app', image: 'shop-app:1', ...there }])
    expect(planOf(desiredState([now]), before).nodes).toEqual([]);
});

test('one that is gone from the engine is built for the instance that is to be made', () => {
  const before = settled(desiredState([{ name: 'app', image: 'shop-app:1' }]));
  const plan = planOf(desiredState([{ ...built('app', 'shop-app:1'), instances: 2 }]), before);
  expect(
    plan.changes.filter(({ action }) => action !== 'none').map(({ id, notes }) => [id, notes[0]]),
  ).toEqual([
    ['image shop-app:1', 'gone from the engine'],
    ['shop/app1', undefined],
  ]);
});

test('what its registry lacks is pushed, and nothing else', () => {
  const image = { imageId: 'sha256:shop-app:1', image: 'shop-app:1' };
  const before = settled(desiredState([{ name: 'app', ...image }]));
  const lacking = { ...build, registry: 'r.example', builds: false, pushes: true };
  const plan = planOf(desiredState([{ name: 'app', ...image, build: lacking }]), before);
  expect(
    planText(plan)
      .split('\n')
      .filter((line) => line.includes('image')),
  ).toEqual(['push image shop-app:1 (missing image -→-)', '[] #1 image shop-app:1 push: image.push']);
});

test('the migration of what is yet to be built runs', () => {
  const before = settled(desiredState([{ name: 'app', image: 'shop-app:0', migration: ['migrate'] }]));
  const next = { ...built('app', 'shop-app:1'), migration: ['migrate'] };
  const kinds = planOf(desiredState([next]), before).nodes.map(({ op }) => op.kind);
  expect(kinds.indexOf('image.build')).toBeGreaterThanOrEqual(0);
  expect(kinds.indexOf('migration.run')).toBeGreaterThan(kinds.indexOf('image.build'));
});
