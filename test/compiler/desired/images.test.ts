import { describe, expect, test } from 'vitest';
import { registryCredentials } from '../../../src/compiler/desired/registry-credentials.ts';
import { resolve } from '../../../src/compiler/desired/resolve.ts';
import { requirements } from '../../../src/compiler/desired/requirements.ts';
import type { ImageFacts } from '../../../src/compiler/desired/resolved-inputs.ts';
import { brief, diagnosticsOf, inputs, shop, spec } from '../spec/marked.ts';
import { container, local } from './shop.ts';

const imageWith = (facts: ImageFacts) =>
  container(shop('app: { deploy: auto, image: a, tag: 1 }'), 'app', { images: { 'a:1': facts } }).image;

describe('images', () => {
  test('that will hardly be had are told of, and still pulled', () => {
    const stack = spec(shop('app: { deploy: auto, image: "a:1" }'));
    const doubt = { message: 'it is not on the engine', help: 'push it' };
    const facts: ImageFacts = { kind: 'pull', digest: null, why: 'not on the engine', doubt, config: null };
    const resolved = resolve(stack, { ...inputs, images: { 'a:1': facts } });
    expect(resolved).toMatchObject({
      ok: true,
      value: { containers: [{ image: { pull: { digest: null } } }] },
      warnings: [{ code: 'STK366', message: '`a:1`: it is not on the engine', help: 'push it' }],
    });
  });

  test('known, to be pulled, not known', () => {
    expect(imageWith({ kind: 'unknown' })).toEqual({ reference: 'a:1', id: null, pull: null });
    expect(imageWith(local()['a:1'] ?? { kind: 'unknown' })).toEqual({
      reference: 'a:1',
      id: `sha256:${'ab12'.repeat(16)}`,
      pull: null,
    });
    expect(imageWith({ kind: 'pull', digest: 'sha256:1', why: 'moved', doubt: null, config: null })).toEqual({
      reference: 'a:1',
      id: null,
      pull: { digest: 'sha256:1', why: 'moved' },
    });
  });

  test('that need the operator can be asked for once his variables are known', () => {
    const stack = spec(
      shop(
        'app: { deploy: auto, image: "a:%{env:TAG|1}", pull: never }\nb: { deploy: auto, image: "a:2", pull: missing }',
      ),
    );
    expect(requirements(stack).images.map(({ reference }) => reference)).toEqual(['a:2']);
    expect(requirements(stack).env).toEqual(['TAG']);
    expect(requirements(stack, { env: { TAG: '2' } }).images).toEqual([
      { reference: 'a:2', pull: 'missing', containers: ['shop/app', 'shop/b'] },
    ]);
  });
});

test('credentials of registries', () => {
  const stack = spec(
    shop(
      'app: { deploy: auto, image: "a:1" }',
      'secrets: { P: { file: p } }\ndocker: { registries: { r.io: { username: "%{env:U}", password: "%{secret:P}" }, e.io: { username: "", password: "" } } }',
    ),
  );
  expect(requirements(stack)).toMatchObject({ env: ['U'], secrets: ['P'] });
  const known = { ...inputs, env: { U: 'u' }, secrets: { P: { value: 'p' } } };
  expect(registryCredentials(stack, known)).toEqual({
    ok: true,
    value: [{ host: 'r.io', username: 'u', password: 'p' }],
    warnings: [],
  });
});

test.each([
  ['', 'p', 'STK332 5:43 `r.io` has a password but no user name'],
  ['u', '', 'STK332 5:65 `r.io` has a user name but no password'],
])('credentials with the user `%s` and the password `%s` are none', (user, word, line) => {
  const stack = spec(
    shop(
      'app: { deploy: auto, image: "a:1" }',
      'docker: { registries: { r.io: { username: "%{env:U}", password: "%{env:W}" } } }',
    ),
  );
  const credentials = registryCredentials(stack, { ...inputs, env: { U: user, W: word } });
  expect(brief(diagnosticsOf(credentials))).toEqual([line]);
  expect(registryCredentials(stack, { ...inputs, env: { U: '', W: '' } })).toMatchObject({
    ok: true,
    value: [],
  });
});
