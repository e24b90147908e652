import { expect, test } from 'vitest';

import type { HostPort } from '../../src/compiler/desired/host-port.ts';
import { labels } from '../../src/compiler/labels.ts';
import { reconcile } from '../../src/compiler/reconcile/reconcile.ts';
import type { HostResult } from '../../src/runtime/agent/agent-session.ts';
import { preflight } from '../../src/runtime/preflight.ts';
import { desiredState, nothing, plainRequest } from '../support/desired.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const MIB = 1024 * 1024;
const port = (hostPort: number, hostIp: string | null = null): HostPort => ({
  hostPort,
  hostIp,
  protocol: 'tcp',
});

/** What is found where `web` is made, with ports of the host or an image to be pulled. */
async function found(
  ports: readonly HostPort[],
  { listening = [], freeBytes = null }: Partial<HostResult>,
  { pull = false, engine = memoryEngine() } = {},
) {
  const desired = desiredState([
    {
      name: 'web',
      spec: { ports: ports.map((one) => ({ ...one, containerPort: 80 })) },
      ...(pull ? { imageId: null, pull: { digest: null, why: 'not on the engine' } } : {}),
    },
  ]);
  const plan = reconcile(desired, nothing, plainRequest);
  if (!plan.ok) throw new Error('no plan');
  const asked: (readonly number[])[] = [];
  const problems = await preflight(plan.value, desired, {
    engine,
    host: (wanted) => {
      asked.push(wanted);
      return Promise.resolve({ listening, freeBytes });
    },
  });
  return { problems, asked };
}

test('nobody is asked where no port of the host and no image is wanted', async () => {
  expect(await found([], {})).toEqual({ problems: [], asked: [] });
});

test('a port that a process has is told of, at an address that both cover', async () => {
  const taken = (number: number) =>
    `port ${number}/tcp of the host, which \`web0\` wants, is held by a program outside Docker: \`ss -ltnp 'sport = :${number}'\` shows it`;
  const { problems, asked } = await found([port(80), port(81, '127.0.0.1'), port(82, '127.0.0.1')], {
    listening: [port(80, '127.0.0.1'), port(81, '127.0.0.2'), port(82, '0.0.0.0')],
  });
  expect(asked).toEqual([[80, 81, 82]]);
  expect(problems).toEqual([taken(80), taken(82)]);
});

test('UDP and TCP are two things', async () => {
  const udp = { ...port(53), protocol: 'udp' as const };
  const { problems } = await found([udp], { listening: [port(53, '0.0.0.0')] });
  expect(problems).toEqual([]);
  expect((await found([udp], { listening: [{ ...udp, hostIp: '::' }] })).problems).toEqual([
    "port 53/udp of the host, which `web0` wants, is held by a program outside Docker: `ss -lunp 'sport = :53'` shows it",
  ]);
});

test('a container in the network of the host may be who holds it; one of the stack may be about to leave', async () => {
  const beside = async (stack: string) => {
    const engine = memoryEngine({ images: { 'any:1': {} } });
    const config = plainConfig({ name: 'other', image: 'any:1', labels: { [labels.stack]: stack } });
    await engine.startContainer(await engine.createContainer({ ...config, network: 'host' }));
    const { problems } = await found([port(80)], { listening: [port(80, '0.0.0.0')] }, { engine });
    return problems;
  };
  expect(await beside('another')).toEqual([
    "port 80/tcp of the host, which `web0` wants, is held by a program, or a container in its network: `ss -ltnp 'sport = :80'` shows it",
  ]);
  expect(await beside(desiredState([]).stack)).toEqual([]);
});

test('a port that a container publishes is the plan’s affair', async () => {
  const engine = memoryEngine({ images: { 'any:1': {} } });
  const spec = { containerPort: 80, hostPort: 80, hostIp: null, protocol: 'tcp' as const };
  await engine.startContainer(
    await engine.createContainer({ ...plainConfig({ name: 'other', image: 'any:1' }), ports: [spec] }),
  );
  expect(await found([port(80)], { listening: [port(80, '0.0.0.0')] }, { engine })).toMatchObject({
    problems: [],
  });
});

test('too little room for what is to be pulled is told of, together with all else', async () => {
  const { problems } = await found(
    [port(80)],
    { listening: [port(80, '::')], freeBytes: 100.5 * MIB },
    { pull: true },
  );
  expect(problems).toHaveLength(2);
  expect(problems[1]).toBe(
    'the engine’s disk has 100 MiB left, and an image is to be pulled: `docker system df` tells what takes it'.replace(
      '’',
      "'",
    ),
  );
  expect((await found([], { freeBytes: 256 * MIB }, { pull: true })).problems).toEqual([]);
  expect((await found([], { freeBytes: null }, { pull: true })).problems).toEqual([]);
  expect((await found([port(81)], { freeBytes: 1 })).problems).toEqual([]);
});
