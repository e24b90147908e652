import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';

import { describe } from 'vitest';

import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import { chooseEndpoint } from '../../src/runtime/docker/endpoint.ts';
import { playScript } from '../runtime/contract-programs.ts';
import { engineContract } from '../runtime/engine-contract.ts';

const run = randomBytes(4).toString('hex');

describe('Docker Engine', () => {
  engineContract(async () => {
    const { env, platform } = process;
    const engine = await connectEngine(
      chooseEndpoint({ context: null, host: null, env, home: homedir(), platform }),
    );
    const image = `stackc-contract/play:${run}`;
    const dockerfile = 'FROM debian:bookworm-slim\nCOPY play /usr/local/bin/play\nEXPOSE 8080\n';
    const files = { Dockerfile: Buffer.from(dockerfile), play: Buffer.from(playScript) };
    const labels = { 'contract.run': run };
    await engine.buildImage(
      { tag: image, files, buildArgs: {}, labels, network: 'default' },
      () => undefined,
    );
    return {
      engine,
      image,
      label: `contract.run=${run}`,
      prefix: `stackc-contract-${run}`,
      close: async () => {
        engine.close();
        spawnSync('docker', ['image', 'rm', '--force', image]);
      },
    };
  });
});
