import { describe, expect, test } from 'vitest';
import type { DesiredInstance } from '../../../src/compiler/desired/desired-state.ts';
import { RELEASE_HOLE } from '../../../src/compiler/desired/desired-state.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { brief, inputs, shop, spec } from '../spec/marked.ts';
import { app, container, local } from './shop.ts';

const shownEnv = ({ env }: DesiredInstance) =>
  env.map(({ name, value, masked }) => `${name}=${value}${masked ? ' masked' : ''}`);

describe('environment', () => {
  test('is laid over each other, the later winning', () => {
    const text = shop(
      `
base: { deploy: auto, image: "a:1", env: { A: base, B: base, C: base, D: base } }
middle: { deploy: auto, image: "a:1", env_from: base, env: { B: middle, C: middle } }
app: { deploy: auto, image: "a:1", env_from: middle, database: true, env: { C: "%{app_name}", DB_HOST: mine } }`,
    ).replace(
      'containers:',
      'environment_variables: { A: application, Z: application }\n    database: { host: db, port: 5432 }\n    containers:',
    );
    expect(shownEnv(container(text, 'app', { images: local() }).template)).toEqual([
      'A=base',
      'B=middle',
      'C=app0',
      'D=base',
      'DB_HOST=db',
      'DB_PORT=5432',
      `RELEASE_TAG=ab12ab12ab12`,
      'Z=application',
    ]);
  });

  test('numbers and booleans are text', () => {
    expect(shownEnv(app('env: { A: 1, B: true, C: "", D: 1.5 }'))).toEqual([
      'A=1',
      'B=true',
      'C=',
      'D=1.5',
      `RELEASE_TAG=${RELEASE_HOLE}`,
    ]);
  });

  test('what comes from outside, or speaks of a secret, is masked', () => {
    const top = 'secrets: { S: { env: S } }';
    const more = { env: { X: 'x' }, secrets: { S: { value: 's' } } };
    const env = app(
      'env: { A: "%{env:X}", B: "-%{secret:S}", C: "%{env:Y|y}", api_key: "/run/k", PLAIN: a }',
      more,
      top,
    );
    expect(shownEnv(env)).toEqual([
      'A=x masked',
      'B=-s masked',
      'C=y masked',
      'PLAIN=a',
      `RELEASE_TAG=${RELEASE_HOLE}`,
      'api_key=/run/k masked',
    ]);
    expect(env.spec.env).toEqual(['A', 'B', 'C', 'PLAIN', 'RELEASE_TAG', 'api_key']);
    expect(env.spec.maskedEnv).toEqual(['A', 'B', 'C', 'api_key']);
  });

  test("the operator's database stands in for the application's, and DB_… wins over DATABASE_URL", () => {
    const env = {
      DATABASE_URL: 'postgres://u%40x:p@db.example:5433/shop?a=b&reconnect=true',
      DB_HOST: 'other',
    };
    expect(shownEnv(app('database: true', { env }))).toEqual([
      'DB_ADAPTER=postgres masked',
      'DB_DATABASE=shop masked',
      'DB_HOST=other masked',
      'DB_PASSWORD=p masked',
      'DB_PORT=5433 masked',
      'DB_RECONNECT=true masked',
      'DB_USERNAME=u@x masked',
      `RELEASE_TAG=${RELEASE_HOLE}`,
    ]);
  });

  test('a `DATABASE_URL` that is none is said so', () => {
    const resolved = resolve(spec(shop('app: { deploy: auto, image: "a:1", database: true }')), {
      ...inputs,
      env: { DATABASE_URL: 'what' },
    });
    expect(resolved.ok && brief(resolved.warnings)).toEqual([
      'STK354 4:42 `app` wants a database, and `DATABASE_URL` cannot be read',
    ]);
  });
});

describe('words', () => {
  test('are shown as written and run as meant', () => {
    const { spec: shown, command } = app(
      'command: ["run", "%{secret:S}", "%{env:X}", "%{env:Y|b c}", "%%{host}", "%{opsworks}"]',
      { env: { X: '%{socket}' }, secrets: { S: { value: 's s' } } },
      'secrets: { S: { env: S } }',
    );
    expect(command).toEqual(['run', 's s', '%{socket}', 'b c', '%{host}', 'shop-web1']);
    expect(shown.command).toEqual([
      'run',
      '%{secret:S}',
      '%{env:X}',
      '%{env:Y|b c}',
      '%%{host}',
      'shop-web1',
    ]);
  });

  test('absent ones leave the image its own', () => {
    const { command, entrypoint, spec: shown } = app('entrypoint: []');
    expect([command, entrypoint, shown.command, shown.entrypoint]).toEqual([null, [], null, []]);
  });
});
