import { describe, expect, test } from 'vitest';
import type { PortSpec } from '../../../src/compiler/desired/instance-spec.ts';
import type { ForeignPort, ObservedState } from '../../../src/compiler/observed/observed-state.ts';
import type { PlanRequest } from '../../../src/compiler/plan/plan.ts';
import { reconcile } from '../../../src/compiler/reconcile/reconcile.ts';
import { desiredState, nothing, plainRequest, settled, type ContainerSketch } from '../../support/desired.ts';

const port = (
  hostPort: number | null,
  hostIp: string | null = null,
  protocol: PortSpec['protocol'] = 'tcp',
) => ({
  containerPort: 80,
  hostPort,
  hostIp,
  protocol,
});

const publishing = (name: string, ports: readonly PortSpec[], more: Partial<ContainerSketch> = {}) =>
  ({ name, order: 'stop-first', spec: { ports }, ...more }) as const;

const foreign = (hostPort: number, more: Partial<ForeignPort> = {}): ForeignPort => ({
  hostPort,
  hostIp: '0.0.0.0',
  protocol: 'tcp',
  container: 'web',
  owner: null,
  ...more,
});

function told(
  sketches: readonly ContainerSketch[],
  observed: ObservedState,
  request: Partial<PlanRequest> = {},
): readonly string[] {
  const plan = reconcile(desiredState(sketches), observed, { ...plainRequest, ...request });
  const warnings = plan.ok ? plan.value.warnings : plan.diagnostics;
  return warnings
    .filter(({ code }) => code === 'STK417')
    .map(({ message, help }) => `${message} | ${help ?? ''}`);
}

describe('a port of the host that somebody else publishes', () => {
  const STOP = 'stop that container first, or choose another port or address of the host';

  test.each([
    [null, 'container `web`'],
    [{ kind: 'stack', name: 'blog' }, 'container `web` (of stack `blog`)'],
    [{ kind: 'Compose project', name: 'old' }, 'container `web` (of Compose project `old`)'],
  ] as const)('is told of with whose it is: %j', (owner, words) => {
    const observed = { ...nothing, foreignPorts: [foreign(80, { owner })] };
    expect(told([publishing('lb', [port(80)])], observed)).toEqual([
      `port 80/tcp of the host, which \`lb0\` wants, is published by ${words} | ${STOP}`,
    ]);
  });

  test.each([
    ['another port', port(81), foreign(80)],
    ['another protocol', port(80, null, 'udp'), foreign(80)],
    ['another address', port(80, '127.0.0.1'), foreign(80, { hostIp: '127.0.0.2' })],
    ['the other kind of address', port(80, '127.0.0.1'), foreign(80, { hostIp: '::' })],
    ['a port that the engine chooses', port(null), foreign(80)],
  ])('is no matter for %s', (_, wanted, taken) => {
    expect(told([publishing('lb', [wanted])], { ...nothing, foreignPorts: [taken] })).toEqual([]);
  });

  test.each([
    ['all addresses and one', port(80), foreign(80, { hostIp: '127.0.0.1' })],
    ['one address and all', port(80, '127.0.0.1'), foreign(80)],
    ['IPv6', port(80, '::1'), foreign(80, { hostIp: '::' })],
  ])('clashes over %s', (_, wanted, taken) => {
    expect(told([publishing('lb', [wanted])], { ...nothing, foreignPorts: [taken] })).toHaveLength(1);
  });

  test('is told of once for both kinds of addresses and a whole range', () => {
    const foreignPorts = [80, 81].flatMap((n) => [foreign(n), foreign(n, { hostIp: '::' })]);
    expect(told([publishing('lb', [port(80), port(81)])], { ...nothing, foreignPorts })).toHaveLength(1);
  });

  test('is no matter where nothing is started', () => {
    const sketches = [publishing('lb', [port(80)])];
    expect(told(sketches, { ...settled(desiredState(sketches)), foreignPorts: [foreign(80)] })).toEqual([]);
  });
});

describe('a port of the host that the stack itself has', () => {
  const before = [publishing('lb', [port(80)])];

  test('is given up by the generation that is replaced', () => {
    const observed = settled(desiredState(before));
    expect(told([publishing('lb', [port(80)], { image: 'lb:2' })], observed)).toEqual([]);
  });

  test('is given up by what leaves, and by what moves to another port', () => {
    const observed = settled(desiredState([...before, publishing('other', [])]));
    expect(told([publishing('new', [port(80)]), publishing('other', [])], observed)).toEqual([]);
    const moved = [publishing('lb', [port(8080)]), publishing('new', [port(80)])];
    expect(told(moved, observed)).toEqual([]);
  });

  test('stays with one that is held, until it is included', () => {
    const manual = (n: number) => publishing('lb', [port(n)], { mode: 'manual' });
    const observed = settled(desiredState([manual(80)]));
    const sketches = [manual(8080), publishing('new', [port(80)])];
    expect(told(sketches, observed)).toEqual([
      'port 80/tcp of the host, which `new0` wants, is published by `lb0`, which is held | `--include lb0` replaces it by what the file says',
    ]);
    expect(told(sketches, observed, { include: ['lb'] })).toEqual([]);
  });

  test('stays with what `--only` leaves out', () => {
    const observed = settled(desiredState(before));
    const sketches = [publishing('lb', [port(8080)]), publishing('new', [port(80)])];
    expect(told(sketches, observed, { only: ['new'] })).toEqual([
      'port 80/tcp of the host, which `new0` wants, is published by `lb0`, which this plan leaves as it is | name it too (`--only lb0`), or leave `--only` away',
    ]);
  });
});
