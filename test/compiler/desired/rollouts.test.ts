import { describe, expect, test } from 'vitest';
import { compileText, diagnosticsOf, shop } from '../spec/marked.ts';
import { container } from './shop.ts';

const of = (keys: string, top = '') =>
  container(`${top}${shop(`app: { deploy: auto, image: "a:1", ${keys} }`)}`, 'app').rollout;

describe('what follows when an instance fails', () => {
  test.each([
    ['nothing is written', '', '', { onFailure: 'rollback', monitorMs: 10_000, canary: null }],
    [
      'of its own',
      'on_failure: pause, monitor: 1m',
      '',
      { onFailure: 'pause', monitorMs: 60_000, canary: null },
    ],
    [
      'of the stack',
      '',
      'on_failure: continue\nmonitor: 0\n',
      { onFailure: 'continue', monitorMs: 0, canary: null },
    ],
    ['its own wins', 'monitor: 2', 'monitor: 0\n', { onFailure: 'rollback', monitorMs: 2_000, canary: null }],
    [
      'a canary bakes as long as others are watched',
      'canary: {}',
      'monitor: 3\n',
      { onFailure: 'rollback', monitorMs: 3_000, canary: { instances: 1, bakeMs: 3_000 } },
    ],
    [
      'or as it says',
      'canary: { instances: 2, bake: 2m }',
      '',
      { onFailure: 'rollback', monitorMs: 10_000, canary: { instances: 2, bakeMs: 120_000 } },
    ],
    [
      'a canary of the stack bakes as long as the container is watched',
      'monitor: 2',
      'canary: {}\n',
      { onFailure: 'rollback', monitorMs: 2_000, canary: { instances: 1, bakeMs: 2_000 } },
    ],
    [
      'none of its own',
      'canary: { instances: 0 }',
      'canary: { bake: 9 }\n',
      { onFailure: 'rollback', monitorMs: 10_000, canary: null },
    ],
  ])('%s', (_, keys, top, rollout) => {
    expect(of(keys, top)).toEqual(rollout);
  });

  test('what the application says stands between them', () => {
    const text = `on_failure: continue
monitor: 1
deploy:
  shop:
    on_failure: pause
    canary: { instances: 2 }
    containers:
      app: { deploy: auto, image: "a:1", monitor: 5 }
`;
    expect(container(text, 'app').rollout).toEqual({
      onFailure: 'pause',
      monitorMs: 5_000,
      canary: { instances: 2, bakeMs: 5_000 },
    });
  });

  test.each(['on_failure: pause', 'monitor: 5', 'canary: {}'])('a cron container has none: %s', (key) => {
    const text = shop(`app: { deploy: cron, cron: "1 * * * *", image: "a:1", ${key} }`);
    expect(diagnosticsOf(compileText(text)).map(({ code }) => code)).toContain('STK326');
  });
});
