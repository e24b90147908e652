import { expect, test } from 'vitest';
import { RELEASE_HOLE, SOCKET_HOLE } from '../../../src/compiler/desired/desired-state.ts';
import { agentConfig, instanceConfig, runConfig } from '../../../src/compiler/plan/instance-config.ts';
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

/** A run of the container's own words, or of others. */
function run(command: readonly string[] | null, name = 'shop-app.run.1a2b3c4d', directory = '/run/socks') {
  if (container === undefined) throw new Error('no container');
  const { template } = container;
  const socket = template.socket && { ...template.socket, directory };
  const how = { role: 'run', generation: 0, imageId, tty: false, openStdin: false } as const;
  return runConfig('shop', container, { ...template, socket }, { ...how, name, command, shown: command });
}

test('a run of a command has no ports and speaks of the published socket', () => {
  const config = run(['console']);
  expect(config.env[0]).toBe('LISTEN=/run/socks/app0.sock');
  expect(config).toMatchObject({ ports: [], entrypoint: [], command: ['console'] });
  expect(JSON.stringify(config)).not.toContain('\0');
});

test('a run of the container’s own words serves on a path of its own', () => {
  expect(run(null).env[0]).toBe('LISTEN=/run/socks/.shop-app.run.1a2b3c4d');
});

test('a run’s own path is never longer than a socket’s can be, and keeps what is unique', () => {
  const directory = `/run/${'ü'.repeat(40)}`;
  const [listen = ''] = run(null, 'shop-application.run.1a2b3c4d', directory).env;
  const path = listen.slice('LISTEN='.length);
  expect(new TextEncoder().encode(path)).toHaveLength(107);
  expect(path).toMatch(/\/\.\S+\.run\.1a2b3c4d$/);
});

test('what is made is made from the image that was planned, not from what its tag means by then', () => {
  if (container === undefined) throw new Error('no container');
  const incarnation = { generation: 1, name: 'shop-app0', imageId };
  expect(instanceConfig('shop', container, container.template, incarnation).image).toBe(imageId);
  expect(run(['console']).image).toBe(imageId);
});

test('the label of a generation tells where it listens', () => {
  const [web] = desiredState([{ name: 'web', port: 3000 }]).containers;
  if (web === undefined) throw new Error('no container');
  const incarnation = { generation: 1, name: 'shop-web0', imageId };
  const { labels } = instanceConfig('shop', web, web.template, incarnation);
  expect(JSON.parse(labels['io.stackc.spec'] ?? '')).toMatchObject({ port: 3000, gate: null });
});

test('the agent that tells of jobs reaches others from the host where the stack has no network', () => {
  const spec = { version: 4, name: 'shop-agent-engine', image: 'agent', volumes: [] } as const;
  const starter = { ...spec, plane: 'engine', engineSocket: '/var/run/docker.sock' } as const;
  expect(agentConfig('shop', { ...starter, networks: [] }).network).toBe('host');
  expect(agentConfig('shop', { ...starter, networks: ['shop', 'shop-blog'] }).network).toBe('shop');
  expect(agentConfig('shop', { ...spec, plane: 'stack', networks: [] }).network).toBe('none');
});
