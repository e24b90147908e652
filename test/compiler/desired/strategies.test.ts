import { describe, expect, test } from 'vitest';
import { compileText, diagnosticsOf, shop } from '../spec/marked.ts';
import { container, volumes } from './shop.ts';

const strategyWith = (keys: string, others = '', image = 'a:1') =>
  container(volumes(shop(`app: { deploy: auto, image: "${image}", ${keys} }\n${others}`)), 'app').strategy;

describe('strategies', () => {
  test.each([
    ['nothing in the way', 'user: x', '', 'a:1', 'start-first', 'two generations can live side by side'],
    [
      'the only writer',
      'volumes_from: [data]',
      '',
      'a:1',
      'stop-first',
      'only it writes the data volume `data`',
    ],
    [
      'read only',
      'volumes_from: ["data:ro"]',
      '',
      'a:1',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'one of two mounters',
      'volumes_from: [data]',
      'b: { deploy: auto, image: "a:1", volumes_from: ["data:ro"] }',
      'a:1',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'several instances share it',
      'containers: 2, volumes_from: [data]',
      '',
      'a:1',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'a volume for each',
      'containers: 2, volumes: ["up%{index}:/up"]',
      '',
      'a:1',
      'stop-first',
      'only it writes the volume `up0`',
    ],
    [
      'a folder of the host',
      'volumes: ["/srv:/srv"]',
      '',
      'a:1',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'a database in one',
      'volumes: ["/srv:/srv"]',
      '',
      'library/postgres:16',
      'stop-first',
      'postgres keeps its files in `/srv`',
    ],
    [
      'a database whose files a backup mounts',
      'volumes_from: [data]',
      'b: { deploy: cron, image: "a:1", cron: "0 3 * * *", volumes_from: ["data:ro"] }',
      'postgres:16',
      'stop-first',
      'postgres keeps its files in the data volume `data`',
    ],
    [
      'a database without files',
      'user: x',
      '',
      'redis:7',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'redis with data',
      'volumes_from: [data]',
      '',
      'my/redis:7',
      'stop-first',
      'redis keeps its files in the data volume `data`',
    ],
    [
      'no database of that name',
      'volumes: ["/srv:/srv"]',
      '',
      'redis-exporter:1',
      'start-first',
      'two generations can live side by side',
    ],
    ['a host port', 'ports: ["80:80"]', '', 'a:1', 'stop-first', 'it publishes port 80 of the host'],
    [
      'a port that the engine chooses',
      'ports: ["80"]',
      '',
      'a:1',
      'start-first',
      'two generations can live side by side',
    ],
    [
      'the network of the host',
      'network: host, port: 80',
      '',
      'a:1',
      'stop-first',
      'it listens on port 80 of the host',
    ],
    [
      'the network of the host, and asked there',
      'network: host, health: { path: /, port: 80 }',
      '',
      'a:1',
      'stop-first',
      'it listens on port 80 of the host',
    ],
    [
      'a balancer in the network of the host, of which nobody knows how it binds',
      'network: host, port: 80',
      '',
      'haproxy:2.8',
      'stop-first',
      'it listens on port 80 of the host',
    ],
    [
      'a balancer in the network of the host, as written',
      'network: host, port: 80, strategy: { order: start-first }',
      '',
      'haproxy:2.8',
      'start-first',
      'as written',
    ],
    ['as written', 'strategy: { order: stop-first }', '', 'a:1', 'stop-first', 'as written'],
    ['no room beside', 'strategy: { surge: 0 }', '', 'a:1', 'stop-first', 'as `surge: 0` says'],
  ])('%s', (_title, keys, others, image, order, why) => {
    expect(strategyWith(keys, others, image)).toMatchObject({ order, why, batch: 1, surge: 2 });
  });

  test.each([
    ['a port of the host', 'ports: ["8080:80"]', true],
    [
      'a port of the host, stop-first as written',
      'ports: ["8080:80"], strategy: { order: stop-first }',
      false,
    ],
    ['a port of the host, and no room beside', 'ports: ["8080:80"], strategy: { surge: 0 }', false],
    ['no port of the host', 'ports: ["80"]', false],
  ])('%s: whether only that is in the way of two generations', (_, keys, onlyPorts) => {
    expect(strategyWith(keys, '', 'a:1')).toMatchObject({ onlyPorts });
  });

  test('a database stops first, whatever port it moves to', () => {
    expect(strategyWith('ports: ["8080:80"], volumes: ["/data:/data"]', '', 'postgres:16')).toMatchObject({
      onlyPorts: false,
    });
  });

  test('its own socket is no data', () => {
    const text = volumes(
      shop(
        'app: { deploy: auto, image: "a:1", volumes_from: [socks], command: "x /run/socks/%{app_name}.sock", strategy: { batch: 3 } }',
      ),
    );
    expect(container(text, 'app').strategy).toEqual({
      order: 'start-first',
      why: 'each generation has its own socket',
      onlyPorts: false,
      batch: 3,
      surge: 6,
    });
  });

  test.each<[string, string, string, readonly string[]]>([
    ['a haproxy shares a port of the host', 'entrypoint: [haproxy, -db]', 'a:1', []],
    ['an nginx does', 'command: [nginx]', 'a:1', []],
    ['an image of that name does', 'user: x', 'nginx:1.27', []],
    ['anything else may not', 'command: [node, x.js]', 'a:1', ['it listens on port 80 of the host']],
    [
      'its files are another matter',
      'volumes_from: [data]',
      'haproxy:2.8',
      ['only it writes the data volume `data`'],
    ],
  ])('%s', (_, keys, image, whys) => {
    const given = `deploy: auto, image: "${image}", network: host, port: 80, strategy: { order: start-first }`;
    const text = volumes(shop(`app: { ${given}, ${keys} }`));
    const problems = diagnosticsOf(compileText(text));
    expect(problems.filter(({ code }) => code === 'STK361').map(({ message }) => message)).toEqual(
      whys.map((why) => `\`start-first\` may not work for \`app\`: ${why}`),
    );
  });
});
