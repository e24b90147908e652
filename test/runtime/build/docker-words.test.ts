import { describe, expect, test } from 'vitest';

import type { DesiredBuild } from '../../../src/compiler/desired/desired-state.ts';
import { buildCall, dockerEnvironment } from '../../../src/runtime/build/docker-words.ts';

const build: DesiredBuild = {
  context: 'app',
  dockerfile: 'web.Dockerfile',
  args: [
    { name: 'HTTP_PROXY', value: 'http://proxy' },
    { name: 'RUBY', value: '3.3' },
  ],
  target: 'web',
  platform: 'linux/arm64',
  content: { digest: 'ab', files: 1, bytes: 1 },
  registry: null,
  builds: true,
  pushes: false,
};
const where = { folder: '/srv/shop', env: { PATH: '/bin' } };

describe('the words of a build', () => {
  test('by buildx: the engine gets the image, and arguments stand in the environment', () => {
    expect(buildCall(build, 'shop-app:ab', { ...where, buildx: true })).toEqual({
      words:
        'docker buildx build --load --progress plain --tag shop-app:ab --file /srv/shop/app/web.Dockerfile --target web --platform linux/arm64 --build-arg RUBY --build-arg HTTP_PROXY=http://proxy /srv/shop/app'.split(
          ' ',
        ),
      env: { PATH: '/bin', RUBY: '3.3' },
    });
  });

  test('by the classic builder, which has one platform and leaves no container behind', () => {
    expect(buildCall({ ...build, args: [], target: null }, 'a:1', { ...where, buildx: false })).toEqual({
      words: 'docker build --force-rm --tag a:1 --file /srv/shop/app/web.Dockerfile /srv/shop/app'.split(' '),
      env: { PATH: '/bin' },
    });
  });
});

describe('the engine that docker takes', () => {
  const env = { PATH: '/bin', DOCKER_HOST: 'tcp://a:1', DOCKER_CONTEXT: 'b', DOCKER_TLS_VERIFY: '1' };
  test.each([
    [{ context: null, host: null }, env],
    [
      { context: null, host: 'ssh://web1' },
      { PATH: '/bin', DOCKER_HOST: 'ssh://web1', DOCKER_TLS_VERIFY: '1' },
    ],
    [
      { context: 'c', host: null },
      { PATH: '/bin', DOCKER_CONTEXT: 'c', DOCKER_TLS_VERIFY: '1' },
    ],
  ])('%j', (choice, expected) => {
    expect(dockerEnvironment(choice, { ...env, DOCKER_DEFAULT_PLATFORM: 'linux/s390x' })).toEqual(expected);
  });
});
