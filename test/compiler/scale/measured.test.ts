import { describe, expect, test } from 'vitest';

import { listedServers } from '../../../src/compiler/balancer/listed-servers.ts';
import { readHaproxy } from '../../../src/compiler/balancer/haproxy.ts';
import { statsSocketOf } from '../../../src/compiler/balancer/runtime-socket.ts';
import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import type { DesiredScale, DesiredSource } from '../../../src/compiler/desired/scale.ts';
import { desiredAgents, lacksVolumes } from '../../../src/compiler/reconcile/agents.ts';
import { measuredVolumes } from '../../../src/compiler/scale/measured-volumes.ts';
import { adminVolume, desiredState, nothing, plainRequest, settled } from '../../support/desired.ts';

const step = { step: 1, afterMs: 0 };
const scaled = (...sources: readonly DesiredSource[]): DesiredScale => ({
  min: 1,
  max: 4,
  pace: { up: step, down: step, cooldownMs: 0 },
  schedule: [],
  sources,
  set: null,
});

const CONFIG = `global
  stats socket /admin/haproxy.sock level user
backend app
  server app0 shop-app0:3000 check
  server one shop-app1:3000 check
  server else shop-web0:3000 check
backend found
  server-template app 4 shop-app0:3000
backend other
  server web0 shop-web0:3000
`;
const haproxy = {
  name: 'haproxy',
  spec: { mounts: [adminVolume] },
  files: { '/usr/local/etc/haproxy/haproxy.cfg': CONFIG },
};

const shop = (scale: DesiredScale, balancer: object = haproxy) => ({
  ...desiredState([
    { name: 'app', scale },
    { ...haproxy, ...balancer },
  ]),
  volumes: [{ name: 'shop-admin', application: 'shop', dataVolume: 'admin', path: '/admin', adopted: false }],
});
const sessions = scaled({ kind: 'requests', balancer: 'haproxy', target: 20 });

describe('the volumes that are measured in', () => {
  test('are those where a haproxy tells of its sessions, whatever it may be told', () => {
    expect(measuredVolumes(shop(sessions))).toEqual(['shop-admin']);
    expect(measuredVolumes(shop(scaled({ kind: 'waiting', balancer: 'haproxy', target: 20 })))).toEqual([
      'shop-admin',
    ]);
  });

  test('are all that it writes to, where its configuration lies elsewhere', () => {
    expect(measuredVolumes(shop(sessions, { files: {} }))).toEqual(['shop-admin']);
  });

  test('are none where nothing follows a haproxy', () => {
    expect(measuredVolumes(shop(scaled({ kind: 'cpu', target: 60 })))).toEqual([]);
  });

  test('are mounted by the agent that scales; one without them is replaced', () => {
    const desired = shop(sessions);
    const spec = desiredAgents(desired, nothing, plainRequest, []).find(({ plane }) => plane === 'engine');
    expect(spec?.volumes).toEqual(['shop-admin']);
    const own = (volumes: readonly string[]) => ({
      ...nothing,
      agents: [
        {
          name: 'shop-agent-engine',
          id: 'id',
          state: 'running' as const,
          spec: canonicalJson({ ...spec, volumes }),
          networks: [],
        },
      ],
    });
    expect(lacksVolumes(desired, own(['shop-admin']))).toBe(false);
    expect(lacksVolumes(desired, own([]))).toBe(true);
  });
});

test('of a haproxy count the servers that are instances, and all of a template', () => {
  const config = readHaproxy(CONFIG, new Map());
  const balancer = settled(shop(sessions)).containers.find(({ container }) => container === 'haproxy');
  if (balancer === undefined) throw new Error('there is no haproxy');
  const instances = ['shop-app0', 'shop-app1'].map((engineName) => ({
    engineName,
    place: null,
    hostPorts: [],
    aliases: [],
  }));
  expect(listedServers(config, balancer, instances)).toEqual([
    { backend: 'app', servers: ['app0', 'one'] },
    { backend: 'found', servers: null },
  ]);
  expect(statsSocketOf(balancer, config)).toEqual({ volume: 'shop-admin', path: '', name: 'haproxy.sock' });
});
