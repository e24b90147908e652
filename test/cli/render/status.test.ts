import { describe, expect, test } from 'vitest';
import { renderStatus, type StatusRow } from '../../../src/cli/render/status.ts';

const row = (instance: string, rest: Partial<StatusRow> = {}): StatusRow => ({
  application: 'shop',
  container: instance.replace(/\d+$/, ''),
  instance,
  name: `shop-${instance}`,
  id: '1a2b3c4d5e6f',
  startedAt: null,
  uptimeS: null,
  generation: 1,
  ok: true,
  state: 'running',
  health: 'none',
  healthWhy: null,
  image: `registry.example.com/shop/${instance.replace(/\d+$/, '')}:1`,
  imageId: `sha256:${'1a2b3c4d5e6f'.repeat(5)}1a2b`,
  uptime: '3 minutes',
  notes: [],
  ...rest,
});
const rows = [
  row('app0'),
  row('app0', {
    generation: 2,
    state: 'exited',
    uptime: null,
    notes: ['failed, kept as shop-app0.2.failed', 'exit code 0'],
  }),
  row('postgres0', { health: 'healthy' }),
];
const shown = (width: number | null) => renderStatus('shop', rows, { color: false, width });

describe('the table fits the terminal', () => {
  test.each([40, 60, 80, 100, 200])('%i columns', (width) => {
    for (const line of shown(width).split('\n')) expect(line.length, line).toBeLessThanOrEqual(width);
  });

  test('everything where there is room, and where there is no terminal', () => {
    expect(shown(200)).toBe(`\
INSTANCE   GEN  STATE    HEALTH   IMAGE                                              UPTIME     NOTE
app0       1    running  –        registry.example.com/shop/app:1 1a2b3c4d5e6f       3 minutes
app0       2    exited            registry.example.com/shop/app:1 1a2b3c4d5e6f                  failed, kept as shop-app0.2.failed; exit code 0
postgres0  1    running  healthy  registry.example.com/shop/postgres:1 1a2b3c4d5e6f  3 minutes
`);
    expect(shown(null)).toBe(shown(200));
  });

  test('first the ids go, then notes stand below their row', () => {
    expect(shown(100)).toBe(`\
INSTANCE   GEN  STATE    HEALTH   IMAGE                                 UPTIME
app0       1    running  –        registry.example.com/shop/app:1       3 minutes
app0       2    exited            registry.example.com/shop/app:1
    failed, kept as shop-app0.2.failed; exit code 0
postgres0  1    running  healthy  registry.example.com/shop/postgres:1  3 minutes
`);
  });

  test('then the image is its last part, then the uptime goes', () => {
    expect(shown(80)).toContain('postgres0  1    running  healthy  …/postgres:1  3 minutes\n');
    expect(shown(50)).toContain('postgres0  1    running  healthy  …/postgres:1\n');
  });

  test('names are cut last of all', () => {
    expect(shown(44)).toContain('postgres0  1    running  healthy  …/post…s:1\n');
    const long = [row('a-very-long-name-of-an-instance0')];
    const text = renderStatus('shop', long, { color: false, width: 40 });
    expect(text.split('\n')[1]).toMatch(/^a-very…ce0  1    running  – {7}…\/a…:1$/);
  });

  test('an image without a name keeps its id', () => {
    const text = renderStatus('shop', [row('app0', { image: 'sha256:1a2b', notes: ['x'.repeat(60)] })], {
      color: false,
      width: 60,
    });
    expect(text).toContain('running  –       1a2b3c4d5e6f');
  });
});

describe('health', () => {
  const ill = [
    row('app0', { health: 'unhealthy', healthWhy: '503 from GET /ping' }),
    row('app1', { health: 'no answer', healthWhy: 'ECONNREFUSED', notes: ['1 change to apply'] }),
    row('app2', { state: 'exited', uptime: null }),
  ];

  test('says why beside the word, where there is room', () => {
    const text = renderStatus('shop', ill, { color: false, width: null });
    expect(text).toMatch(/^app0 .* unhealthy: 503 from GET \/ping {2}/m);
    expect(text).toMatch(/^app1 .* no answer: ECONNREFUSED {2}/m);
    expect(text).toMatch(/^app2 +1 +exited {2,}registry/m);
  });

  test('and else below it, with the notes', () => {
    const text = renderStatus('shop', ill, { color: false, width: 80 });
    expect(text).toMatch(/^app0 .* unhealthy {2}.*\n {4}503 from GET \/ping$/m);
    expect(text).toMatch(/^app1 .* no answer {2}.*\n {4}ECONNREFUSED; 1 change to apply$/m);
  });
});
