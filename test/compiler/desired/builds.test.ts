import { describe, expect, test } from 'vitest';

import { requirements } from '../../../src/compiler/desired/requirements.ts';
import type { BuildContent, ImageFacts } from '../../../src/compiler/desired/resolved-inputs.ts';
import { desired, shop, spec } from '../spec/marked.ts';
import { container } from './shop.ts';

const content: BuildContent = { digest: 'ab12cd34'.repeat(8), files: 3, bytes: 171 };
const APP = '["./app","Dockerfile",null,null,[]]';
const TAG = 'ab12cd34ab12cd34';

describe('the image of a build', () => {
  test('is known once its content is', () => {
    const stack = spec(shop('app: { deploy: auto, build: ./app, image: "r.example:5000/shop/app" }'));
    expect(requirements(stack)).toMatchObject({
      images: [],
      builds: [
        { key: APP, context: './app', dockerfile: 'Dockerfile', args: [], target: null, platform: null },
      ],
    });
    expect(requirements(stack, { builds: { [APP]: content } }).images).toEqual([
      {
        reference: `r.example:5000/shop/app:${TAG}`,
        pull: 'auto',
        containers: ['shop/app'],
        build: { registry: 'r.example:5000' },
      },
    ]);
  });

  test('with all keys; variables of the operator are known when they are given', () => {
    const stack = spec(
      shop(
        'app: { deploy: auto, build: { context: .., dockerfile: w, args: { B: "%{env:B}", A: 1 }, target: t, platform: linux/arm64 } }',
      ),
    );
    expect(requirements(stack)).toMatchObject({ env: ['B'], builds: [] });
    expect(requirements(stack, { env: { B: 'b' } }).builds).toMatchObject([
      {
        context: '..',
        dockerfile: 'w',
        args: [
          { name: 'A', value: '1' },
          { name: 'B', value: 'b' },
        ],
        target: 't',
        platform: 'linux/arm64',
      },
    ]);
  });

  test('nothing written means the folder of the stack file', () => {
    const contexts = ['""', '{ context: "" }', '{}', '.'].map(
      (build) => requirements(spec(shop(`app: { deploy: auto, build: ${build} }`))).builds[0]?.context,
    );
    expect(contexts).toEqual(['.', '.', '.', '.']);
  });

  test.each([
    ['app', null],
    ['anna/app', null],
    ['docker.io/anna/app', 'docker.io'],
    ['localhost/app', 'localhost'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000'],
  ])('%s goes to %s', (image, registry) => {
    const text = shop(`app: { deploy: auto, build: ./app, image: "${image}" }`);
    const facts: ImageFacts = { kind: 'build', doubt: null, config: null };
    const known = { builds: { [APP]: content }, images: { [`${image}:${TAG}`]: facts } };
    expect(container(text, 'app', known).image).toMatchObject({
      reference: `${image}:${TAG}`,
      id: null,
      pull: null,
      build: { registry, builds: true, pushes: registry !== null },
    });
  });

  test('without a name is called after the first container of the file that builds the same', () => {
    const text = shop(`
      job: { deploy: cron, cron: "0 3 * * *", build: { context: ./app }, env_from: App_1 }
      App_1: { deploy: auto, build: ./app }
      other: { deploy: auto, build: { context: ./app, target: other } }
    `);
    const builds = { [APP]: content, '["./app","Dockerfile","other",null,[]]': content };
    const found = desired(text, { builds }).containers.map(({ name, image }) => [name, image.reference]);
    expect(Object.fromEntries(found)).toEqual({
      App_1: `shop-job:${TAG}`,
      job: `shop-job:${TAG}`,
      other: `shop-other:${TAG}`,
    });
    const alone = shop('App_1: { deploy: auto, build: ./app }');
    expect(container(alone, 'App_1', { builds }).image.reference).toBe(`shop-app-1:${TAG}`);
  });

  test('runs on the platform that it is built for', () => {
    const text = shop('app: { deploy: auto, build: { platform: linux/arm64 } }');
    expect(container(text, 'app').template.spec.platform).toBe('linux/arm64');
  });
});
