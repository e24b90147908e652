import { describe, expect, test } from 'vitest';
import { compileText, diagnosticsOf, shop, unmark } from '../spec/marked.ts';
import { container } from './shop.ts';

const app = (keys: string) => shop(`app: { deploy: auto, image: "a:1", ${keys} }`);
const portsOf = (keys: string) =>
  container(app(keys), 'app').instances.map(({ spec }) =>
    spec.ports.map(({ hostPort, containerPort }) => `${hostPort}:${containerPort}`).join(' '),
  );

describe('ports of the host', () => {
  test('may vary by instance', () => {
    expect(portsOf('ports: ["808%{index}:8080"]')).toEqual(['8080:8080']);
    expect(portsOf('containers: 3, ports: ["808%{index}:80", "909%{index}:90"]')).toEqual([
      '8080:80 9090:90',
      '8081:80 9091:90',
      '8082:80 9092:90',
    ]);
  });

  test('are one for each address and protocol', () => {
    const fits = (...ports: readonly string[]) => {
      const list = ports.map((port) => `"${port}"`).join(', ');
      return diagnosticsOf(compileText(app(`ports: [${list}]`))).length === 0;
    };
    expect(fits('127.0.0.1:80:80', '127.0.0.2:80:81')).toBe(true);
    expect(fits('80:80', '80:81/udp')).toBe(true);
    expect(fits('0.0.0.0:80:80', '[::]:80:81')).toBe(true);
    expect(fits('127.0.0.1:80:80', '[::]:80:81')).toBe(true);
    expect(fits('127.0.0.1:80:80', '0.0.0.0:80:81')).toBe(false);
    expect(fits('[::1]:80:80', '[::]:80:81')).toBe(false);
    expect(fits('[::1]:80:80', '80:81')).toBe(false);
    expect(fits('127.0.0.1:80:80', '80:81')).toBe(false);
  });

  test.each([
    [
      'of one instance, twice',
      app('ports: ["80:80", «"80:81"»]'),
      'STK315 `app0` takes port 80/tcp of the host twice',
      'the first time',
      '"80:80"',
    ],
    [
      'of one instance, by a value that varies',
      app('ports: ["8080:80", «"808%{index}:81"»]'),
      'STK315 `app0` takes port 8080/tcp of the host twice',
      'the first time',
      '"8080:80"',
    ],
    [
      'of two instances, in one entry',
      app('containers: 2, ports: [«"80:80"»]'),
      'STK316 `app` has 2 instances, and only one can have port 80/tcp of the host',
      '`containers: 2`',
      '2',
    ],
    [
      'of two instances, in ranges of one entry',
      app('containers: 2, ports: [«"8080-808%{index}:80-8%{index}"»]'),
      'STK316 `app` has 2 instances, and only one can have port 8080/tcp of the host',
      '`containers: 2`',
      '2',
    ],
    [
      'of two instances, in two entries',
      app('containers: 2, ports: [«"80%{index}0:80"», "801%{index}:81"]'),
      'STK316 `app1` and `app0` both want port 8010/tcp of the host',
      'what `app0` wants',
      '"801%{index}:81"',
    ],
    [
      'of an instance and another container',
      shop(
        `app: { deploy: auto, image: "a:1", containers: 2, ports: ["808%{index}:80"] }\nb: { deploy: auto, image: "a:1", ports: [«"8081:80"»] }`,
      ),
      'STK315 port 8081/tcp of the host is taken by `app1`',
      'taken here',
      '"808%{index}:80"',
    ],
  ])('%s', (_title, marked, line, note, underlined) => {
    const { text, start, end } = unmark(marked);
    const found = diagnosticsOf(compileText(text));
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([line]);
    const [problem] = found;
    expect([problem?.span?.start.offset, problem?.span?.end.offset]).toEqual([start, end]);
    expect(
      problem?.related.map(({ message, span }) => [
        message,
        text.slice(span?.start.offset, span?.end.offset),
      ]),
    ).toEqual([[note, underlined]]);
  });
});
