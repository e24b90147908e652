import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterEach, describe, expect, test, vi } from 'vitest';

import { agentImage, buildAgentImage } from '../../../src/runtime/agent/agent-image.ts';
import type { BuildRequest, Engine } from '../../../src/runtime/engine.ts';

const { version }: { version: string } = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
);

test('the image is named by the version and what it is made of', () => {
  const { tag, files } = agentImage();
  expect(tag).toMatch(new RegExp(`^stackc/agent:${version.replaceAll('.', '\\.')}-[0-9a-f]{12}$`));
  expect(Object.keys(files)).toEqual([
    'Dockerfile',
    'agent.mjs',
    'scheduler.mjs',
    'older-node.cjs',
    'session.sh',
    'stack.cjs',
    'program.cjs',
  ]);
});

test('the bundle does not depend on where the sources lie, and needs nothing but Node', () => {
  const program = Buffer.from(agentImage().files['agent.mjs'] ?? []).toString('utf8');
  expect(program).not.toContain(process.cwd());
  const imports = [...program.matchAll(/^import .* from "(.*)";$/gm)].map(([, name]) => name);
  expect(imports.length).toBeGreaterThan(0);
  expect(imports.filter((name) => !name?.startsWith('node:'))).toEqual([]);
});

test.each(['.', 'parts'])('an installed package gives the same image from %s', async (place) => {
  const folder = mkdtempSync(join(tmpdir(), 'installed-'));
  try {
    const program = join(folder, place, 'program.mjs');
    buildSync({
      entryPoints: [fileURLToPath(new URL('../../../src/runtime/agent/agent-image.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      define: { __STACKC_VERSION__: JSON.stringify(version) },
      outfile: program,
    });
    mkdirSync(join(folder, 'agent'));
    for (const [name, content] of Object.entries(agentImage().files)) {
      const isProgram = name === 'stack.cjs' || name === 'program.cjs';
      writeFileSync(join(folder, isProgram ? '.' : 'agent', name), content);
    }
    const installed: { agentImage: typeof agentImage } = await import(program);
    expect(installed.agentImage().tag).toBe(agentImage().tag);
    // Not by `toBe`: that compares megabytes, byte for byte.
    expect(installed.agentImage().files === agentImage().files).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('a build', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('takes the Dockerfile’s base and the host’s network unless told otherwise', async () => {
    vi.stubEnv('STACKC_AGENT_BASE', undefined);
    await expect(requestOf({})).resolves.toMatchObject({ buildArgs: {}, network: 'host' });
  });

  test('takes the base from the environment, or rather from its caller', async () => {
    vi.stubEnv('STACKC_AGENT_BASE', 'node:22-alpine');
    await expect(requestOf({})).resolves.toMatchObject({ buildArgs: { BASE: 'node:22-alpine' } });
    await expect(requestOf({ base: 'debian:13', network: 'default' })).resolves.toMatchObject({
      buildArgs: { BASE: 'debian:13' },
      network: 'default',
    });
  });
});

async function requestOf(options: Parameters<typeof buildAgentImage>[1]): Promise<BuildRequest | undefined> {
  const requests: BuildRequest[] = [];
  const engine: Pick<Engine, 'buildImage'> = {
    buildImage: async (request) => void requests.push(request),
  };
  const tag = await buildAgentImage(engine, options, () => undefined);
  expect(requests).toHaveLength(1);
  expect(requests[0]?.tag).toBe(tag);
  expect(requests[0]?.files === agentImage().files).toBe(true);
  return requests[0];
}
