import { describe, expect, test } from 'vitest';
import { inputs } from '../spec/marked.ts';
import { app } from './shop.ts';

const log = (keys: string, driver = 'json-file') =>
  app(keys, { host: { ...inputs.host, logDriver: driver } }, 'logrotate: { forwarder: app0 }').log;

describe('fields', () => {
  test('are read as the engine wants them, sets sorted', () => {
    const { spec: s } = app(
      `user: 1000, working_dir: /app/, memory: 512m, cpus: 1.5, shm_size: 64m, read_only: true, init: true, platform: linux/amd64,
      tmpfs: { /run: "size=64m", /tmp: "" }, cap_add: [NET_ADMIN, cap_chown], cap_drop: [all], ulimits: { nofile: 1024, nproc: { soft: 1, hard: 2 } },
      sysctls: { net.core.somaxconn: 1024 }, devices: ["/dev/fuse", "/dev/a:/dev/b:r"], security_opt: ["no-new-privileges", "apparmor=x"],
      extra_hosts: { db: 10.0.0.5, gw: host-gateway }, labels: { b: 1, a: "%{app_name}" }, networks: [zeta, alpha], restart: "on-failure:3",
      ports: ["443", "80:80", "80:80/udp"], hostname: "%{opsworks}"`,
    );
    expect(s).toMatchObject({
      user: '1000',
      workingDir: '/app',
      memory: 536_870_912,
      cpus: 1.5,
      shmSize: 67_108_864,
      readOnly: true,
      init: true,
      platform: 'linux/amd64',
      tmpfs: { '/run': 'size=64m', '/tmp': '' },
      capAdd: ['CHOWN', 'NET_ADMIN'],
      capDrop: ['ALL'],
      ulimits: [
        { name: 'nofile', soft: 1024, hard: 1024 },
        { name: 'nproc', soft: 1, hard: 2 },
      ],
      sysctls: { 'net.core.somaxconn': '1024' },
      devices: [
        { host: '/dev/a', container: '/dev/b', permissions: 'r' },
        { host: '/dev/fuse', container: '/dev/fuse', permissions: 'rwm' },
      ],
      securityOpt: ['apparmor=x', 'no-new-privileges'],
      extraHosts: ['db:10.0.0.5', 'gw:host-gateway'],
      labels: { a: 'app0', b: '1' },
      networks: ['alpha', 'zeta'],
      restart: { name: 'on-failure', maxRetries: 3 },
      hostname: 'shop-web1',
    });
    expect(s.ports.map((p) => `${p.hostPort ?? ''}:${p.containerPort}/${p.protocol}`)).toEqual([
      '80:80/tcp',
      '80:80/udp',
      ':443/tcp',
    ]);
  });

  test('the host name is the instance on its host, unless it is the host', () => {
    expect(app('user: x').hostname).toBe('app0.web1');
    expect(app('network: host').hostname).toBeNull();
    expect(app('user: x', { host: { ...inputs.host, name: 'h'.repeat(70) } }).hostname).toBe('app0');
  });

  test('log limits come with a forwarder, where the driver knows them', () => {
    expect(log('user: x')).toEqual({ driver: null, options: { 'max-file': '7', 'max-size': '10m' } });
    expect(log('log: { max-size: 1m, options: { tag: "%{app_name}" } }')).toEqual({
      driver: null,
      options: { 'max-file': '7', 'max-size': '1m', tag: 'app0' },
    });
    expect(log('user: x', 'journald')).toBeNull();
    expect(log('log: { driver: local }', 'journald')).toEqual({
      driver: 'local',
      options: { 'max-file': '7', 'max-size': '10m' },
    });
    expect(log('log: { driver: syslog }')).toEqual({ driver: 'syslog', options: {} });
    expect(app('user: x').log).toBeNull();
  });
});
