import { describe, expect, test } from 'vitest';

import {
  journalTraces,
  repositoryOf,
  untracedRevisions,
  usedAs,
  type EngineImage,
} from '../../../src/compiler/cleanup/used-images.ts';
import { journalLine, readRecords } from '../../../src/compiler/journal/lines.ts';
import type { ApplyRecord, JournalRecord, OperationRecord } from '../../../src/compiler/journal/record.ts';

const DIGEST = `sha256:${'d'.repeat(64)}`;

const begin = (apply: string, revision: number): ApplyRecord => ({
  type: 'apply',
  apply,
  revision,
  atMs: 0,
  command: 'apply',
  of: null,
  user: 'anna',
  host: 'here',
  program: '1.2.3',
  file: null,
  git: null,
  operations: 0,
});

const image = (given: Partial<EngineImage>): EngineImage => ({
  id: 'sha256:1',
  tags: [],
  digests: [],
  bytes: 1,
  ...given,
});

/** An apply with one operation, and what came of it. */
const applied = (op: object, result: OperationRecord['result']): readonly JournalRecord[] => [
  begin('a1', 1),
  { type: 'plan', apply: 'a1', changes: [], operations: [{ id: 'n', group: 'g', op }] },
  {
    type: 'operation',
    apply: 'a1',
    node: 'n',
    op: 'any',
    container: null,
    instance: null,
    generation: null,
    atMs: 0,
    tookMs: 0,
    result,
    told: null,
    failure: null,
  },
];

const pull = { kind: 'image.pull', reference: 'quay.io/me/app:1', digest: DIGEST, platform: null };
const build = { kind: 'image.build', reference: 'shop-app:ab12', context: './app' };
const agent = { kind: 'agent.create', agent: { image: 'stackc/agent:1', name: 'shop-agent' } };

describe('the journal shows that a stack has used', () => {
  const recorded: JournalRecord = {
    type: 'images',
    apply: 'a1',
    images: [
      { id: 'sha256:1', reference: 'app:1' },
      { id: 'sha256:1', reference: 'docker.io/library/other:2' },
      { id: 'sha256:2', reference: null },
    ],
  };

  test.each<[string, readonly JournalRecord[], Partial<EngineImage>, readonly string[] | null]>([
    ['what an apply found, under each name', [recorded], {}, ['app', 'other']],
    ['what an apply found under a name that nobody knows', [recorded], { id: 'sha256:2' }, []],
    ['nothing else', [recorded], { id: 'sha256:3', tags: ['app:1'] }, null],
    ['what it pulled', applied(pull, 'done'), { digests: [`quay.io/me/app@${DIGEST}`] }, ['quay.io/me/app']],
    ['not what it failed to pull', applied(pull, 'failed'), { digests: [`quay.io/me/app@${DIGEST}`] }, null],
    ['what was built', applied(build, 'done'), { tags: ['shop-app:ab12'] }, ['shop-app']],
    ['not another tag of it', applied(build, 'done'), { tags: ['shop-app:cd34'] }, null],
    ['not what failed to be built', applied(build, 'failed'), { tags: ['shop-app:ab12'] }, null],
    ['its agents', applied(agent, 'done'), { tags: ['stackc/agent:1'] }, ['stackc/agent']],
    ['not the agents of others', applied(agent, 'done'), { tags: ['stackc/agent:2'] }, null],
    ['nothing where it is empty', [], {}, null],
  ])('%s', (_, records, given, repositories) => {
    const used = usedAs(image(given), journalTraces(records));
    expect(used === null ? null : [...used]).toEqual(repositories);
  });

  test('as it was written and read', () => {
    expect(readRecords(journalLine(recorded))).toEqual([recorded]);
  });
});

test('revisions of an earlier version say nothing of their images', () => {
  const traced: JournalRecord = { type: 'images', apply: 'a2', images: [] };
  expect(untracedRevisions([begin('a1', 1), begin('a2', 2), traced])).toEqual([1]);
});

test.each([
  ['app', 'app'],
  ['app:1', 'app'],
  [`docker.io/library/app@${DIGEST}`, 'app'],
  ['docker.io/me/app:1', 'me/app'],
  ['localhost:5000/app:1', 'localhost:5000/app'],
])('%s is listed as %s', (reference, repository) => {
  expect(repositoryOf(reference)).toBe(repository);
});
