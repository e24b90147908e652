import { expect, test } from 'vitest';
import {
  formatImageReference,
  isLatest,
  parseImageReference,
} from '../../../../src/compiler/spec/values/image-reference.ts';
import { outcome } from './outcome.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  ['redis', 'docker.io', 'redis', null, null, 'redis:latest'],
  ['redis:7.2', 'docker.io', 'redis', '7.2', null, 'redis:7.2'],
  ['library/redis:7', 'docker.io', 'library/redis', '7', null, 'library/redis:7'],
  [
    'docker.io/library/redis',
    'docker.io',
    'docker.io/library/redis',
    null,
    null,
    'docker.io/library/redis:latest',
  ],
  ['quay.io/a/b-c__d.e:1', 'quay.io', 'quay.io/a/b-c__d.e', '1', null, 'quay.io/a/b-c__d.e:1'],
  ['localhost/app', 'localhost', 'localhost/app', null, null, 'localhost/app:latest'],
  ['localhost:5000/app:1', 'localhost:5000', 'localhost:5000/app', '1', null, 'localhost:5000/app:1'],
  ['[::1]:5000/app', '[::1]:5000', '[::1]:5000/app', null, null, '[::1]:5000/app:latest'],
  ['app:5000', 'docker.io', 'app', '5000', null, 'app:5000'],
  [`app@${digest}`, 'docker.io', 'app', null, digest, `app@${digest}`],
  [`app:1@${digest}`, 'docker.io', 'app', '1', digest, `app@${digest}`],
])('%s', (text, registry, name, tag, hash, formatted) => {
  const reference = parseImageReference(text);
  expect(outcome(text, reference)).toEqual({ registry, name, tag, digest: hash });
  if (reference.ok) expect(formatImageReference(reference.value)).toBe(formatted);
});

test.each([
  ['', '«»: the image has no name'],
  ['App', '«App»: `App` is not an image name'],
  ['quay.io/My/App:1', '«quay.io/My/App»:1: `quay.io/My/App` is not an image name'],
  ['a//b', '«a//b»: `a//b` is not an image name'],
  ['-a', '«-a»: `-a` is not an image name'],
  ['a___b', '«a___b»: `a___b` is not an image name'],
  ['app:', 'app«:»: the tag after `:` is empty'],
  ['app:a b', 'app:«a b»: `a b` is not a tag'],
  ['app:-1', 'app:«-1»: `-1` is not a tag'],
  ['app@sha256:12', 'app@«sha256:12»: `sha256:12` is not a digest'],
  ['-x.io/app', "«-x.io»/app: `-x.io` is not a registry's host"],
])('%j is a problem', (text, problem) => {
  expect(outcome(text, parseImageReference(text))).toBe(problem);
});

const latest = (text: string) => {
  const reference = parseImageReference(text);
  return reference.ok && isLatest(reference.value);
};

test('latest is what has no other tag and no digest', () => {
  expect(['a', 'a:latest', 'a:1', `a@${digest}`, `a:latest@${digest}`].map(latest)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
