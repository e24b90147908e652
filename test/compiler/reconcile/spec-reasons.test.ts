import { describe, expect, test } from 'vitest';
import type { InstanceSpec, MountSpec } from '../../../src/compiler/desired/instance-spec.ts';
import { specReasons, specSettings } from '../../../src/compiler/reconcile/spec-reasons.ts';
import { blankSpec } from '../../support/desired.ts';

const volume: MountSpec = {
  type: 'volume',
  source: 'shop-data',
  target: '/data',
  readOnly: true,
  noCopy: true,
  relabel: null,
  dataVolume: 'data',
};
const web = { containerPort: 80, hostPort: 8080, hostIp: '127.0.0.1', protocol: 'tcp' } as const;

describe('reasons', () => {
  test.each<[Partial<InstanceSpec>, Partial<InstanceSpec>, readonly string[]]>([
    [{}, { ports: [web] }, ['ports: null → 127.0.0.1:8080:80']],
    [
      { ports: [web] },
      { ports: [{ ...web, hostIp: null, hostPort: null, protocol: 'udp' }] },
      ['ports: 127.0.0.1:8080:80 → 80/udp'],
    ],
    [{ mounts: [volume] }, {}, ['volumes: shop-data:/data:ro → null']],
    [{ capAdd: ['NET_ADMIN'] }, { capAdd: ['NET_ADMIN', 'SYS_TIME'] }, ['cap_add: null → SYS_TIME']],
    [{ networks: ['a'] }, { networks: ['b'] }, ['networks: a → b']],
    [
      { labels: { a: '1', b: '2' } },
      { labels: { a: '1', b: '3', c: '4' } },
      ['label b: "2" → "3"', 'label c: null → "4"'],
    ],
    [{ tmpfs: { '/tmp': 'size=1m' } }, {}, ['tmpfs /tmp: "size=1m" → null']],
    [{}, { sysctls: { 'net.core.somaxconn': '1024' } }, ['sysctl net.core.somaxconn: null → "1024"']],
    [{ memory: 1024 }, { memory: null, readOnly: true }, ['memory: 1024 → null', 'read_only: false → true']],
    [{ restart: { name: 'no', maxRetries: 0 }, image: 'other', env: ['A'] }, {}, []],
  ])('%j → %j', (from, to, reasons) => {
    const found = specReasons({ ...blankSpec, ...to }, { ...blankSpec, ...from });
    expect(found.map((reason) => `${reason.field}: ${reason.from} → ${reason.to}`)).toEqual(reasons);
  });

  test('a list that differs in what its entries do not tell is shown whole', () => {
    const [reason] = specReasons(
      { ...blankSpec, mounts: [{ ...volume, relabel: 'shared' }] },
      { ...blankSpec, mounts: [volume] },
    );
    expect(reason?.to).toContain('"relabel":"shared"');
  });

  test('a label of an earlier version may lack a field', () => {
    const { networks: _, ...earlier } = blankSpec;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what such a label is read as
    expect(specReasons(blankSpec, earlier as InstanceSpec)).toEqual([
      { kind: 'field', field: 'networks', from: null, to: '[]' },
    ]);
  });
});

test('the settings of a spec are what it does not leave to the engine', () => {
  expect(specSettings(blankSpec)).toEqual([]);
  const set: InstanceSpec = {
    ...blankSpec,
    command: ['a', 'b c'],
    ports: [web],
    mounts: [volume],
    memory: 1024,
    readOnly: true,
    network: 'host',
    labels: { a: '1' },
  };
  expect(specSettings(set).map(({ field, value }) => `${field}: ${value}`)).toEqual([
    'command: ["a","b c"]',
    'volumes: shop-data:/data:ro',
    'ports: 127.0.0.1:8080:80',
    'network: "host"',
    'memory: 1024',
    'read_only: true',
    'label a: "1"',
  ]);
});
