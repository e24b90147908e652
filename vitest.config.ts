import { basename } from 'node:path';

import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What takes longest, in this order; a wrong place costs time and nothing else. */
const LONGEST = [
  'verdict',
  'behaviour',
  'bad-days',
  'way-back',
  'host-network',
  'load',
  'crash',
  'lock',
  'files',
  'example',
  'discovery',
  'engine-restart',
  'runtime-socket',
  'docker-engine',
  'setup',
  'worker',
  'adopt',
  'notifications',
  'registry',
  'opsworks-page',
  // Of the unit tests: most of it is waiting.
  'rollback',
  'limits',
  'cleanup',
  'prove',
  'laws',
];

/** The longest files first, so that none of them runs alone at the end: by itself vitest goes by their size. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.indexOf(basename(moduleId, '.test.ts'));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          // Half of their time is waiting.
          maxWorkers: 3,
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Real engine, real programs: mostly waiting. Two files at a time, so that they do not starve each other of two cores.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          maxWorkers: 2,
          maxConcurrency: 2,
          testTimeout: 300_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
