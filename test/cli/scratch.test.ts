import { it } from 'vitest';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import { renderPlan } from '../../src/cli/render/plan.ts';
import { desiredState, nothing, plainRequest, settled } from '../support/desired.ts';

it('prints', () => {
  const sketches = [
    { name: 'db', mode: 'manual' as const, image: 'postgres:16' },
    {
      name: 'app',
      instances: 2,
      after: ['db'],
      socket: true,
      env: { RANDOM_VAR: 'foo', TOKEN: 'x' },
      masked: ['TOKEN'],
      migration: ['rake', 'db:migrate'],
      gate: {
        kind: 'http',
        over: 'socket',
        path: '/ping',
        status: [[100, 499]],
        timeoutMs: 1000,
        intervalMs: 50,
        limitMs: 60000,
      } as const,
    },
    {
      name: 'nginx',
      after: ['app'],
      spec: { ports: [{ containerPort: 80, hostPort: 80, hostIp: null, protocol: 'tcp' as const }] },
    },
    { name: 'cron', mode: 'cron' as const },
  ];
  const one = desiredState(sketches);
  const first = reconcile(one, nothing, plainRequest);
  if (!first.ok) throw new Error(JSON.stringify(first));
  process.stdout.write(renderPlan(first.value, { color: false, verbose: false }));
  const changed = desiredState([
    { ...sketches[0]!, image: 'postgres:17' },
    {
      ...sketches[1]!,
      env: {
        RANDOM_VAR: 'bar',
        TOKEN: 'y',
        NEW: 'a long value that goes on and on and on, more than anybody would like to read in a plan',
      },
      imageId: 'sha256:9f8e7d6c5b4a0000',
    },
    {
      ...sketches[2]!,
      spec: { ports: [{ containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' as const }] },
      order: 'stop-first' as const,
    },
    sketches[3]!,
  ]);
  const second = reconcile(changed, settled(one), plainRequest);
  if (!second.ok) throw new Error(JSON.stringify(second));
  process.stdout.write('\n======\n' + renderPlan(second.value, { color: false, verbose: false }));
  process.stdout.write('\n======\n' + renderPlan(second.value, { color: false, verbose: true }));
  const third = reconcile(one, settled(one), plainRequest);
  if (!third.ok) throw new Error(JSON.stringify(third));
  process.stdout.write('\n======\n' + renderPlan(third.value, { color: false, verbose: false }));
});
