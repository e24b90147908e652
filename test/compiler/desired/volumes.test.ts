import { describe, expect, test } from 'vitest';
import { desired, shop } from '../spec/marked.ts';
import { container, volumes } from './shop.ts';

describe('volumes', () => {
  test('are named by path, told apart by a hash where that is not enough', () => {
    const text = shop('app: { deploy: auto, image: "a:1", volumes_from: [data] }').replace(
      'containers:',
      'data_volumes: { data: [/var/lib, /var-lib, /Data, /data, /a_b] }\n    containers:',
    );
    expect(desired(text).volumes.map(({ name, path }) => `${path} ${name}`)).toEqual([
      '/a_b shop-data-a-b-80cf41',
      '/Data shop-data-data-535efa',
      '/data shop-data-data-fba658',
      '/var/lib shop-data-var-lib-164343',
      '/var-lib shop-data-var-lib-b1a28a',
    ]);
  });

  test('that exist already are taken as they are', () => {
    const dataMounts = {
      'shop/data': { '/data': { type: 'volume', source: 'f00d' } },
      'shop/socks': { '/run/socks': { type: 'bind', source: '/srv/socks' } },
    } as const;
    const state = desired(volumes(shop('app: { deploy: auto, image: "a:1", volumes_from: [data, socks] }')), {
      dataMounts,
    });
    expect(state.volumes).toEqual([
      { name: 'f00d', application: 'shop', dataVolume: 'data', path: '/data', adopted: true },
    ]);
    expect(state.containers[0]?.template.spec.mounts.map((m) => `${m.type} ${m.source} ${m.noCopy}`)).toEqual(
      ['volume f00d true', 'bind /srv/socks false'],
    );
  });

  test('of another container are taken over, its own winning', () => {
    const text = volumes(
      shop(`
a: { deploy: auto, image: "a:1", volumes_from: [data], volumes: ["/x:/x", "/y:/y:ro"] }
b: { deploy: auto, image: "a:1", volumes_from: ["a:ro"], volumes: ["/z:/x"] }`),
    );
    expect(
      container(text, 'b').template.spec.mounts.map((m) => `${m.source}:${m.target}:${m.readOnly}`),
    ).toEqual(['shop-data-data:/data:true', '/z:/x:false', '/y:/y:true']);
    expect(container(text, 'b').after).toEqual(['shop/a']);
  });

  test.each([
    ['[{ a: { volumes: [/a] }, b: { volumes: [/b] } }]'],
    ['[{ a: { volumes: [/a] } }, { b: { volumes: [/b] } }]'],
    ['{ a: { volumes: [/a] }, b: { volumes: [/b] } }'],
    ['{ a: [/a], b: [/b] }'],
    ['[{ a: [/a], b: { volumes: [/b] } }]'],
  ])('are read from %s', (shape) => {
    const text = shop('app: { deploy: auto, image: "x:1" }').replace(
      'containers:',
      `data_volumes: ${shape}\n    containers:`,
    );
    expect(desired(text).volumes.map(({ name }) => name)).toEqual(['shop-a-a', 'shop-b-b']);
  });
});
