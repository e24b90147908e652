import { describe, expect, it } from 'vitest';
import { planJson } from '../../../src/cli/render/plan-json.ts';
import { actionWords } from '../../../src/cli/render/actions.ts';
import { renderPlan, summaryLine } from '../../../src/cli/render/plan.ts';
import { diagnostic } from '../../../src/compiler/diagnostic.ts';
import type { Change, Plan } from '../../../src/compiler/plan/plan.ts';
import { blankSpec } from '../../support/desired.ts';
import { change, differs, instanceChange, node, replacement, samplePlan } from '../../support/sample-plan.ts';

const plain = { color: false, verbose: false, width: 100 };

const replaceApp = (instance: string, rest: Partial<Change> = {}) =>
  instanceChange(instance, 'replace', {
    from: 3,
    to: 4,
    strategy: { order: 'start-first', why: 'socket moves' },
    gate: 'HTTP /ping over its socket',
    reasons: [
      differs('image', '1a2b3c4d5e6f', '9f8e7d6c5b4a'),
      differs('env RANDOM_VAR', '"foo"', '"bar"'),
      differs('env API_TOKEN', '(masked)', '(masked)'),
      differs('env NEW', null, '"x"'),
    ],
    ...rest,
  });

const changes: readonly Change[] = [
  change({
    id: 'image app:2',
    subject: { kind: 'image', name: 'quay.io/shop/app:2' },
    action: 'pull',
    reasons: [{ kind: 'missing', field: 'image', from: null, to: '9f8e7d6c5b4a' }],
    notes: ['the registry has another one'],
  }),
  change({
    id: 'network shop',
    subject: { kind: 'network', name: 'shop' },
    action: 'create',
    reasons: [{ kind: 'missing', field: 'network', from: null, to: null }],
  }),
  change({
    id: 'volume shop-socks',
    subject: { kind: 'volume', name: 'shop-socks' },
    action: 'create',
    reasons: [{ kind: 'missing', field: 'volume', from: null, to: null }],
  }),
  instanceChange('db0', 'hold', {
    from: 1,
    to: 1,
    reasons: [differs('image', 'postgres:16', 'postgres:17')],
  }),
  change({
    id: 'migration shop/app',
    subject: { kind: 'migration', application: 'shop', container: 'app' },
    action: 'run',
    reasons: [{ kind: 'missing', field: 'record', from: null, to: '9f8e7d6c5b4a' }],
    notes: ['rake db:migrate'],
    waitsFor: ['shop/db'],
  }),
  replaceApp('app0', { waitsFor: ['migration shop/app'] }),
  replaceApp('app1', { waitsFor: ['migration shop/app', 'shop/app0'] }),
  instanceChange('nginx0', 'start', {
    from: 2,
    to: 2,
    gate: 'a connection on port 80',
    reasons: [{ kind: 'drift', field: 'state', from: 'exited with code 1', to: 'running' }],
    waitsFor: ['shop/app'],
  }),
  instanceChange('redis0', 'none', { from: 1, to: 1 }),
  instanceChange('old0', 'remove', {
    from: 7,
    reasons: [{ kind: 'dropped', field: 'file', from: 'old0', to: null }],
  }),
];

const long = (end: string) => `"${'x'.repeat(200)}${end}"`;

const judged = (instance: string, judgement: Change['judgement']) =>
  replaceApp(instance, { reasons: [], judgement });

const swapped: Change['judgement'] = {
  rule: 'socket-swap',
  verdict: { kind: 'zero-downtime', mechanism: 'socket swap' },
  capacity: { lowest: 2, of: 2 },
  touches: [],
};

const gap: Change['judgement'] = {
  rule: 'alone',
  verdict: {
    kind: 'gap',
    reason: 'it is the only one',
    avoid: 'a `socket`',
    length: { kind: 'about', ms: 2100, by: 'as measured at the last apply' },
  },
  capacity: { lowest: 0, of: 1 },
  touches: ['`haproxy` loses an upstream meanwhile, its only one'],
};

describe('the verdict', () => {
  it('stands in each change, and in the last line', () => {
    expect(renderPlan(samplePlan([judged('app0', swapped), judged('web0', gap)]), plain)).toBe(
      `± replace  app0   generation 3 → 4   start-first (socket moves)   ready: HTTP /ping over its socket
    zero downtime: socket swap
    2 of 2 serve at the least

± replace  web0   generation 3 → 4   start-first (socket moves)   ready: HTTP /ping over its socket
    gap of about 2.1 s, as measured at the last apply: it is the only one; avoid: a \`socket\`
    0 of 1 serve at the least
    touches  \`haproxy\` loses an upstream meanwhile, its only one

Plan: 2 to replace.
Requests: 1 gap of about 2.1 s; 1 zero downtime.
`,
    );
  });

  it('has a colour', () => {
    const text = renderPlan(samplePlan([judged('web0', gap)]), { ...plain, color: true });
    expect(text).toContain('\u001b[31m    gap of about 2.1 s');
    expect(text).toContain('\u001b[31mRequests: 1 gap of about 2.1 s.');
  });

  it('is JSON as well', () => {
    const json = planJson(samplePlan([judged('app0', swapped), judged('web0', gap)]), [], null);
    expect(json).toMatchObject({
      changes: [
        {
          judgement: {
            rule: 'socket-swap',
            verdict: { kind: 'zero-downtime' },
            capacity: { lowest: 2, of: 2 },
          },
        },
        { judgement: { verdict: { kind: 'gap', length: { kind: 'about', ms: 2100 } } } },
      ],
      summary: { requests: 'gap' },
    });
    expect(planJson(samplePlan([replaceApp('app0')]), [], null)).toMatchObject({
      summary: { requests: null },
    });
  });
});

describe('renderPlan', () => {
  it('shows every change with its reasons in the order of the work, and the counts last', () => {
    expect(renderPlan(samplePlan(changes), plain)).toBe(
      `\
↓ pull     image quay.io/shop/app:2
    the registry has another one

+ create   network shop
+ create   volume shop-socks

= hold     db0      held: 1 change; \`--include db\` applies it
    image  postgres:16 → postgres:17

» run      migration app
    not run yet for 9f8e7d6c5b4a
    rake db:migrate

± replace  app0     generation 3 → 4   start-first (socket moves)
    ready: HTTP /ping over its socket
    image  1a2b3c4d5e6f → 9f8e7d6c5b4a
    env RANDOM_VAR  "foo" → "bar"
    env API_TOKEN  differs (masked)
    env NEW  (none) → "x"
    waits for  migration app

± replace  app1     generation 3 → 4   start-first (socket moves)
    ready: HTTP /ping over its socket
    the same as app0
    waits for  migration app, app0

> start    nginx0   ready: a connection on port 80
    drift: state  exited with code 1 → running
    waits for  app

- remove   old0     no longer in the file

Plan: 1 to pull, 2 to create, 1 to run, 2 to replace, 1 to start, 1 to remove, 1 held, 1 unchanged.
Drift: nginx0 has changed on the engine.
`,
    );
  });

  it('shows unchanged things and one line a node with --verbose', () => {
    const nodes = replacement();
    const plan = samplePlan(
      [replaceApp('app0'), replaceApp('app1'), instanceChange('redis0', 'none')],
      nodes,
    );
    const text = renderPlan(plan, { ...plain, verbose: true });
    expect(text).toContain('  same     redis0\n');
    expect(text).not.toContain('the same as');
    expect(text.slice(text.indexOf('Operations'))).toBe(
      `\
Operations:
  shop/app0 create   create generation 4
  shop/app0 start    start generation 4   after shop/app0 create
  shop/app0 gate     wait until generation 4 is ready   after shop/app0 start
  shop/app0 keep     restart policy always for generation 4   after shop/app0 gate
  shop/web0 start    start generation 3   after shop/app0 keep

Plan: 2 to replace, 1 unchanged.
`,
    );
  });

  it('says so when there is nothing to do, held containers still shown', () => {
    const plan = samplePlan([
      instanceChange('app0', 'none'),
      instanceChange('app1', 'none'),
      instanceChange('db0', 'hold', { reasons: [differs('image', 'a', 'b')] }),
      change({
        id: 'schedule cron',
        subject: { kind: 'schedule', application: 'shop', container: 'cron' },
        action: 'schedule',
      }),
    ]);
    expect(renderPlan(plan, plain)).toBe(
      '= hold     db0   held: 1 change; `--include db` applies it\n    image  a → b\n\nNothing to do: 1 cron, 1 held, 2 unchanged.\n',
    );
    expect(summaryLine({ changes: [] })).toBe('Nothing to do: the stack is empty.');
  });

  it('shows what has a schedule where that changes, and why', () => {
    const job = (name: string, reasons: Change['reasons']) =>
      change({
        id: `shop/${name}`,
        subject: { kind: 'schedule', application: 'shop', container: name },
        action: 'schedule',
        reasons,
      });
    const lost = { kind: 'drift', field: 'template', from: 'removed by hand', to: 'there' } as const;
    const plan = samplePlan([instanceChange('app0', 'create'), job('same', []), job('report', [lost])]);
    const shown = renderPlan(plan, plain);
    expect(shown).toContain(
      '\n@ cron     report\n    drift: template  removed by hand → there\n\nPlan: 1 to create, 1 cron, 1 unchanged.\nDrift: report has changed on the engine.\n',
    );
    expect(shown).not.toContain('same');
    expect(renderPlan(plan, { ...plain, verbose: true })).toContain('@ cron     same');
  });

  it('names the application where there are several', () => {
    const blog = change({
      id: 'blog/app0',
      subject: { kind: 'instance', application: 'blog', container: 'app', instance: 'app0' },
      action: 'create',
      waitsFor: ['shop/app'],
    });
    expect(renderPlan(samplePlan([instanceChange('app0', 'create'), blog]), plain)).toBe(
      '+ create   shop/app0\n\n+ create   blog/app0\n    waits for  shop/app\n\nPlan: 2 to create.\n',
    );
  });

  it('cuts long values to where they differ, and no line beyond 100 columns', () => {
    const text = renderPlan(
      samplePlan([
        instanceChange('app0', 'replace', {
          from: 1,
          to: 2,
          reasons: [differs('env LONG', long('a'), long('b'))],
        }),
      ]),
      plain,
    );
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toMatch(/…x+a" → …x+b"|…x+a"\n +→ …x+b"/);
    const whole = renderPlan(
      samplePlan([
        instanceChange('app0', 'replace', { reasons: [differs('env LONG', long('a'), long('b'))] }),
      ]),
      { ...plain, verbose: true },
    );
    expect(whole).toContain(`${long('a')} → ${long('b')}`);
  });

  const nginx = instanceChange('nginx0', 'create', {
    to: 1,
    gate: 'HTTP /ping on port 80 within 60 s',
    makes: {
      imageId: `sha256:${'1a2b3c4d5e6f'.repeat(5)}1a2b`,
      spec: {
        ...blankSpec,
        image: `quay.io/shop/nginx@sha256:${'9f8e7d6c5b4a'.repeat(5)}9f8e`,
        ports: [
          { containerPort: 80, hostPort: 8080, hostIp: null, protocol: 'tcp' },
          { containerPort: 81, hostPort: null, hostIp: null, protocol: 'tcp' },
        ],
        mounts: [
          {
            type: 'volume',
            source: 'shop-static-var-static',
            target: '/var/static',
            readOnly: false,
            noCopy: true,
            relabel: null,
            dataVolume: 'static',
          },
          {
            type: 'bind',
            source: '/etc/nginx',
            target: '/etc/nginx',
            readOnly: true,
            noCopy: false,
            relabel: null,
            dataVolume: null,
          },
        ],
        networks: ['monitoring'],
        memory: 209_715_200,
      },
      env: [
        { name: 'TZ', value: '"Europe/Rome"' },
        { name: 'TOKEN', value: '(masked)' },
      ],
    },
    waitsFor: ['shop/app'],
  });

  it('says what a new container will be: image, ports, volumes, networks and gate', () => {
    expect(renderPlan(samplePlan([nginx]), plain)).toBe(`\
+ create   nginx0   quay.io/shop/nginx@sha256:9f8e7d6c5b4a… (1a2b3c4d5e6f)
    ports 8080:80, any:81   volumes static:/var/static, /etc/nginx:/etc/nginx:ro
    networks monitoring   ready: HTTP /ping on port 80 within 60 s
    waits for  shop/app

Plan: 1 to create.
`);
  });

  it('says all of it with --verbose, masked values masked', () => {
    expect(renderPlan(samplePlan([nginx]), { ...plain, verbose: true })).toBe(`\
+ create   nginx0   quay.io/shop/nginx@sha256:9f8e7d6c5b4a… (1a2b3c4d5e6f)
    ready: HTTP /ping on port 80 within 60 s
    volumes  shop-static-var-static:/var/static, /etc/nginx:/etc/nginx:ro
    ports  8080:80, 81
    networks  monitoring
    memory  200 MiB
    restart  unless-stopped
    env TZ  "Europe/Rome"
    env TOKEN  (masked)
    waits for  shop/app

Plan: 1 to create.
`);
  });

  it('tells new instances that are alike once', () => {
    const twin = {
      ...nginx,
      id: 'shop/nginx1',
      subject: { kind: 'instance', application: 'shop', container: 'nginx', instance: 'nginx1' },
    } as const;
    expect(renderPlan(samplePlan([nginx, twin]), plain)).toContain(
      '+ create   nginx1   quay.io/shop/nginx@sha256:9f8e7d6c5b4a… (1a2b3c4d5e6f)\n    the same as nginx0\n\n',
    );
  });

  it('tells instances that differ in their names alone once', () => {
    const changed = (instance: string) =>
      replaceApp(instance, { notes: [`socket /socks/${instance}.sock (inferred from the command)`] });
    const text = renderPlan(samplePlan([changed('app0'), changed('app1')]), plain);
    expect(text).toContain('\n    the same as app0, with app1 for app0\n');
  });

  it.each([60, 80, 100, 200])('fits %i columns, in all it says', (width) => {
    const more = replaceApp('app0', {
      reasons: [
        differs('image', `shop/app:1 (${'1'.repeat(12)})`, `shop/app:2 (${'2'.repeat(12)})`),
        differs('env LONG', long('a'), long('b')),
        differs('volumes', null, 'shop-a:/var/lib/a, shop-b:/var/lib/b, shop-c:/var/lib/c:ro'),
      ],
      notes: ['its image’s own volume at /var/lib/data starts empty; the old one is kept on the engine'],
      waitsFor: ['shop/db', 'shop/redis', 'migration shop/app', 'shop/search', 'shop/storage'],
    });
    const plan = samplePlan([...changes, nginx, more], replacement());
    for (const verbose of [false, true]) {
      const text = renderPlan(plan, { color: false, verbose, width });
      // Values are whole with --verbose, however long.
      const lines = text.split('\n').filter((line) => !verbose || !/LONG|→|volumes/.test(line));
      for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(width);
    }
    expect(renderPlan(plan, { color: false, verbose: false, width })).toContain(
      width < 80
        ? `    image  shop/app:1 (${'1'.repeat(12)})\n         → shop/app:2 (${'2'.repeat(12)})\n`
        : `    image  shop/app:1 (${'1'.repeat(12)}) → shop/app:2 (${'2'.repeat(12)})\n`,
    );
  });

  it('says values as people do, and of lists what comes and goes', () => {
    const text = renderPlan(
      samplePlan([
        instanceChange('app0', 'replace', {
          reasons: [
            { kind: 'drift', field: 'memory', from: '209715200', to: '0' },
            differs('ports', '80:80', null),
            differs('cap_add', null, 'NET_ADMIN'),
            differs('networks', 'a', 'b'),
          ],
        }),
      ]),
      plain,
    );
    expect(text).toContain('    drift: memory  200 MiB → no limit\n');
    expect(text).toContain('    ports  80:80 removed\n    cap_add  NET_ADMIN added\n    networks  a → b\n');
  });

  it('gives every action a symbol of its own', () => {
    const symbols = Object.values(actionWords).map(({ symbol }) => symbol);
    expect(new Set(symbols).size).toBe(symbols.length);
  });

  it('lets no value write to the terminal', () => {
    const evil = instanceChange('app0', 'replace', {
      reasons: [differs('env X', '"\u001b[2J"', '"\n"')],
      notes: ['\u009bm'],
    });
    const text = renderPlan(samplePlan([evil]), plain);
    expect(text).toContain('env X  "\\x1b[2J" → "\\n"');
    expect(text).toContain('\\x9bm');
  });

  it('colours the same text', () => {
    const colored = renderPlan(samplePlan(changes), { ...plain, color: true });
    expect(colored).toContain('\u001b[');
    // oxlint-disable-next-line no-control-regex -- colours are control characters
    expect(colored.replace(/\u001b\[\d+m/g, '')).toBe(renderPlan(samplePlan(changes), plain));
  });
});

describe('planJson', () => {
  it('carries what a new container will be, keys that are data as they are', () => {
    const made = instanceChange('app0', 'create', {
      makes: {
        imageId: null,
        spec: { ...blankSpec, tmpfs: { '/Tmp': 'size=1m' }, shmSize: 1024 },
        env: [{ name: 'A', value: '"x"' }],
      },
    });
    const document = JSON.parse(JSON.stringify(planJson(samplePlan([made]), [], null)));
    expect(document.changes[0].makes).toMatchObject({
      image_id: null,
      spec: { image: 'app:1', tmpfs: { '/Tmp': 'size=1m' }, shm_size: 1024 },
      env: [{ name: 'A', value: '"x"' }],
    });
  });

  it('is the same facts with names in snake_case, the keys of labels as they are', () => {
    const volume = node(
      'shop/app0',
      'volume',
      { kind: 'volume.create', volume: 'v', labels: { 'com.example.aB': 'x' } },
      [],
      [{ kind: 'volume.remove', volume: 'v' }],
    );
    const plan = samplePlan([replaceApp('app0', { waitsFor: ['shop/db0'] })], [volume]);
    const warning = diagnostic(
      'STK413',
      'held',
      { start: { offset: 0, line: 1, column: 1 }, end: { offset: 1, line: 1, column: 2 } },
      { severity: 'warning', help: 'include it' },
    );
    const document = JSON.parse(JSON.stringify(planJson(plan, [warning], 'stack.json')));
    expect(document).toMatchObject({
      format_version: 1,
      stack: 'shop',
      changes: [
        {
          id: 'shop/app0',
          subject: { kind: 'instance', application: 'shop', container: 'app', instance: 'app0' },
          action: 'replace',
          from: 3,
          to: 4,
          waits_for: ['shop/db0'],
        },
      ],
      nodes: [{ undo_scope: 'shop/app0.scope', op: { labels: { 'com.example.aB': 'x' } } }],
      summary: { pending: 1, actions: { replace: 1 } },
      diagnostics: [
        {
          code: 'STK413',
          severity: 'warning',
          message: 'held',
          help: 'include it',
          file: 'stack.json',
          span: { start: { line: 1 } },
        },
      ],
    });
  });
});

describe('what the file says of failures', () => {
  const keyed = (roll: Partial<Plan['rolls'][number]>): Plan => ({
    ...samplePlan([instanceChange('app0', 'replace', { from: 1, to: 2 })]),
    rolls: [
      {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `resolve` makes them
        container: 'shop/app' as Plan['rolls'][number]['container'],
        onFailure: 'rollback',
        monitorMs: 10_000,
        canary: null,
        changes: ['shop/app0'],
        back: [],
        ...roll,
      },
    ],
  });
  const shown = (plan: Plan) => renderPlan(plan, { color: false, verbose: false, width: 80 });

  it('is told where it is more than nothing', () => {
    expect(shown(keyed({}))).not.toMatch(/Canary|On failure/);
    const canary = { changes: ['shop/app0'], bakeMs: 60_000 };
    expect(shown(keyed({ canary }))).toContain('Canary: app0; the others follow 60 s later.');
    expect(shown(keyed({ canary: { ...canary, bakeMs: 0 } }))).toContain(
      'Canary: app0; the others follow after it.',
    );
    expect(shown(keyed({ onFailure: 'pause' }))).toContain('On failure: app pauses.');
    expect(shown(keyed({ onFailure: 'continue' }))).toContain('On failure: app goes on with the others.');
  });
});
