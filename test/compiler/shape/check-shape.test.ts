import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkShape } from '../../../src/compiler/shape/check-shape.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { line } from '../source/table.ts';

function shapeOf(text: string): readonly string[] {
  const source = new SourceFile('stack', text, text.startsWith('{') ? 'json' : 'yaml');
  const parsed = parse(source);
  if (!parsed.ok) throw new Error(parsed.diagnostics.map(line).join('\n'));
  return checkShape(parsed.value).map(line);
}

/** A container of one key, or more, at line 4, keys at column 9. */
const container = (text: string) =>
  shapeOf(`deploy:\n  shop:\n    containers:\n      app: {image: x, ${text}}\n`);
/** A whole file of one application; the text follows at line 4, column 1. */
const stack = (text: string) => shapeOf(`deploy:\n  shop:\n    containers: {app: {image: x}}\n${text}`);

test.each([
  '../../support/opsworks-stack.json.txt',
  '../../../examples/stack.json',
  '../../../examples/discovery/stack.json',
])('%s has no problem', (path) => {
  expect(shapeOf(readFileSync(new URL(path, import.meta.url), 'utf8'))).toEqual([]);
});

describe('what is right', () => {
  test.each([
    'database: "true"',
    'database: "false"',
    'containers: "3"',
    'env: {A: 1, B: true, C: x, x-d: 5}',
    'command: [a, b, 1]',
    'command: a b',
    'ports: ["%{env:PORT}:80", 443]',
    'restart: "on-failure:3"',
    'stop_timeout: 1.5',
    'stop_timeout: 500ms',
    'migration: a',
    'migration: [a]',
    'migration: {command: a, timeout: 1m}',
    'cron: "* * * * *"',
    'cron: {hour: 3, weekday: mon}',
    'ulimits: {nofile: 5, nproc: {soft: 1, hard: -1}}',
    'files: {/a: text, /b: {file: c, reload: {signal: HUP}}}',
    'tmpfs: {/tmp: size=1m}',
    'x-anything: {at: [all]}',
    'deploy: auto',
    'network: host',
  ])('%s', (text) => {
    expect(container(text)).toEqual([]);
  });

  test.each([
    '[{a: {volumes: [/x]}, b: {volumes: [/y]}}]',
    '[{a: [/x]}, {b: {volumes: []}}]',
    '{a: {volumes: [/x]}}',
    '{a: [/x]}',
    '{a: [/x], x-b: 5}',
  ])('data_volumes: %s', (text) => {
    expect(stack(`    data_volumes: ${text}`)).toEqual([]);
  });

  test.each([
    'name: shop',
    '$schema: ./stack.schema.json',
    'secrets: {A: {env: A}, B: {file: b}, C: {command: [sops, -d, c]}}',
    'docker: {registries: {quay.io: {username: "", password: ""}}, exec: {container: app0, command: x}}',
    'logrotate: {forwarder: app0}',
    'manual: [app]',
    'hosts: {web1: ssh://a}',
    'hooks: {setup: x}',
    'x-note: 5',
    '    application_type: other\n    APP_TYPE: docker\n    environment_variables: {APP_TYPE: docker}',
    '    database: {adapter: pg, database: d, host: h, password: p, port: 5432, reconnect: true, username: u}',
    '  x-template: {image: 5}',
  ])('%s', (text) => {
    expect(stack(text)).toEqual([]);
  });

  test('a missing `deploy` of a container is a later stage’s', () => {
    expect(shapeOf('{"deploy": {"a": {"containers": {"b": {"image": "c"}}}}}')).toEqual([]);
  });
});

/** Files in which one key is needed: what they are without it is only a consequence of its misspelling. */
const needed: readonly (readonly [string, (key: string) => string])[] = [
  ['deploy', (key) => `{"${key}": {"shop": {"containers": {}}}}`],
  ['containers', (key) => `{"deploy": {"shop": {"${key}": {}}}}`],
  ['image', (key) => `{"deploy": {"shop": {"containers": {"app": {"${key}": "x", "tag": "1"}}}}}`],
  ['build', (key) => `{"deploy": {"shop": {"containers": {"app": {"${key}": "."}}}}}`],
  ['volumes', (key) => `{"deploy": {"s": {"containers": {}, "data_volumes": {"a": {"${key}": []}}}}}`],
  [
    'command',
    (key) => `{"deploy": {"s": {"containers": {"a": {"image": "x", "migration": {"${key}": "m"}}}}}}`,
  ],
  ['env', (key) => `{"deploy": {}, "secrets": {"A": {"${key}": "A"}}}`],
  ['file', (key) => `{"deploy": {}, "secrets": {"A": {"${key}": "a"}}}`],
];

/** What fingers do to a word: a letter left out, twice, another or swapped, the case, an abbreviation. */
function slips(word: string): readonly string[] {
  const found = new Set([word.toUpperCase(), word.slice(0, 3), `${word}s`, `${word}_`]);
  for (let at = 0; at < word.length; at += 1) {
    const [before, letter, after] = [word.slice(0, at), word[at] ?? '', word.slice(at + 1)];
    found.add(before + after);
    found.add(before + letter + letter + after);
    found.add(`${before}q${after}`);
    found.add(before + (after[0] ?? '') + letter + after.slice(1));
  }
  found.delete(word);
  return [...found];
}

describe('a needed key that is misspelt is one problem', () => {
  test.each(needed)('%s', (key, file) => {
    expect(shapeOf(file(key))).toEqual([]);
    for (const slip of slips(key)) {
      const problems = shapeOf(file(slip));
      expect(problems, slip).toHaveLength(1);
      expect(problems[0], slip).toMatch(new RegExp(`unknown key .*\\|.*\`${key}\``));
    }
  });

  test.each([
    ['img: x', 'did you mean `image`?'],
    ['image_name: x', 'it is called `image` here'],
  ])('%s', (text, help) => {
    const problems = shapeOf(`deploy:\n  shop:\n    containers:\n      app: {${text}}\n`);
    expect(problems).toEqual([expect.stringContaining(`| ${help}`)]);
  });

  test('a note of one’s own stands for no key', () => {
    expect(shapeOf('deploy: {shop: {containers: {app: {x-image: y}}}}')).toEqual([
      'STK203 1:30-1:33 `app` has no `image` or `build`',
    ]);
  });
});

describe('unknown keys', () => {
  test.each([
    ['imag: y', ['STK201 4:23-4:27 unknown key `imag` in `app` | did you mean `image` or `tag`?']],
    [
      'stop-timeout: 1',
      ['STK201 4:23-4:35 unknown key `stop-timeout` in `app` | did you mean `stop_timeout`?'],
    ],
    ['environment: {}', ['STK201 4:23-4:34 unknown key `environment` in `app` | it is called `env` here']],
    [
      'data_volumes: {}',
      ['STK201 4:23-4:35 unknown key `data_volumes` in `app` | `data_volumes` is a key of an application'],
    ],
    [
      'zzzzzz: 1',
      [
        'STK201 4:23-4:29 unknown key `zzzzzz` in `app` | remove it; a key that starts with `x-` is kept as a note',
      ],
    ],
    [
      'strategy: {zzz: 1}',
      ['STK201 4:34-4:37 unknown key `zzz` in `strategy` | known here: `order`, `batch` or `surge`'],
    ],
    [
      'scale: {max: 2, latency: 3}',
      [
        'STK201 4:39-4:46 unknown key `latency` in `scale` | known here: `min`, `max`, `cpu`, `memory`, `requests`, `queue`, `command`, `target`, `up`, `down`, `cooldown` or `schedule`',
      ],
    ],
    [
      '"__proto__": {image: x}',
      [
        'STK201 4:23-4:34 unknown key `__proto__` in `app` | remove it; a key that starts with `x-` is kept as a note',
      ],
    ],
    [
      'constructor: 1',
      [
        'STK201 4:23-4:34 unknown key `constructor` in `app` | remove it; a key that starts with `x-` is kept as a note',
      ],
    ],
    [
      '"a\\nb": 1',
      [
        'STK201 4:23-4:29 unknown key `a\\nb` in `app` | remove it; a key that starts with `x-` is kept as a note',
      ],
    ],
    [
      'cpu: 1, CAP_ADD: []',
      [
        'STK201 4:23-4:26 unknown key `cpu` in `app` | did you mean `cpus`?',
        'STK201 4:31-4:38 unknown key `CAP_ADD` in `app` | did you mean `cap_add`?',
      ],
    ],
  ] as const)('%s', (text, problems) => {
    expect(container(text)).toEqual(problems);
  });

  test.each([
    ['enviroment', 'did you mean `env`?'],
    ['restart_policy', 'it is called `restart` here'],
    ['restartPolicy', 'it is called `restart` here'],
    ['replica', 'did you mean `containers`?'],
    ['health-check', 'did you mean `health`?'],
    ['stop_grace_perod', 'did you mean `stop_timeout`?'],
    ['volumes_form', 'did you mean `volumes_from`?'],
    ['replicas', 'it is called `containers` here'],
  ])('what another tool calls %s', (key, help) => {
    expect(container(`${key}: x`)).toEqual([
      `STK201 4:23-4:${23 + key.length} unknown key \`${key}\` in \`app\` | ${help}`,
    ]);
  });

  test('each object has its own words', () => {
    expect(
      stack('    enviroment: {}\n    replicas: 2\napplication: {}').map((problem) => problem.split(' | ')[1]),
    ).toEqual([
      'did you mean `environment_variables`?',
      'known here: `data_volumes`, `database`, `containers`, `environment_variables`, `on_failure`, `monitor`, `heal`, `canary`, `application_type` or `APP_TYPE`',
      'did you mean `deploy`?',
    ]);
    expect(container('health: {test: x}')).toEqual([
      'STK201 4:32-4:36 unknown key `test` in `health` | it is called `command` here',
    ]);
  });

  test('at the top', () => {
    expect(stack('image: x\nsecret: {}')).toEqual([
      'STK201 4:1-4:6 unknown key `image` | `image` is a key of a container',
      'STK201 5:1-5:7 unknown key `secret` | did you mean `secrets`?',
    ]);
  });
});

describe('wrong types', () => {
  const example = 'for example `{"RACK_ENV":"production","WEB_CONCURRENCY":4}`';
  test.each([
    ['env: [A=1]', [`STK202 4:28-4:33 \`env\` must be an object, not a list | ${example}`]],
    ['env:', [`STK202 4:27-4:27 \`env\` must be an object, and is empty | ${example}`]],
    ['env: {A: [1]}', ['STK202 4:32-4:35 `A` must be text, a number or `true` or `false`, not a list']],
    ['env: {A: null}', ['STK202 4:32-4:36 `A` must be text, a number or `true` or `false`, not `null`']],
    [
      'ports: "80:80"',
      ['STK202 4:30-4:37 `ports` must be a list, not the text `80:80` | write a list: `["80:80"]`'],
    ],
    ['volumes: [[]]', ['STK202 4:33-4:35 item 1 of `volumes` must be text, not a list']],
    [
      'tag: 1.10',
      ['STK202 4:28-4:32 `tag` must be text, not the number `1.10` | put it in quotes: `"1.10"`'],
    ],
    ['hostname: true', ['STK202 4:33-4:37 `hostname` must be text, not `true` | put it in quotes: `"true"`']],
    [
      'init: yes',
      [
        'STK202 4:29-4:32 `init` must be `true` or `false`, not the text `yes` | write `true`, without quotes',
      ],
    ],
    [
      'command: {a: 1}',
      [
        'STK202 4:32-4:38 `command` must be text or a list, not an object | for example `"bundle exec sidekiq"`',
      ],
    ],
    [
      'strategy: {batch: "2"}',
      ['STK202 4:41-4:44 `batch` must be a whole number, not the text `2` | write `2` without quotes'],
    ],
    [
      'strategy: {batch: 1.5}',
      ['STK202 4:41-4:44 `batch` must be a whole number, not the number `1.5` | for example `1`'],
    ],
    [
      'files: {/a: 5}',
      ['STK202 4:35-4:36 `/a` must be text or an object, not the number `5` | put it in quotes: `"5"`'],
    ],
  ] as const)('%s', (text, problems) => {
    expect(container(text)).toEqual(problems);
  });

  test.each([
    ['[]', 'STK202 1:1-1:3 the file must be an object, not a list'],
    ['text', 'STK202 1:1-1:5 the file must be an object, not the text `text`'],
    ['5', 'STK202 1:1-1:2 the file must be an object, not the number `5`'],
  ])('the whole file: %s', (text, problem) => {
    expect(shapeOf(text)).toEqual([problem]);
  });

  test('items are counted from one', () => {
    expect(
      shapeOf('deploy:\n  shop:\n    containers:\n      - app: {image: x}\n      - 5\n      -\n'),
    ).toEqual([
      'STK202 5:9-5:10 item 2 of `containers` must be an object, not the number `5`',
      'STK202 6:8-6:8 item 3 of `containers` must be an object, and is empty',
    ]);
  });
});

describe('missing keys', () => {
  test.each([
    ['{}', 'STK203 1:1-1:2 the file has no `deploy`'],
    ['deploy:\n  shop: {}', 'STK203 2:3-2:7 `shop` has no `containers`'],
    ['deploy:\n  shop:\n    containers: {app: {}}', 'STK203 3:18-3:21 `app` has no `image` or `build`'],
    [
      'deploy:\n  s: {containers: {}}\nsecrets:\n  A: {}',
      'STK203 4:3-4:4 `A` has no `env`, `file` or `command`',
    ],
    ['deploy:\n  s: {containers: {}, data_volumes: {a: {}}}', 'STK203 2:38-2:39 `a` has no `volumes`'],
  ])('%j', (text, problem) => {
    expect(shapeOf(text)).toEqual([problem]);
  });

  test('a slip of the pen is only that', () => {
    expect(shapeOf('deploys: {}')).toEqual(['STK201 1:1-1:8 unknown key `deploys` | did you mean `deploy`?']);
    expect(shapeOf('deploy:\n  shop:\n    containers: {app: {imgae: x}}')).toEqual([
      'STK201 3:24-3:29 unknown key `imgae` in `app` | did you mean `image`?',
    ]);
  });
});

describe('values', () => {
  const both = [
    'STK206 4:45-4:49 `/a` has both `text` and `file` | the other one @4:36 | keep one of `text` or `file`',
  ];
  test.each([
    [
      'deploy: manul',
      ['STK204 4:31-4:36 `deploy` must be `auto`, `manual` or `cron`, not `manul` | did you mean `manual`?'],
    ],
    ['deploy: {}', ['STK204 4:31-4:33 `deploy` must be `auto`, `manual` or `cron`, not an object']],
    ['deploy:', ['STK204 4:30-4:30 `deploy` must be `auto`, `manual` or `cron`, and is empty']],
    ['database: 1', ['STK204 4:33-4:34 `database` must be `true` or `false`, not `1`']],
    ['containers: many', ['STK204 4:35-4:39 `containers` cannot be `many` | for example `1` or `4`']],
    ['containers: "%{env:N|2}"', ['STK204 4:35-4:47 `containers` takes no `%{…}` | write the value itself']],
    ['restart: "%{env:R|always}"', ['STK204 4:32-4:49 `restart` takes no `%{…}` | write the value itself']],
    ['port: "%{env:P}"', ['STK204 4:29-4:39 `port` takes no `%{…}` | write the value itself']],
    ['restart: alway', ['STK204 4:32-4:37 `restart` cannot be `alway` | did you mean `always`?']],
    ['containers: 5000', ['STK205 4:35-4:39 `containers` must be from 0 to 1,000, not `5000`']],
    ['port: 0', ['STK205 4:29-4:30 `port` must be from 1 to 65,535, not `0`']],
    ['stop_timeout: -1', ['STK205 4:37-4:39 `stop_timeout` must be at least 0, not `-1`']],
    ['cpus: 0', ['STK205 4:29-4:30 `cpus` must be more than 0, not `0`']],
    ['scale: {cpu: 101}', ['STK205 4:36-4:39 `cpu` must be more than 0, and at most 100, not `101`']],
    ['scale: {memory: 0}', ['STK205 4:39-4:40 `memory` must be more than 0, and at most 100, not `0`']],
    ['scale: {cpu: 100, memory: 0.5}', []],
    ['files: {/a: {text: x, file: y}}', both],
  ] as const)('%s', (text, problems) => {
    expect(container(text)).toEqual(problems);
  });
});

test('everything at once, in the order of the file', () => {
  const text = 'nam: x\nsecrets: {A: 5}\ndeploy:\n  shop:\n    containers: [{app: {env: 1, deploy: x}}, 2]\n';
  expect(shapeOf(text).map((problem) => problem.split(' ', 2).join(' '))).toEqual([
    'STK201 1:1-1:4',
    'STK202 2:14-2:15',
    'STK203 5:19-5:22',
    'STK202 5:30-5:31',
    'STK204 5:41-5:42',
    'STK202 5:46-5:47',
  ]);
});

test('what comes through an alias is told where it is written', () => {
  const text =
    'x-base: &base\n  env: 5\ndeploy:\n  shop:\n    containers:\n      app: {<<: *base, image: x}\n';
  expect(shapeOf(text)).toEqual([expect.stringMatching(/^STK202 2:8-2:9 /)]);
});

test('one hundred are shown, the rest counted', () => {
  const problems = shapeOf(`{"deploy": {"a": {"containers": [${Array(5000).fill(1).join(',')}]}}}`);
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toBe('STK207 - 4900 more problems not shown');
});
