import fc from 'fast-check';
import { expect, test } from 'vitest';

import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { instanceConfig } from '../../../src/compiler/plan/instance-config.ts';
import { importRunning } from '../../../src/compiler/import/import-running.ts';
import { renderJson, renderYaml } from '../../../src/compiler/import/render-file.ts';
import type { RunningContainer, RunningMount } from '../../../src/compiler/import/running.ts';
import { importNotes } from '../../../src/cli/render/import-notes.ts';
import { compileSource } from '../../../src/cli/stack-file.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { container, facts, IMAGE } from './facts.ts';

// Whatever an engine tells, the file that is made of it compiles, and holds no secret.

const SENTINEL = 'Sentinel7x!Qz';

const text = fc.oneof(
  fc.constantFrom(
    '',
    'app0',
    '50%',
    '%{host}',
    '%%{',
    '100%{index}',
    'no',
    '1.10',
    'a b',
    "it's",
    '"q"',
    '# x',
    '- y',
    'two\nlines',
    'é€😀',
    'tab\there',
    '\u0007',
    '{}',
    '[a, b]',
    '&a',
    '*a',
    '!t',
  ),
  fc.string({ maxLength: 12, unit: 'grapheme' }).map((made) => made.replaceAll('\0', '')),
);
const name = fc.oneof(
  fc.constantFrom(
    'app0',
    'app1',
    'app2',
    'app10',
    'app',
    'app00',
    'redis0',
    'x-note',
    'x-0',
    'shop-app-1',
    'shop_app_2',
    'a.b',
    'a-b',
    'A',
    'db',
    '0',
    'web-',
    'haproxy0',
    'app-0',
    'app-1',
  ),
  fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,8}$/),
);
const path = fc.oneof(
  fc.constantFrom('/data', '/a/b', '/with:colon', '/p%{x', '/run', '/'),
  fc.stringMatching(/^(\/[a-z]{1,4}){1,3}$/),
);
const project = fc.constantFrom('shop', 'my_shop', 'my-shop', 'x-y', '___', 'blog');
const port = fc.record({
  containerPort: fc.constantFrom(80, 81, 82, 83, 8080),
  hostPort: fc.option(fc.constantFrom(80, 81, 82, 83, 9000)),
  hostIp: fc.constantFrom(null, '0.0.0.0', '127.0.0.1', '::1', 'odd'),
  protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
});
const mount: fc.Arbitrary<RunningMount> = fc
  .record({
    type: fc.constantFrom('bind' as const, 'volume' as const),
    host: path,
    volume: fc.constantFrom('uploads', 'x', 'data', 'e'.repeat(64), 'f'.repeat(64)),
    target: path,
    readOnly: fc.boolean(),
    noCopy: fc.boolean(),
    relabel: fc.constantFrom(null, 'shared', 'private'),
    driver: fc.constantFrom('local', 'nfs'),
  })
  .map(({ host, volume, ...rest }) => ({
    ...rest,
    source: rest.type === 'bind' ? host : volume,
    anonymous: rest.type === 'volume' && volume.length === 64,
  }));
const variable = fc.oneof(
  fc
    .tuple(fc.constantFrom('A', 'DB_HOST', '__proto__', 'x-y', 'toString', 'RELEASE_TAG', 'é'), text)
    .map(([key, value]) => `${key}=${value}`),
  fc.constantFrom(
    `DB_PASSWORD=${SENTINEL}`,
    `URL=redis://:${SENTINEL}@db:6379`,
    'NOTHING',
    '=x',
    `S=${SENTINEL}`,
    `PLAIN=see ${SENTINEL}`,
  ),
  fc.constantFrom(
    'DB_ADAPTER=postgresql',
    'DB_DATABASE=shop',
    'DB_PORT=5432',
    'DB_RECONNECT=true',
    'DB_USERNAME=shop',
    'DB_HOST=app0',
    'DB_HOST=db',
  ),
);
const words = fc.array(
  fc.oneof(
    text,
    fc.constantFrom(
      '--password',
      `--token=${SENTINEL}`,
      SENTINEL,
      '/socks/app0.sock',
      '/socks/app1.sock',
      '//db:5432/x',
    ),
  ),
  { maxLength: 4 },
);
const record = fc.dictionary(
  fc.constantFrom(
    'a',
    'size',
    'max-size',
    'max-file',
    'splunk-token',
    'x-a',
    'net.core.somaxconn',
    '__proto__',
  ),
  fc.oneof(text, fc.constant(SENTINEL)),
  { maxKeys: 3 },
);
const distinct = <T>(list: readonly T[], key: (item: T) => string) => [
  ...new Map(list.map((item) => [key(item), item])).values(),
];

const anyContainer = fc
  .record(
    {
      image: fc.constantFrom(
        'shop:1',
        'shop',
        'aaaaaaaaaaaa',
        `sha256:${'b'.repeat(64)}`,
        'Odd Image',
        'host:5000/x/y@sha256:' + 'c'.repeat(64),
        'redis:7',
      ),
      imageId: fc.constantFrom(IMAGE.id, `sha256:${'b'.repeat(64)}`),
      state: fc.constantFrom('running', 'running', 'exited', 'created', 'paused', 'restarting', 'dead'),
      labels: fc.oneof(
        record,
        fc
          .tuple(project, name, fc.constantFrom('1', '2', 'x'), fc.constantFrom('', 'db:x:y,web:z:y', 'app0'))
          .map(([p, service, number, on]) => ({
            'com.docker.compose.project': p,
            'com.docker.compose.service': service,
            'com.docker.compose.container-number': number,
            'com.docker.compose.depends_on': on,
          })),
      ),
      env: fc
        .array(variable, { maxLength: 10 })
        .map((list) => distinct(list, (pair) => pair.split('=', 1)[0] ?? '')),
      command: words,
      entrypoint: words,
      user: text,
      workingDir: fc.oneof(path, text),
      hostname: fc.oneof(text, name, fc.constant('app0.box')),
      stopSignal: fc.constantFrom(null, 'SIGQUIT', 'ODD', '3'),
      stopTimeoutS: fc.constantFrom(null, 0, 30, -1, 100_000),
      health: fc.option(
        fc.record({
          test: fc.oneof(
            fc.constant(['NONE']),
            words.map((list) => ['CMD', ...list]),
            text.map((t) => ['CMD-SHELL', t]),
          ),
          intervalMs: fc.constantFrom(0, 1500.5, 30_000),
          timeoutMs: fc.constantFrom(0, 0.001, 2000, 1e9),
          startPeriodMs: fc.constantFrom(0, 5000),
          retries: fc.nat(5),
        }),
      ),
      restart: fc.record({
        name: fc.constantFrom('no', 'always', 'unless-stopped', 'on-failure'),
        maxRetries: fc.nat(3),
      }),
      networkMode: fc.constantFrom('default', 'host', 'none', 'front', 'container:abc'),
      networks: fc.array(
        fc.record({
          name: fc.constantFrom('front', 'lan', 'bridge'),
          aliases: fc.array(name, { maxLength: 2 }),
        }),
        { maxLength: 2 },
      ),
      links: fc.array(fc.record({ target: name, alias: name }), { maxLength: 2 }),
      mounts: fc.array(mount, { maxLength: 3 }).map((list) => distinct(list, ({ target }) => target)),
      volumesFrom: fc.array(fc.record({ container: name, readOnly: fc.boolean() }), { maxLength: 2 }),
      ports: fc.array(port, { maxLength: 4 }).map((list) => distinct(list, (p) => JSON.stringify(p))),
      log: fc.record({ driver: fc.constantFrom('json-file', 'syslog', ''), options: record }),
      memory: fc.constantFrom(null, 1, 1024 ** 3, 123_456_789),
      cpus: fc.constantFrom(null, 0.5, 1e-9, 5000),
      tmpfs: fc.dictionary(path, fc.constantFrom('', 'size=64m'), { maxKeys: 2 }),
      capAdd: fc.constantFrom([], ['CAP_NET_ADMIN'], ['odd one']),
      ulimits: fc.constantFrom(
        [],
        [{ name: 'nofile', soft: 1, hard: 2 }],
        [{ name: 'Odd', soft: -1, hard: -1 }],
      ),
      sysctls: record,
      devices: fc.constantFrom(
        [],
        [{ host: '/dev/fuse', container: '/dev/x', permissions: 'r' }],
        [{ host: 'c', container: '/y:z', permissions: '' }],
      ),
      securityOpt: fc.array(text, { maxLength: 2 }),
      extraHosts: fc.constantFrom([], ['a:10.0.0.1'], ['odd']),
      readOnly: fc.boolean(),
      init: fc.constantFrom(null, true, false),
      foreignOptions: fc.constantFrom([], ['--privileged']),
    },
    { requiredKeys: [] },
  )
  .map((more) => more as Partial<RunningContainer>);

const engines = fc
  .uniqueArray(fc.tuple(name, anyContainer), { maxLength: 6, minLength: 1, selector: ([called]) => called })
  // One says what the secret is: then it is one wherever it stands.
  .map((list) =>
    facts(
      container('keeper', { env: [`API_TOKEN=${SENTINEL}`] }),
      ...list.map(([called, more]) => container(called, more)),
    ),
  );

test('any engine gives a file that compiles, in YAML and in JSON, and that holds no secret', async () => {
  await fc.assert(
    fc.asyncProperty(engines, fc.constantFrom(null, 'shop'), async (seen, stack) => {
      const imported = importRunning(seen, { names: [], stack });
      if (imported.kind !== 'stack') return;
      const yaml = renderYaml(imported);
      const json = renderJson(imported);
      const notes = importNotes(imported, null).join('\n');
      for (const output of [yaml, json, notes]) expect(output).not.toContain(SENTINEL);
      await compileSource(new SourceFile('stack.yaml', yaml, 'yaml'), imported.stack).catch(
        (error: unknown) => {
          const found = error as { diagnostics?: readonly { code: string; message: string }[] };
          throw new Error(
            `${JSON.stringify(found.diagnostics?.filter((d) => (d as { severity?: string }).severity === 'error').map(({ code, message }) => `${code} ${message}`)) ?? String(error)}\n${yaml}`,
          );
        },
      );
      await compileSource(new SourceFile('stack.json', json, 'json'), imported.stack);
    }),
    { numRuns: 150 },
  );
});

const sane = fc.record({
  env: fc
    .array(
      fc
        .tuple(fc.constantFrom('A', 'B', 'NOTE', 'x-y', '__proto__'), text)
        .map(([key, value]) => `${key}=${value}`),
      { maxLength: 4 },
    )
    .map((list) => distinct([...list, ...IMAGE.env], (pair) => pair.split('=', 1)[0] ?? '')),
  command: fc.oneof(fc.constant(IMAGE.command), fc.array(text, { minLength: 1, maxLength: 4 })),
  entrypoint: fc.oneof(fc.constant(IMAGE.entrypoint), fc.array(text, { minLength: 1, maxLength: 3 })),
  mounts: fc
    .array(mount, { maxLength: 3 })
    .map((list) =>
      distinct(list, ({ target }) => target).filter(
        ({ source, target }) => isPlain(source) && isPlain(target),
      ),
    )
    .map((list) =>
      list.map((one) => ({
        ...one,
        relabel: one.type === 'bind' ? one.relabel : null,
        noCopy: one.type === 'volume' && one.noCopy,
      })),
    )
    .map((list) => list.sort((a, b) => (a.target < b.target ? -1 : 1))),
  ports: fc.array(port, { maxLength: 4 }).map((list) =>
    distinct(
      list.filter(({ hostIp }) => hostIp !== 'odd' && hostIp !== '0.0.0.0'),
      ({ hostPort, containerPort, protocol }) => `${hostPort ?? containerPort}${protocol}`,
    ),
  ),
  restart: fc.constantFrom(
    { name: 'no', maxRetries: 0 },
    { name: 'always', maxRetries: 0 },
    { name: 'unless-stopped', maxRetries: 0 },
    { name: 'on-failure', maxRetries: 3 },
  ),
  user: fc.constantFrom('', 'www-data', '1000:1000', '0'),
  memory: fc.constantFrom(null, 1, 1024 ** 3, 123_456_789),
  cpus: fc.constantFrom(null, 0.5, 2),
  readOnly: fc.boolean(),
});

function isPlain(place: string): boolean {
  return place !== '/' && !place.includes(':') && place !== 'x';
}

test('what is made of the file is what runs', async () => {
  await fc.assert(
    fc.asyncProperty(sane, fc.integer({ min: 1, max: 3 }), async (more, count) => {
      const ports = count === 1 ? more.ports : more.ports.map((one) => ({ ...one, hostPort: null }));
      const running = Array.from({ length: count }, (_, index) =>
        container(`app${index}`, {
          ...more,
          ports,
          command: [...more.command, `as app${index}`],
          env: [...more.env, `ME=${index}`],
        }),
      );
      const imported = importRunning(facts(...running), { names: [], stack: 'shop' });
      if (imported.kind !== 'stack') throw new Error(imported.kind);
      const spec = await compileSource(new SourceFile('stack.yaml', renderYaml(imported), 'yaml'), 'shop');
      const config = { ...IMAGE, healthcheck: false };
      const desired = resolve(spec, {
        images: { 'shop:1': { kind: 'local', id: IMAGE.id, config, warning: null } },
        env: {},
        secrets: {},
        host: { name: 'box', publicIp: null, logDriver: 'json-file' },
        dataMounts: {},
        files: {},
        builds: {},
      });
      if (!desired.ok) throw new Error(JSON.stringify(desired.diagnostics));
      const instances = desired.value.containers.flatMap((owner) =>
        owner.instances.map((instance) => ({ owner, instance })),
      );
      expect(instances.map(({ instance }) => instance.name)).toEqual(
        running.map(({ name: called }) => called),
      );
      for (const [index, { owner, instance }] of instances.entries()) {
        const its = running[index];
        const made = instanceConfig('shop', owner, instance, {
          generation: 1,
          name: instance.engineName,
          imageId: IMAGE.id,
        });
        const set = made.env.filter((pair) => !pair.startsWith('RELEASE_TAG='));
        const names = new Set(set.map((pair) => pair.split('=', 1)[0]));
        expect([...set, ...IMAGE.env.filter((pair) => !names.has(pair.split('=', 1)[0]))].sort()).toEqual(
          [...(its?.env ?? [])].sort(),
        );
        expect(made.entrypoint ?? IMAGE.entrypoint).toEqual(its?.entrypoint);
        expect(made.command).toEqual(its?.command);
        expect(made.user ?? '').toBe(its?.user);
        expect(instance.spec.restart).toEqual(its?.restart);
        expect([made.memory, made.cpus, made.readOnly]).toEqual([its?.memory, its?.cpus, its?.readOnly]);
        const mountTexts = (
          list: readonly Pick<
            RunningMount,
            'type' | 'source' | 'target' | 'readOnly' | 'noCopy' | 'relabel'
          >[],
        ) =>
          list.map(({ type, source, target, readOnly, noCopy, relabel }) => [
            type,
            source,
            target,
            readOnly,
            noCopy,
            relabel,
          ]);
        expect(mountTexts(made.mounts)).toEqual(mountTexts(its?.mounts ?? []));
        const sorted = (list: readonly object[]) =>
          list
            .map((entry) => JSON.stringify(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1))))
            .sort();
        expect(sorted(made.ports)).toEqual(sorted(its?.ports ?? []));
      }
    }),
    { numRuns: 150 },
  );
});
