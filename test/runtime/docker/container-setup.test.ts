import type { ContainerInspectInfo } from 'dockerode';
import { expect, test } from 'vitest';

import { setupOf } from '../../../src/runtime/docker/container-setup.ts';

const BASE = {
  Id: 'c'.repeat(64),
  Name: '/app0',
  Image: 'sha256:1',
  State: { Status: 'running', StartedAt: '2026-01-01T00:00:00Z' },
  Config: { Image: 'shop:1', Hostname: 'c'.repeat(12) },
  HostConfig: {},
  NetworkSettings: { Networks: {} },
};

function setup(host: object, more: object = {}): ReturnType<typeof setupOf> {
  return setupOf({ ...BASE, HostConfig: host, ...more } as unknown as ContainerInspectInfo);
}

test('reads ports, links and containers whose volumes are shared, as the engine writes them', () => {
  const read = setup(
    {
      PortBindings: {
        '80/tcp': [
          { HostIp: '', HostPort: '8080' },
          { HostIp: '::1', HostPort: '' },
        ],
        '53/udp': null,
      },
      PublishAllPorts: true,
      Links: ['/redis0:/app0/cache'],
      VolumesFrom: ['socks', 'static:ro', 'both:z,ro'],
    },
    { Config: { ...BASE.Config, ExposedPorts: { '80/tcp': {}, '443/tcp': {} } } },
  );
  expect(read.ports).toEqual([
    { containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' },
    { containerPort: 80, hostPort: null, hostIp: '::1', protocol: 'tcp' },
    { containerPort: 443, hostPort: null, hostIp: null, protocol: 'tcp' },
  ]);
  expect(read.links).toEqual([{ target: 'redis0', alias: 'cache' }]);
  expect(read.volumesFrom).toEqual([
    { container: 'socks', readOnly: false },
    { container: 'static', readOnly: true },
    { container: 'both', readOnly: true },
  ]);
});

test('tells volumes with a name from those without, and what lies in memory', () => {
  const hash = 'e'.repeat(64);
  const read = setup(
    {
      Mounts: [{ Type: 'tmpfs', Target: '/run', TmpfsOptions: { SizeBytes: 1024, Mode: 0o1777 } }],
      Tmpfs: { '/tmp': '' },
    },
    {
      Mounts: [
        {
          Type: 'volume',
          Name: hash,
          Source: '/var/lib/docker/x',
          Destination: '/data',
          Driver: 'local',
          Mode: 'z',
          RW: true,
        },
        {
          Type: 'volume',
          Name: 'up',
          Source: '/y',
          Destination: '/b',
          Driver: 'nfs',
          Mode: 'nocopy',
          RW: true,
        },
        { Type: 'bind', Source: '/etc/shop', Destination: '/a', Mode: 'ro,Z', RW: false },
        { Type: 'tmpfs', Source: '', Destination: '/run', Mode: '', RW: true },
      ],
    },
  );
  expect(read.mounts).toEqual([
    {
      type: 'bind',
      source: '/etc/shop',
      target: '/a',
      readOnly: true,
      noCopy: false,
      relabel: 'private',
      anonymous: false,
      driver: '',
    },
    {
      type: 'volume',
      source: 'up',
      target: '/b',
      readOnly: false,
      noCopy: true,
      relabel: null,
      anonymous: false,
      driver: 'nfs',
    },
    {
      type: 'volume',
      source: hash,
      target: '/data',
      readOnly: false,
      noCopy: false,
      relabel: null,
      anonymous: true,
      driver: 'local',
    },
  ]);
  expect(read.tmpfs).toEqual({ '/tmp': '', '/run': 'size=1024,mode=1777' });
});

test('names the options that no stack file has, and leaves out what every container has', () => {
  const usual = {
    IpcMode: 'private',
    CgroupnsMode: 'private',
    Runtime: 'runc',
    MaskedPaths: ['/proc/kcore'],
    MemorySwappiness: -1,
  };
  expect(setup({ ...usual, Memory: 1024, MemorySwap: 2048 }).foreignOptions).toEqual([]);
  const odd = {
    ...usual,
    Privileged: true,
    PidMode: 'host',
    IpcMode: 'host',
    GroupAdd: ['audio', '44'],
    DeviceRequests: [{}],
    StorageOpt: { secret: 'value' },
    AutoRemove: true,
    Memory: 1024,
    MemorySwap: -1,
    MaskedPaths: [],
    PortBindings: {
      '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }],
      '53/udp': [
        { HostIp: '::1', HostPort: '53-54' },
        { HostIp: '', HostPort: '5353' },
      ],
      '81/tcp': null,
    },
  };
  const networks = { NetworkSettings: { Networks: { lan: { IPAMConfig: { IPv4Address: '10.0.0.9' } } } } };
  expect(setup(odd, networks).foreignOptions).toEqual([
    '--privileged',
    '--pid=host',
    '--ipc=host',
    '--gpus',
    '--group-add=audio',
    '--group-add=44',
    '--storage-opt',
    '--rm',
    '--memory-swap=-1',
    '--publish=8000-8010:80',
    '--publish=[::1]:53-54:53/udp',
    '--ip=10.0.0.9 (on lan)',
  ]);
});

test('a quota of the processor is a number of processors', () => {
  expect(setup({ CpuQuota: 150_000, CpuPeriod: 100_000 }).cpus).toBe(1.5);
  expect(setup({ NanoCpus: 500_000_000 }).cpus).toBe(0.5);
});
