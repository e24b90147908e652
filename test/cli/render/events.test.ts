import { describe, expect, it } from 'vitest';
import { jsonView, plainView, terminalView, type EventView } from '../../../src/cli/render/events.ts';
import type { Operation } from '../../../src/compiler/plan/operation.ts';
import type { Change, Plan, PlanNode } from '../../../src/compiler/plan/plan.ts';
import type { ExecutionEvent } from '../../../src/runtime/execution-event.ts';
import { instanceChange, node, replacement, samplePlan } from '../../support/sample-plan.ts';

const NOON = Date.parse('2026-03-01T12:00:00Z');
const wording = { completed: 'Applied', command: 'stack apply' };

const nodes = replacement();
const plan: Plan = samplePlan(
  [
    instanceChange('app0', 'replace', { from: 3, to: 4 }),
    instanceChange('web0', 'start', { from: 1, to: 1 }),
    instanceChange('redis0', 'none'),
  ],
  nodes,
);

function nth(index: number): PlanNode {
  const found = nodes[index];
  if (found === undefined) throw new Error('no such node');
  return found;
}

const at = (seconds: number) => NOON + seconds * 1000;
const begin = (index: number, seconds: number): ExecutionEvent => ({
  type: 'node-started',
  atMs: at(seconds),
  node: nth(index),
});
const done = (
  index: number,
  seconds: number,
  tookMs: number,
  note: string | null = null,
): ExecutionEvent => ({
  type: 'node-finished',
  atMs: at(seconds),
  node: nth(index),
  tookMs,
  note,
});

const success: readonly ExecutionEvent[] = [
  { type: 'started', atMs: at(0), nodes: nodes.length },
  begin(0, 0),
  done(0, 1, 200.4),
  begin(1, 1),
  done(1, 2, 400),
  begin(2, 2),
  { type: 'node-progress', atMs: at(3), node: nth(2), line: 'ECONNREFUSED' },
  done(2, 4, 2100, '200 after 2.1 s'),
  begin(3, 4),
  done(3, 4, 10),
  begin(4, 4),
  done(4, 5, 300),
  { type: 'finished', atMs: at(5), tookMs: 5000, done: 5, failed: 0, skipped: 0, interrupted: false },
];

const failure: readonly ExecutionEvent[] = [
  ...success.slice(0, 6),
  {
    type: 'node-failed',
    atMs: at(62),
    node: nth(2),
    tookMs: 60_000,
    failure: {
      message: 'not ready after 60 s: HTTP 503',
      detail: null,
      help: null,
      log: ['booting', 'no \u001b[31mdatabase'],
    },
  },
  { type: 'undo-started', atMs: at(62), group: 'shop/app0', because: nth(2).id },
  {
    type: 'undo-finished',
    atMs: at(63),
    group: 'shop/app0',
    done: nth(1).undo.concat(nth(0).undo),
    failures: [],
  },
  { type: 'node-skipped', atMs: at(63), node: nth(3), because: nth(2).id },
  { type: 'node-skipped', atMs: at(63), node: nth(4), because: nth(2).id },
  { type: 'finished', atMs: at(63), tookMs: 63_000, done: 2, failed: 1, skipped: 2, interrupted: false },
];

function plain(events: readonly ExecutionEvent[], verbose = false): string {
  let text = '';
  const view = plainView({ plan, wording, color: false, verbose }, (part) => {
    text += part;
  });
  for (const event of events) view.show(event);
  return text;
}

describe('plainView', () => {
  it('writes a line with its time for what is done, and the counts last', () => {
    expect(plain(success)).toBe(`\
2026-03-01T12:00:01Z  ✓ app0  create generation 4  0.2 s
2026-03-01T12:00:02Z  ✓ app0  start generation 4  0.4 s
2026-03-01T12:00:02Z  … app0  wait until generation 4 is ready
2026-03-01T12:00:04Z  ✓ app0  wait until generation 4 is ready  2.1 s  200 after 2.1 s
2026-03-01T12:00:05Z  ✓ web0  start generation 3  0.3 s
2026-03-01T12:00:05Z  Applied in 5.0 s: 1 replaced, 1 started, 1 unchanged.
`);
  });

  it('shows the steps between with --verbose', () => {
    expect(plain(success, true)).toContain('✓ app0  restart policy always for generation 4');
  });

  it('shows a failure with its last log lines, what was taken back, what waits for it, and the next command', () => {
    const text = plain(failure);
    expect(text.slice(text.indexOf('2026-03-01T12:01:02Z'))).toBe(`\
2026-03-01T12:01:02Z  ✗ app0  wait until generation 4 is ready  failed after 1 min 0 s
2026-03-01T12:01:02Z      not ready after 60 s: HTTP 503
2026-03-01T12:01:02Z      its last log lines:
2026-03-01T12:01:02Z        │ booting
2026-03-01T12:01:02Z        │ no \\x1b[31mdatabase
2026-03-01T12:01:02Z      help: \`stack logs app0\`, fix the cause, and \`stack apply\` again
2026-03-01T12:01:03Z  ↺ app0  taken back: stop generation 4 (limit 30 s), generation 4 becomes shop-app0.4.failed; generation 3 stays
2026-03-01T12:01:03Z  · web0  skipped: it waits for app0
2026-03-01T12:01:03Z  Failed after 1 min 3 s: 1 unchanged. Failed: app0. Left: web0. \`stack apply\` goes on from here.
`);
  });

  it('says only what was really taken back', () => {
    const taken = (undone: Extract<ExecutionEvent, { type: 'undo-finished' }>['done']) => {
      const text = plain(
        failure.map((event) => (event.type === 'undo-finished' ? { ...event, done: undone } : event)),
      );
      return /↺ .*/.exec(text)?.[0];
    };
    expect(taken(nth(0).undo)).toBe(
      '↺ app0  taken back: generation 4 becomes shop-app0.4.failed; generation 3 stays',
    );
    expect(taken([])).toBe('↺ app0  generation 3 stays');
    expect(taken([{ kind: 'socket.unlink', volume: 'v', path: '', name: '.shop-app0.4' }])).toBe(
      '↺ app0  generation 3 stays',
    );
  });

  it("shows the engine's own words below ours", () => {
    const events = failure.map(
      (event): ExecutionEvent =>
        event.type === 'node-failed'
          ? {
              ...event,
              failure: { message: 'port 80 is held', detail: 'bind: in use', help: '`ss`', log: [] },
            }
          : event,
    );
    expect(plain(events)).toContain(`\
2026-03-01T12:01:02Z      port 80 is held
2026-03-01T12:01:02Z      the engine: bind: in use
2026-03-01T12:01:02Z      help: \`ss\`
`);
  });

  it('says what was stopped in the middle, which is no failure', () => {
    const text = plain([
      { type: 'started', atMs: at(0), nodes: nodes.length },
      begin(0, 0),
      { type: 'node-stopped', atMs: at(2), node: nth(0), tookMs: 2000 },
      { type: 'finished', atMs: at(2), tookMs: 2000, done: 0, failed: 0, skipped: 5, interrupted: true },
    ]);
    expect(text).toContain('  - app0  create generation 4  stopped after 2.0 s\n');
    expect(text).toMatch(
      /Interrupted after 2\.0 s: .* Cut off: app0\. Left: web0\. `stack apply` goes on from here\.\n$/,
    );
    expect(text).not.toContain('Failed');
  });

  it('says what is left when it was interrupted', () => {
    const events: readonly ExecutionEvent[] = [
      ...success.slice(0, 10),
      { type: 'finished', atMs: at(5), tookMs: 5000, done: 4, failed: 0, skipped: 1, interrupted: true },
    ];
    expect(plain(events).trimEnd().split('\n').at(-1)).toBe(
      '2026-03-01T12:00:05Z  Interrupted after 5.0 s: 1 replaced, 1 unchanged. Left: web0. `stack apply` goes on from here.',
    );
  });

  it('names an undo that failed', () => {
    const events = failure.map(
      (event): ExecutionEvent =>
        event.type === 'undo-finished'
          ? { ...event, failures: [{ message: 'the engine is gone', detail: null, help: null, log: [] }] }
          : event,
    );
    expect(plain(events)).toContain(
      '✗ app0  could not be taken back\n2026-03-01T12:01:03Z      the engine is gone',
    );
  });
});

describe('what is done in place or tidied', () => {
  const target = { kind: 'existing', id: '1a2b3c4d5e6f7788', generation: 3 } as const;
  const leaving = { kind: 'leaving', id: '1a2b3c4d5e6f7788', generation: 2, instance: 'web0' } as const;
  const handOver = { kind: 'container.stop', target: leaving, timeoutS: null } as const;
  const keep = { kind: 'container.policy', target, policy: 'always', maxRetries: 0 } as const;
  const clear = { kind: 'socket.unlink', volume: 'v', path: '', name: '.shop-app0.3' } as const;
  const rename = { kind: 'container.rename', target, name: 'shop-app0' } as const;
  const park = { ...rename, name: 'shop-app0.3.old' } as const;

  it.each<[Change['action'], readonly Operation[], readonly string[]]>([
    ['update', [keep], ['restart policy always for generation 3']],
    ['start', [keep], ['restart policy always for generation 3']],
    ['tidy', [clear, rename], ['unlink .shop-app0.3', 'generation 3 becomes shop-app0']],
    ['replace', [keep, clear, park, rename], ['generation 3 becomes shop-app0']],
    ['create', [handOver], ['stop generation 2 of web0']],
  ])('%s', (action, ops, lines) => {
    const made = ops.map((op, index) => node('shop/app0', `step ${index}`, op));
    let text = '';
    const view = plainView(
      { plan: samplePlan([instanceChange('app0', action)], made), wording, color: false, verbose: false },
      (part) => {
        text += part;
      },
    );
    for (const one of made)
      view.show({ type: 'node-finished', atMs: NOON, node: one, tookMs: 0, note: null });
    expect(text).toBe(lines.map((line) => `2026-03-01T12:00:00Z  ✓ app0  ${line}  0.0 s\n`).join(''));
  });
});

describe('jsonView', () => {
  it('writes one object a line, with a format version and names in snake_case', () => {
    const lines: string[] = [];
    const view = jsonView((text) => lines.push(text));
    for (const event of failure) view.show(event);
    const objects = lines.map((line) => JSON.parse(line));
    expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
    expect(objects.every((object) => object.format_version === 1)).toBe(true);
    expect(objects[2]).toEqual({
      format_version: 1,
      type: 'node-finished',
      at: '2026-03-01T12:00:01.000Z',
      node: {
        id: 'shop/app0 create',
        group: 'shop/app0',
        op: { kind: 'container.create', instance: 'shop/app0', generation: 4, name: 'shop-app0.4.next' },
        reason: '',
      },
      took_ms: 200,
      note: null,
    });
    expect(objects.at(-1)).toMatchObject({ type: 'finished', done: 2, failed: 1, interrupted: false });
  });
});

/** Plays the few control sequences that the view uses, as a terminal would. */
function terminal(columns: number) {
  const rows: string[] = [''];
  let row = 0;
  const write = (text: string) => {
    // oxlint-disable-next-line no-control-regex -- a terminal's own language
    for (const part of text.split(/(\u001b\[\d*[A-Z]|\r|\n)/)) {
      // oxlint-disable-next-line no-control-regex -- a terminal's own language
      const up = /^\u001b\[(\d+)A$/.exec(part);
      if (up !== null) row -= Number(up[1]);
      else if (part === '\u001b[0J') rows.splice(row, rows.length, '');
      else if (part === '\n') {
        row += 1;
        rows[row] ??= '';
      } else if (part !== '\r') rows[row] = (rows[row] ?? '') + part;
    }
  };
  return { screen: { write, columns: () => columns, rows: () => 24 }, text: () => rows.join('\n') };
}

function watch(columns = 80): { readonly view: EventView; readonly text: () => string } {
  const { screen, text } = terminal(columns);
  return { view: terminalView({ plan, wording, color: false, verbose: false }, screen), text };
}

describe('terminalView', () => {
  it('draws what runs below what is done', () => {
    const { view: shown, text } = watch();
    for (const event of success.slice(0, 7)) shown.show(event);
    shown.tick(at(12), null);
    expect(text()).toBe(
      '✓ app0  create generation 4  0.2 s\n✓ app0  start generation 4  0.4 s\n⠙ app0  wait until generation 4 is ready  10 s  ECONNREFUSED\n',
    );
  });

  it('leaves only what is done', () => {
    const { view: shown, text } = watch();
    for (const event of success) shown.show(event);
    shown.close();
    expect(text()).toBe(`\
✓ app0  create generation 4  0.2 s
✓ app0  start generation 4  0.4 s
✓ app0  wait until generation 4 is ready  2.1 s  200 after 2.1 s
✓ web0  start generation 3  0.3 s

Applied in 5.0 s: 1 replaced, 1 started, 1 unchanged.
`);
  });

  it.each([60, 80, 100, 200])('folds its own lines to %i columns, and leaves those of a log', (columns) => {
    const { view: shown, text } = watch(columns);
    const log = `   at ${'x'.repeat(200)}  y`;
    for (const event of failure) {
      shown.show(
        event.type === 'node-failed' ? { ...event, failure: { ...event.failure, log: [log] } } : event,
      );
    }
    shown.close();
    const lines = text().split('\n');
    expect(lines).toContain(`      │ ${log}`);
    for (const line of lines) if (!line.includes(log)) expect(line.length, line).toBeLessThanOrEqual(columns);
  });

  it('cuts live lines to the screen, so that none wraps', () => {
    const { view: shown, text } = watch(30);
    for (const event of success.slice(0, 7)) shown.show(event);
    expect(text().split('\n').at(-2)).toBe('⠋ app0  wait until generatio…');
  });
});

describe('a container that goes back', () => {
  const back = replacement().map((one): PlanNode => ({ ...one, id: `${one.id} back` as PlanNode['id'] }));
  const roll: Plan['rolls'][number] = {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `resolve` makes them
    container: 'shop/app' as Plan['rolls'][number]['container'],
    onFailure: 'rollback',
    monitorMs: 0,
    canary: null,
    changes: ['shop/app0'],
    back: [{ change: 'shop/app0', order: 'start-first', old: 'x', nodes: back }],
  };
  const rolling: Plan = { ...plan, rolls: [roll] };
  const [first] = back;
  if (first === undefined) throw new Error('no such node');

  const linesOf = (events: readonly ExecutionEvent[]) => {
    let text = '';
    const view = plainView({ plan: rolling, wording, color: false, verbose: true }, (more) => (text += more));
    for (const event of events) view.show(event);
    view.close();
    return text.replaceAll(/^\S+Z {2}/gm, '');
  };
  const started: ExecutionEvent = {
    type: 'back-started',
    atMs: at(1),
    container: 'shop/app',
    changes: ['shop/app0'],
  };
  const finished = (failed: number): ExecutionEvent => ({
    type: 'finished',
    atMs: at(9),
    tookMs: 9000,
    done: 1,
    failed,
    skipped: 1,
    interrupted: false,
  });

  it('says so, and which ones are back', () => {
    const nodeEvents = back.flatMap((one): readonly ExecutionEvent[] => [
      { type: 'node-started', atMs: at(2), node: one },
      { type: 'node-finished', atMs: at(2), node: one, tookMs: 1, note: null },
    ]);
    const text = linesOf([started, ...nodeEvents, finished(1)]);
    expect(text).toContain('↺ app  goes back to its old generations: app0');
    expect(text).toContain('Back on the old generation: app0.');
  });

  it('and what to do when it fails there', () => {
    const gone = { message: 'the engine is gone', detail: null, help: null, log: [] };
    const text = linesOf([
      started,
      { type: 'node-started', atMs: at(2), node: first },
      { type: 'node-failed', atMs: at(3), node: first, tookMs: 1, failure: gone },
      { type: 'undo-started', atMs: at(3), group: 'shop/app0', because: first.id },
      { type: 'undo-finished', atMs: at(4), group: 'shop/app0', done: [], failures: [] },
      finished(2),
    ]);
    expect(text).toContain(
      'help: it was on its way back, and nothing else goes back; `stack status` says what serves',
    );
    expect(text).toContain('generation 4 stays');
    expect(text).not.toContain('Back on the old generation');
  });
});
