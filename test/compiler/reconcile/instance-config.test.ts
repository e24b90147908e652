import { expect, test } from 'vitest';
import { RELEASE_HOLE, SOCKET_HOLE } from '../../../src/compiler/desired/desired-state.ts';
import { instanceConfig, runConfig } from '../../../src/compiler/plan/instance-config.ts';
import { desiredState } from '../../support/desired.ts';

const desired = desiredState([
  {
    name: 'app',
    socket: true,
    env: { LISTEN: SOCKET_HOLE, RELEASE_TAG: RELEASE_HOLE, PASSWORD: 'hush' },
    masked: ['PASSWORD'],
  },
]);
const [container] = desired.containers;
const imageId = `sha256:${'ab12'.repeat(16)}`;

test('a generation gets its own socket path, the release of its image, and restart policy `no`', () => {
  if (container === undefined) throw new Error('no container');
  const config = instanceConfig('shop', container, container.template, {
    generation: 3,
    name: 'shop-app0.3.next',
    imageId,
  });
  expect(config.env).toEqual(['LISTEN=/run/socks/.shop-app0.3', 'RELEASE_TAG=ab12ab12ab12', 'PASSWORD=hush']);
  expect(config.restart.name).toBe('no');
  expect(config.network).toBe('shop');
  expect(JSON.stringify(config.labels)).not.toContain('hush');
  expect(config.labels['io.stackc.generation']).toBe('3');
});

test('a run has no ports and speaks of the published socket', () => {
  if (container === undefined) throw new Error('no container');
  const config = runConfig('shop', container, container.template, {
    name: 'shop-app.run.1',
    role: 'run',
    generation: 0,
    command: ['console'],
    shown: ['console'],
    imageId,
    tty: false,
    openStdin: false,
  });
  expect(config.env[0]).toBe('LISTEN=/run/socks/app0.sock');
  expect(config).toMatchObject({ ports: [], entrypoint: [], command: ['console'] });
  expect(JSON.stringify(config)).not.toContain('\0');
});
