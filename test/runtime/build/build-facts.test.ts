import { expect, test } from 'vitest';

import { containerKey } from '../../../src/compiler/desired/keys.ts';
import type { ImageRequirement } from '../../../src/compiler/desired/resolved-inputs.ts';
import { buildFacts } from '../../../src/runtime/inputs/build-facts.ts';
import { memoryEngine, type MemoryEngineOptions } from '../../support/memory-engine.ts';

const LOCAL = 'shop-app:ab12';
const REMOTE = 'r.example/shop/app:ab12';
const DIGEST = `sha256:${'d'.repeat(64)}`;

interface Case extends MemoryEngineOptions {
  readonly reference?: string;
  readonly pull?: ImageRequirement['pull'];
  readonly askRegistry?: boolean;
}

async function facts({ reference = REMOTE, pull = 'auto', askRegistry = true, ...options }: Case) {
  const engine = memoryEngine(options);
  const registry = reference === REMOTE ? 'r.example' : null;
  const requirement = { reference, pull, containers: [containerKey('shop', 'app')], build: { registry } };
  const lookup = { engine, auth: () => Promise.resolve(null), askRegistry };
  const local = await engine.inspectImage(reference);
  const found = await buildFacts(requirement, registry, local, () => Promise.resolve(null), lookup);
  const asked = engine.calls.filter(({ method }) => method === 'registryDigest').length;
  return { ...found, asked };
}

const pushed = { images: { [REMOTE]: { digest: DIGEST } } };
const there = { registry: { [REMOTE]: { digest: DIGEST } } };

test.each<[string, Case, object]>([
  ['nowhere, without a registry', { reference: LOCAL }, { kind: 'build', doubt: null, asked: 0 }],
  [
    'on the engine, without a registry',
    { reference: LOCAL, images: { [LOCAL]: {} } },
    { kind: 'local', asked: 0 },
  ],
  ['nowhere', {}, { kind: 'build', doubt: null, asked: 1 }],
  ['in the registry alone', there, { kind: 'pull', digest: DIGEST, why: 'its registry has it', asked: 1 }],
  ['in the registry alone, `pull: never`', { ...there, pull: 'never' }, { kind: 'build', asked: 0 }],
  ['on the engine alone', { images: { [REMOTE]: {} } }, { kind: 'push', asked: 0 }],
  ['on both', { ...pushed, ...there }, { kind: 'local', warning: null, asked: 0 }],
  ['on both, `pull: always`', { ...pushed, ...there, pull: 'always' }, { kind: 'local', asked: 1 }],
  ['lost by the registry', pushed, { kind: 'local', asked: 0 }],
  ['lost by the registry, `pull: always`', { ...pushed, pull: 'always' }, { kind: 'push', asked: 1 }],
  [
    'nowhere, and the registry away',
    { registry: { [REMOTE]: 'timeout' } },
    {
      kind: 'build',
      doubt: { message: expect.stringContaining('the apply will build it, and try to push it') },
    },
  ],
  [
    'on the engine, and the registry away, `pull: always`',
    { ...pushed, registry: { [REMOTE]: 'timeout' }, pull: 'always' },
    { kind: 'local', warning: expect.stringContaining('the local image stands') },
  ],
  ['in the registry, and nobody asks', { ...there, askRegistry: false }, { kind: 'build', asked: 0 }],
])('%s', async (_, given, expected) => {
  expect(await facts(given)).toMatchObject(expected);
});
