import type { ContainerInspectInfo } from 'dockerode';
import { describe, expect, test } from 'vitest';

import { cloneRequest } from '../../../src/runtime/docker/clone-container.ts';

const ID = 'c0ffee0123456789'.repeat(4);

/** What the engine tells of a container of two networks. */
function row(more: object = {}): ContainerInspectInfo {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as far as it is read
  return {
    Id: ID,
    Image: 'sha256:abc',
    Config: {
      Hostname: ID.slice(0, 12),
      Domainname: 'example.org',
      Env: ['A=1', 'TOKEN=secret'],
      Image: 'shop:2',
      ExposedPorts: { '80/tcp': {} },
      Labels: { old: 'yes' },
      MacAddress: '02:42:ac:11:00:02',
      StopTimeout: 5,
    },
    HostConfig: {
      NetworkMode: 'shop',
      VolumesFrom: ['data:ro'],
      Mounts: [{ Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { NoCopy: true } }],
      PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      PublishAllPorts: true,
      AutoRemove: true,
      RestartPolicy: { Name: 'always', MaximumRetryCount: 0 },
      ContainerIDFile: '/tmp/id',
    },
    NetworkSettings: {
      Networks: {
        beside: { Aliases: ['b', ID.slice(0, 12)], IPAMConfig: { IPv4Address: '10.0.0.9' } },
        shop: { Links: ['db:database'], Aliases: [ID.slice(0, 12)] },
      },
    },
    ...more,
  } as unknown as ContainerInspectInfo;
}

describe('the create call of a clone', () => {
  const { create, joins, env } = cloneRequest(row(), { name: 'shop-backup.run.3', labels: { new: 'yes' } });
  const { _query: query, _body: body } = create;

  test('names it, and takes the image by its id', () => {
    expect(query).toEqual({ name: 'shop-backup.run.3' });
    expect(body).toMatchObject({ Image: 'sha256:abc', Labels: { new: 'yes' }, StopTimeout: 5 });
    expect(body['Labels']).toEqual({ new: 'yes' });
  });

  test('has its own host name where nobody has said one, and what was said otherwise', () => {
    expect(body).not.toHaveProperty('Hostname');
    expect(body).toMatchObject({ Domainname: 'example.org' });
    const said = row();
    said.Config.Hostname = 'front';
    expect(cloneRequest(said, { name: 'a', labels: {} })).toMatchObject({
      create: { _body: { Hostname: 'front' } },
    });
  });

  test('keeps mounts, and lets no port, address, restart or removal go with it', () => {
    expect(body).not.toHaveProperty('ExposedPorts');
    expect(body['MacAddress']).toBeUndefined();
    expect(body['HostConfig']).toEqual({
      NetworkMode: 'shop',
      VolumesFrom: ['data:ro'],
      Mounts: [{ Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { NoCopy: true } }],
      PortBindings: {},
      PublishAllPorts: false,
      AutoRemove: false,
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      ContainerIDFile: '',
    });
  });

  test('begins on one network, with its links, and joins the others', () => {
    expect(body['NetworkingConfig']).toEqual({
      EndpointsConfig: { shop: { Links: ['db:database'], Aliases: [] } },
    });
    expect(joins).toEqual([['beside', { Aliases: ['b'] }]]);
  });

  test.each(['host', 'none', 'container:abc'])('joins no other network from %s', (mode) => {
    const fixed = row({ HostConfig: { NetworkMode: mode }, NetworkSettings: { Networks: { [mode]: {} } } });
    expect(cloneRequest(fixed, { name: 'a', labels: {} }).joins).toEqual([]);
  });

  test('tells the environment, for what must not be shown', () => {
    expect(env).toEqual(['A=1', 'TOKEN=secret']);
    expect(JSON.stringify(query)).not.toContain('secret');
  });
});
