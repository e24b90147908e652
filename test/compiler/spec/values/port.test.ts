import { expect, test } from 'vitest';
import { isIpv6 } from '../../../../src/compiler/spec/values/ip-address.ts';
import { parsePorts } from '../../../../src/compiler/spec/values/port.ts';
import { outcome } from './outcome.ts';

/** `address:host:container/protocol`, the absent as `-`. */
function shown(text: string): readonly string[] | string {
  const ports = outcome(text, parsePorts(text));
  return typeof ports === 'string'
    ? ports
    : ports.map((p) => `${p.hostIp ?? '-'} ${p.hostPort ?? '-'} ${p.containerPort}/${p.protocol}`);
}

test.each([
  ['80', ['- - 80/tcp']],
  ['80/udp', ['- - 80/udp']],
  ['8080:80', ['- 8080 80/tcp']],
  ['0:80', ['- - 80/tcp']],
  ['127.0.0.1:8080:80', ['127.0.0.1 8080 80/tcp']],
  ['127.0.0.1::80', ['127.0.0.1 - 80/tcp']],
  ['[::1]:8080:80/sctp', ['::1 8080 80/sctp']],
  ['8000-8002', ['- - 8000/tcp', '- - 8001/tcp', '- - 8002/tcp']],
  ['9000-9001:8000-8001/udp', ['- 9000 8000/udp', '- 9001 8001/udp']],
])('%s', (text, expected) => {
  expect(shown(text)).toEqual(expected);
});

test.each([
  ['', '«»: a port is missing'],
  ['http', '«http»: `http` is not a port'],
  ['8080:http', '8080:«http»: `http` is not a port'],
  ['web:80', '«web»:80: `web` is not a port'],
  ['8080:0', '8080:«0»: `0` is not a port'],
  ['65536', '«65536»: `65536` is not a port'],
  ['90-80', '«90-80»: `90-80` is not a port'],
  ['80/tpc', '80«/tpc»: `tpc` is not a protocol'],
  ['localhost:80:80', '«localhost»:80:80: `localhost` is not an address'],
  ['1.2.3.400:80:80', '«1.2.3.400»:80:80: `1.2.3.400` is not an address'],
  ['[::g]:80:80', '«[::g]»:80:80: `[::g]` is not an address'],
  ['8000-8010:80', '«8000-8010:80»: 11 ports of the host cannot lead to 1 of the container'],
])('%j is a problem', (text, problem) => {
  expect(shown(text)).toBe(problem);
});

test.each([
  ['::', true],
  ['::1', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1::8', true],
  ['::ffff:1.2.3.4', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['1:2:3:4:5:6:7:8:9', false],
  ['12345::', false],
  ['1.2.3.4', false],
])('IPv6 %s: %s', (text, sound) => {
  expect(isIpv6(text)).toBe(sound);
});
