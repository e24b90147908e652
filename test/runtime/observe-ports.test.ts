import { expect, it } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import type { InstanceSpec } from '../../src/compiler/desired/instance-spec.ts';
import { foreignPorts } from '../../src/runtime/observe-ports.ts';
import { desiredState, nothing, settled } from '../support/desired.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const ports: InstanceSpec['ports'] = [
  { containerPort: 80, hostPort: 80, hostIp: '127.0.0.1', protocol: 'tcp' },
];
const desired = desiredState([{ name: 'lb', spec: { ports } }]);

async function engineWith(containers: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const engine = memoryEngine({ images: { 'app:1': {} } });
  let hostPort = 8000;
  for (const [name, own] of Object.entries(containers)) {
    const published = [{ containerPort: 80, hostPort: hostPort++, hostIp: null, protocol: 'tcp' as const }];
    const id = await engine.createContainer(
      plainConfig({ name, image: 'app:1', labels: own, ports: published }),
    );
    if (name !== 'stopped') await engine.startContainer(id);
  }
  return engine;
}

it('finds the ports that running containers of others publish, and whose they are', async () => {
  const engine = await engineWith({
    plain: {},
    ours: { [labels.stack]: 'shop' },
    theirs: { [labels.stack]: 'blog' },
    old: { 'com.docker.compose.project': 'site' },
    stopped: {},
  });
  const at = (hostPort: number) => ({ hostPort, hostIp: null, protocol: 'tcp' });
  expect(await foreignPorts(engine, nothing, desired)).toEqual([
    { ...at(8000), container: 'plain', owner: null },
    { ...at(8002), container: 'theirs', owner: { kind: 'stack', name: 'blog' } },
    { ...at(8003), container: 'old', owner: { kind: 'Compose project', name: 'site' } },
  ]);
});

it('asks nothing where the stack wants no port, or has what it wants', async () => {
  const engine = await engineWith({ plain: {} });
  expect(await foreignPorts(engine, nothing, desiredState([{ name: 'app' }]))).toEqual([]);
  expect(await foreignPorts(engine, settled(desired), desired)).toEqual([]);
  expect(engine.calls.map(({ method }) => method)).not.toContain('listContainers');
});

it('asks where the container that has the port does not run', async () => {
  const engine = await engineWith({ plain: {} });
  const { containers, ...rest } = settled(desired);
  const stopped = containers.map((container) => ({ ...container, state: 'exited' as const }));
  expect(await foreignPorts(engine, { ...rest, containers: stopped }, desired)).toHaveLength(1);
});
