import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { stackFiles } from './by-schema.ts';
import { inTime, runs } from './runs.ts';
import { wholeWay } from './whole-way.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const example = readFileSync(new URL('../../../examples/stack.json', import.meta.url));
const published = readFileSync(new URL('../../support/opsworks-stack.json.txt', import.meta.url));
const yaml = utf8(`
x-base: &base {deploy: auto, image: "app:%{env:TAG|1}", env: {A: 1, B: two}}
secrets: {TOKEN: {env: TOKEN}}
deploy:
  shop:
    data_volumes: {socks: [/run/socks], files: {volumes: [/var/files]}}
    containers:
      - app: {<<: *base, containers: 2, volumes_from: [socks], socket: "/run/socks/%{app_name}.sock", env: {LISTEN: "%{socket}", T: "%{secret:TOKEN}"}}
      - worker: {<<: *base, env_from: app, quiet_signal: TSTP, strategy: {order: auto, batch: 2}}
      - db: {<<: *base, deploy: manual, volumes_from: [files], migration: [migrate, "1"]}
`);

test('whatever stands where the schema has a place for it, there is a plan or there are diagnostics', () => {
  const came = { plan: 0, diagnostics: 0 };
  fc.assert(
    fc.property(stackFiles(), (written) => {
      const text = JSON.stringify(written);
      came[inTime(() => wholeWay('stack.json', utf8(text)))] += 1;
    }),
    runs(600),
  );
  // Were it only ever one of them, the other would not be tested.
  expect(Math.min(came.plan, came.diagnostics)).toBeGreaterThan(10);
}, 3_600_000);

/** One change of a file's bytes. */
type Edit = (bytes: Uint8Array) => Uint8Array;

const splice =
  (at: number, length: number, put: Uint8Array): Edit =>
  (bytes) => {
    const start = at % (bytes.length + 1);
    return new Uint8Array([...bytes.subarray(0, start), ...put, ...bytes.subarray(start + length)]);
  };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(
    ([at, bit]): Edit =>
      (bytes) =>
        bytes.map((byte, i) => (i === at % Math.max(1, bytes.length) ? byte ^ (1 << bit) : byte)),
  ),
  fc.nat().map(
    (at): Edit =>
      (bytes) =>
        bytes.subarray(0, at % (bytes.length + 1)),
  ),
  fc
    .tuple(fc.nat(), fc.nat({ max: 60 }), fc.uint8Array({ maxLength: 6 }))
    .map(([at, length, put]) => splice(at, length, put)),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom(
        [0],
        [0xef, 0xbb, 0xbf],
        [0xff, 0xfe],
        [0xc0, 0x80],
        [0xed, 0xa0, 0x80],
        [0xf4, 0x90, 0x80, 0x80],
        [0x0d],
        [0x1b, 0x5b],
        [0xe2, 0x80, 0xae],
        [0x7f],
      ),
    )
    .map(([at, put]) => splice(at, 0, new Uint8Array(put))),
  // A stretch of it once more, somewhere else.
  fc.tuple(fc.nat(), fc.nat({ max: 200 }), fc.nat()).map(
    ([from, length, at]): Edit =>
      (bytes) =>
        splice(at, 0, bytes.slice(from % (bytes.length + 1)).subarray(0, length))(bytes),
  ),
);

test('whatever becomes of the bytes of a file, there is a plan or there are diagnostics', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(
        ['stack.json', example] as const,
        ['stack.json', published] as const,
        ['stack.yaml', yaml] as const,
      ),
      fc.array(edit, { minLength: 1, maxLength: 4 }),
      ([path, bytes], edits) => {
        const changed = edits.reduce<Uint8Array>((now, change) => change(now), bytes);
        inTime(() => wholeWay(path, changed));
      },
    ),
    runs(500),
  );
}, 3_600_000);
