import { expect, it } from 'vitest';

import { splitReference } from '../../../src/runtime/docker/image-reference.ts';

it.each([
  ['redis', 'docker.io', 'redis', 'latest'],
  ['redis:7', 'docker.io', 'redis', '7'],
  ['library/redis:7', 'docker.io', 'library/redis', '7'],
  ['docker.io/library/redis', 'docker.io', 'docker.io/library/redis', 'latest'],
  ['index.docker.io/a/b', 'docker.io', 'index.docker.io/a/b', 'latest'],
  ['localhost/x', 'localhost', 'localhost/x', 'latest'],
  ['localhost:5000/x', 'localhost:5000', 'localhost:5000/x', 'latest'],
  ['r.example:5000/a/b:1.2', 'r.example:5000', 'r.example:5000/a/b', '1.2'],
  ['r.example/a@sha256:12', 'r.example', 'r.example/a', 'sha256:12'],
  ['r.example/a:1@sha256:12', 'r.example', 'r.example/a', 'sha256:12'],
])('%s', (reference, host, name, version) => {
  expect(splitReference(reference)).toEqual({ host, name, version });
});
