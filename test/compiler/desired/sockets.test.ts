import { describe, expect, test } from 'vitest';
import { RELEASE_HOLE, SOCKET_HOLE } from '../../../src/compiler/desired/desired-state.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { brief, inputs, shop, spec } from '../spec/marked.ts';
import { container, volumes } from './shop.ts';

const withSocket = (keys: string, count = 1) =>
  container(
    volumes(
      shop(`app: { deploy: auto, image: "a:1", containers: ${count}, volumes_from: [socks], ${keys} }`),
    ),
    'app',
  );

describe('sockets', () => {
  test.each([
    ['unicorn -l /run/socks/%{app_name}.sock', ['unicorn', '-l', SOCKET_HOLE]],
    ['unicorn -l/run/socks/%{app_name}.sock', ['unicorn', `-l${SOCKET_HOLE}`]],
    ['gunicorn --bind=unix:/run/socks/%{app_name}.sock', ['gunicorn', `--bind=unix:${SOCKET_HOLE}`]],
    [
      'puma -b unix:///run/socks/%{app_name}.sock?umask=0111',
      ['puma', '-b', `unix://${SOCKET_HOLE}?umask=0111`],
    ],
  ])('is inferred from %s', (command, real) => {
    const { template } = withSocket(`command: "${command}"`);
    expect(template.command).toEqual(real);
    expect(template.socket).toEqual({
      published: '/run/socks/app0.sock',
      directory: '/run/socks',
      volume: 'shop-socks-run-socks',
      volumePath: '',
      inferred: true,
      movable: true,
    });
  });

  test.each([
    ['serve /run/socks/app.sock'],
    ['serve /tmp/%{app_name}.sock'],
    ['serve /run/socks/%{app_name}.socket'],
    ['serve /run/socks/%{app_name}.sock.pid'],
    ['serve /run/socks/%{app_name}.sock /run/socks/%{app_name}-admin.sock'],
    ['serve /run/socks/../%{app_name}.sock'],
  ])('is not inferred from %s', (command) => {
    expect(withSocket(`command: "${command}"`).template.socket).toBeNull();
  });

  test('is found again in words and variables, whole and alone', () => {
    const { template } = withSocket(
      'socket: "/run/socks/a/%{app_name}.sock", command: "x /run/socks/a/app0.sock /host/run/socks/a/app0.sock /run/socks/a/app0.sock.pid", env: { S: "unix:/run/socks/a/app0.sock" }, health: { command: "check %{socket}" }',
    );
    expect(template.command).toEqual([
      'x',
      SOCKET_HOLE,
      '/host/run/socks/a/app0.sock',
      '/run/socks/a/app0.sock.pid',
    ]);
    expect(template.spec.command?.[1]).toBe('%{socket}');
    expect(template.env[1]?.value).toBe(`unix:${SOCKET_HOLE}`);
    expect(template.gate).toMatchObject({ kind: 'command', command: ['check', SOCKET_HOLE] });
    expect(template.socket).toMatchObject({ volumePath: 'a', directory: '/run/socks/a', inferred: false });
  });

  test('that nothing names cannot move, and stops first', () => {
    const { template, strategy } = withSocket('socket: /run/socks/app.sock');
    expect(template.socket?.movable).toBe(false);
    expect(strategy).toEqual({
      order: 'stop-first',
      why: 'its socket cannot move',
      batch: 1,
      surge: 2,
      onlyPorts: false,
    });
  });

  test('differs in every instance', () => {
    const { instances } = withSocket(
      'socket: "/run/socks/%{app_name}.sock", env: { S: "%{socket}", N: "%{index}" }',
      3,
    );
    expect(instances.map((one) => one.socket?.published)).toEqual(
      [0, 1, 2].map((i) => `/run/socks/app${i}.sock`),
    );
    expect(instances[2]?.env.map(({ value }) => value)).toEqual(['2', RELEASE_HOLE, SOCKET_HOLE]);
  });

  test('in a folder of the host, which an earlier tool left, is a problem', () => {
    const text = volumes(
      shop(
        'app: { deploy: auto, image: "a:1", volumes_from: [socks], command: "x %{socket}", socket: "/run/socks/a.sock" }',
      ),
    );
    const resolved = resolve(spec(text), {
      ...inputs,
      dataMounts: { 'shop/socks': { '/run/socks': { type: 'bind', source: '/srv/socks' } } },
    });
    expect(resolved.ok ? [] : brief(resolved.diagnostics)).toEqual([
      'STK322 5:97 the socket `/run/socks/a.sock` lies in `/srv/socks`, a folder of the host',
    ]);
  });
});
