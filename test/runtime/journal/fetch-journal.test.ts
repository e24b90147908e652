import { expect, test } from 'vitest';

import { journalLine } from '../../../src/compiler/journal/lines.ts';
import { EngineError, type FoundFile } from '../../../src/runtime/engine.ts';
import { journalReader } from '../../../src/runtime/journal/fetch-journal.ts';
import { GATE, START } from '../../compiler/journal/records.ts';

const AGENTS = [{ name: 'shop-agent', id: 'c9', state: 'running', spec: '{}', networks: [] }] as const;

function file(text: string): FoundFile {
  const content = new TextEncoder().encode(text);
  return { kind: 'file', content, mode: 0o600, uid: 0, gid: 0, modifiedS: 0 };
}

test('out of the agent’s container, once', async () => {
  const asked: string[] = [];
  const text = `${journalLine(START)}\n${journalLine(GATE)}\n{"v":1,"to`;
  const engine = {
    fetchFile: async (id: string, path: string) => {
      asked.push(`${id} ${path}`);
      return file(text);
    },
  };
  const read = journalReader(engine, AGENTS);
  expect(await read()).toEqual([START, GATE]);
  expect(await read()).toEqual([START, GATE]);
  expect(asked).toEqual(['c9 /stackc/journal/journal.jsonl']);
});

test('no agent, nobody is asked', async () => {
  const engine = { fetchFile: () => Promise.reject(new Error('asked')) };
  expect(await journalReader(engine, [])()).toBeNull();
});

test.each<[string, () => Promise<FoundFile | null>]>([
  ['there is none yet', () => Promise.resolve(null)],
  ['it is a folder', () => Promise.resolve({ kind: 'other' })],
  ['the engine fails', () => Promise.reject(new EngineError('server', 'read', 'no', 500))],
  ['the engine does not answer', () => new Promise<never>(() => {})],
])('none: %s', async (_, fetchFile) => {
  expect(await journalReader({ fetchFile }, AGENTS)()).toBeNull();
});
