import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { agentImage } from '../../src/runtime/agent/agent-image.ts';
import { stack } from '../support/cli.ts';
import { memoryEngine } from '../support/memory-engine.ts';

// What a haproxy says that runs becomes part of the plan.

const CONFIG = `global
  stats socket /admin/haproxy.sock level admin
defaults
  mode http
  timeout server 30s
backend app
  server app0 app0:3000 check
  server app1 app1:3000 check
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'stackc-cli-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function write(generation: string): Promise<void> {
  const app = {
    deploy: 'auto',
    image: 'app:1',
    containers: 2,
    port: 3000,
    health: { command: 'true' },
    stop_signal: 'QUIT',
    command: 'unicorn',
    strategy: { order: 'stop-first' },
    balancer: 'haproxy',
    env: { GENERATION: generation },
  };
  const haproxy = {
    deploy: 'auto',
    image: 'haproxy:1',
    command: 'haproxy -f /etc/haproxy.cfg',
    startup_time: 0.01,
    links: ['app0', 'app1'],
    volumes_from: ['admin'],
  };
  const shop = { data_volumes: { admin: ['/admin'] }, containers: { app, haproxy } };
  await writeFile(join(cwd, 'stack.json'), JSON.stringify({ name: 'shop', deploy: { shop } }));
}

it('is asked for its configuration, and told of what the plan replaces', async () => {
  const engine = memoryEngine({
    images: { 'app:1': {}, 'haproxy:1': {}, [agentImage().tag]: {} },
    exec: () => 0,
    files: (_, path) => (path === '/etc/haproxy.cfg' ? [{ kind: 'file', path, text: CONFIG }] : null),
  });
  await write('1');
  const applied = await stack(['apply', '--yes'], { cwd, engine });
  expect(applied.code, applied.stderr).toBe(0);
  expect(engine.calls.map(({ method }) => method)).not.toContain('readFiles');

  const same = await stack(['plan'], { cwd, engine });
  expect(same.stdout).toContain('Nothing to do');
  expect(engine.calls.map(({ method }) => method)).not.toContain('readFiles');

  await write('2');
  const { code, stdout, stderr } = await stack(['plan', '--verbose'], { cwd, engine });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('haproxy0 sends it no new requests');
  // It has had the volume of the runtime socket from the first apply on.
  expect(stdout).not.toContain('agent shop-agent');
  expect(stdout.replace(/\n +/g, ' ')).toContain(
    'zero downtime: `haproxy` sends it nothing new, 1 of 2 go on, it stops after its last connection',
  );
});
