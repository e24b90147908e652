import { describe } from 'vitest';

import { memoryEngine } from '../support/memory-engine.ts';
import { playBehaviour, playExecHandler } from './contract-programs.ts';
import { engineContract } from './engine-contract.ts';

describe('engine in memory', () => {
  engineContract(async () => {
    const image = 'stackc-contract/play:1';
    return {
      engine: memoryEngine({
        images: { [image]: { config: { exposedPorts: ['8080/tcp'] } } },
        behaviour: playBehaviour,
        exec: playExecHandler,
      }),
      image,
      label: 'contract.run=memory',
      prefix: 'contract',
      close: async () => undefined,
    };
  });
});
