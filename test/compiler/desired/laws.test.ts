import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { canonicalJson } from '../../../src/compiler/desired/canonical-json.ts';
import { requirements } from '../../../src/compiler/desired/requirements.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import type { Compiled } from '../../../src/compiler/diagnostic.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { Document, DocumentNode } from '../../../src/compiler/source/document.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { compile } from '../../../src/compiler/spec/compile.ts';
import { inputs } from '../spec/marked.ts';

const rich = `
name: shop
secrets: { TOKEN: { env: TOKEN }, KEY: { file: key } }
docker: { registries: { quay.io: { username: "%{env:U|u}", password: "%{secret:TOKEN}" } } }
logrotate: { forwarder: logspout0 }
deploy:
  shop:
    data_volumes: { socks: [/run/socks], data: { volumes: [/data] } }
    database: { adapter: pg, host: db, password: "%{secret:KEY}", port: 5432 }
    environment_variables: { LANG: C, RACK_ENV: "%{env:RACK_ENV|production}" }
    containers:
      - db: { deploy: manual, image: "postgres:16", volumes_from: [data], stop_timeout: 1m }
        app:
          deploy: auto
          image: app
          tag: 3
          containers: 3
          database: true
          links: ["db:sql"]
          volumes_from: [socks]
          command: "bundle exec puma -b unix:///run/socks/%{app_name}.sock"
          migration: { command: rake db:migrate, timeout: 5m }
          env: { A: 1, B: "%{secret:TOKEN}", C: "%{index}" }
          health: { path: /ping, status: "2xx", retries: 3 }
          labels: { x: "%{app_name}", y: true }
          ulimits: { nofile: 1024 }
          tmpfs: { /tmp: "" }
      - web: { deploy: auto, image: "nginx:1", ports: ["80:80", "443:443"], depends_on: [app], volumes_from: [app], strategy: { order: stop-first } }
      - job: { deploy: cron, image: "app:3", env_from: app, cron: { minute: 5, day: 1, weekday: mon, overlap: queue } }
      - logspout: { deploy: manual, image: "logspout:1", hostname: "%{opsworks}", volumes: ["/var/run/docker.sock:/tmp/docker.sock:ro"] }
`;

const known = {
  ...inputs,
  env: { RACK_ENV: 'staging' },
  secrets: { TOKEN: { value: 't' }, KEY: { value: 'k' } },
};

function document(text: string): Document {
  const parsed = parse(new SourceFile('stack.yaml', text, text.startsWith('{') ? 'json' : 'yaml'));
  if (!parsed.ok) throw new Error('it does not parse');
  return parsed.value;
}

function through(root: Document): Compiled<DesiredState> {
  const compiled = compile(root);
  if (!compiled.ok) return compiled;
  requirements(compiled.value);
  return resolve(compiled.value, known);
}

/** The result without places, which move when the text does. */
function meaning(result: Compiled<DesiredState>): string {
  return canonicalJson(
    result.ok
      ? { ...result.value, containers: result.value.containers.map((c) => ({ ...c, span: null })) }
      : result,
  );
}

const examples = [
  document(rich),
  document(readFileSync(new URL('../../support/opsworks-stack.json.txt', import.meta.url), 'utf8')),
];

/** Keys whose written order means something: what they name is worked on in that order. */
const ORDERED = new Set(['containers', 'deploy']);

function shuffled(node: DocumentNode, random: () => number, ordered = false): DocumentNode {
  if (node.kind === 'scalar') return node;
  if (node.kind === 'array') {
    return { ...node, items: node.items.map((item) => shuffled(item, random, ordered)) };
  }
  const properties = node.properties.map((p) => ({
    ...p,
    value: shuffled(p.value, random, ORDERED.has(p.key)),
  }));
  if (!ordered) {
    for (let i = properties.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      const [a, b] = [properties[i], properties[j]];
      if (a !== undefined && b !== undefined) [properties[i], properties[j]] = [b, a];
    }
  }
  return { ...node, properties };
}

/** All places of a tree. */
function paths(
  node: DocumentNode,
  at: readonly (string | number)[] = [],
): readonly (readonly (string | number)[])[] {
  if (node.kind === 'scalar') return [at];
  const below =
    node.kind === 'array'
      ? node.items.flatMap((item, i) => paths(item, [...at, i]))
      : node.properties.flatMap((p) => paths(p.value, [...at, p.key]));
  return [at, ...below];
}

function replaced(
  node: DocumentNode,
  at: readonly (string | number)[],
  by: (old: DocumentNode) => DocumentNode,
): DocumentNode {
  const [step, ...rest] = at;
  if (step === undefined) return by(node);
  if (node.kind === 'array') {
    return { ...node, items: node.items.map((item, i) => (i === step ? replaced(item, rest, by) : item)) };
  }
  if (node.kind === 'object') {
    return {
      ...node,
      properties: node.properties.map((p) =>
        p.key === step ? { ...p, value: replaced(p.value, rest, by) } : p,
      ),
    };
  }
  return node;
}

const range = { start: 0, end: 1 };
const scalar = fc
  .oneof(
    fc.constantFrom(
      '',
      '%{',
      '%{socket}',
      '%{app_name}',
      '%{secret:TOKEN}',
      '%{env:NOT_SET}',
      '"',
      '\\',
      'app',
      'db',
      'app0',
      'a:b:c',
      '/run/socks/%{app_name}.sock',
      ':',
      '1-2:3',
      '__proto__',
      '\0',
      null,
      true,
      -1,
      0,
      1e308,
      99_999,
    ),
    fc.string(),
    fc.double(),
  )
  .map((value): DocumentNode => ({ kind: 'scalar', range, value }));
const node: fc.Arbitrary<DocumentNode> = fc.letrec<{ node: DocumentNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('node'), { maxLength: 3 }).map((items): DocumentNode => ({ kind: 'array', range, items })),
    fc
      .uniqueArray(
        fc.tuple(
          fc.oneof(
            fc.string(),
            fc.constantFrom(
              'volumes',
              'env',
              'command',
              'image',
              'deploy',
              'cron',
              '__proto__',
              'constructor',
              'x-a',
            ),
          ),
          tie('node'),
        ),
        { maxLength: 3, selector: ([key]) => key },
      )
      .map(
        (members): DocumentNode => ({
          kind: 'object',
          range,
          properties: members.map(([key, value]) => ({ key, keyRange: range, value })),
        }),
      ),
  ),
})).node;

describe.each(examples.map((example) => [example.source.format, example] as const))(
  'laws (%s)',
  (_format, example) => {
    test('it compiles', () => {
      expect(through(example)).toMatchObject({ ok: true });
    });

    test('the same file gives the same bytes', () => {
      expect(JSON.stringify(through(example))).toBe(JSON.stringify(through(document(example.source.text))));
    });

    test('the written order of keys does not matter', () => {
      const expected = meaning(through(example));
      fc.assert(
        fc.property(
          fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
          (numbers) => {
            const random = () => numbers.next().value ?? 0;
            expect(meaning(through({ ...example, root: shuffled(example.root, random) }))).toBe(expected);
          },
        ),
        { numRuns: 50 },
      );
    });

    test('nothing that is written makes it throw', () => {
      const places = paths(example.root);
      const change = fc.tuple(fc.nat(places.length - 1), node);
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          let root = example.root;
          for (const [place, value] of changes) root = replaced(root, places[place] ?? [], () => value);
          const result = through({ ...example, root });
          if (!result.ok) expect(result.diagnostics.some(({ severity }) => severity === 'error')).toBe(true);
        }),
        { numRuns: 1500 },
      );
    });
  },
);

test('JSON and YAML mean the same', () => {
  const [, json] = examples;
  if (json === undefined) throw new Error('no example');
  const yaml = stringify(JSON.parse(json.source.text));
  expect(yaml.startsWith('{')).toBe(false);
  expect(meaning(through(document(yaml)))).toBe(meaning(through(json)));
});

test('canonical JSON sorts keys at every depth, and nothing else', () => {
  expect(canonicalJson({ b: [{ d: 1, c: undefined, a: null }], a: 'x' })).toBe(
    '{"a":"x","b":[{"a":null,"d":1}]}',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(JSON.parse(canonicalJson(value)))).toBe(canonicalJson(value));
    }),
  );
});

test('ten thousand instances take no time', () => {
  const containers = Object.fromEntries(
    Array.from({ length: 10 }, (_, i) => [
      `app-${i}-x`,
      {
        deploy: 'auto',
        image: 'a:1',
        containers: 1000,
        volumes_from: ['socks'],
        command: 'unicorn -l /run/socks/%{app_name}.sock',
        env: { A: 'x', N: '%{app_name}' },
      },
    ]),
  );
  const root = document(
    JSON.stringify({ deploy: { shop: { data_volumes: { socks: ['/run/socks'] }, containers } } }),
  );
  const before = performance.now();
  const result = through(root);
  const tookMs = performance.now() - before;
  expect(result.ok && result.value.containers.flatMap(({ instances }) => instances).length).toBe(10_000);
  // Ten times what it takes on an idle machine: what is meant is that no loop is quadratic.
  expect(tookMs).toBeLessThan(3000);
});
