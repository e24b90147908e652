import { expect, it } from 'vitest';
import { NonsenseAnswer } from '../../../src/runtime/docker/engine-errors.ts';
import { pathFacts } from '../../../src/runtime/docker/path-facts.ts';

function answer(facts: unknown) {
  const header = Buffer.from(JSON.stringify(facts)).toString('base64');
  return { status: 200, headers: { 'x-docker-container-path-stat': header }, body: '' };
}

// As Docker Engine 20.10 sent them.
it.each([
  [134_218_239, '/stackc/v/socks/.shop-app0.2', { kind: 'symlink', target: '/stackc/v/socks/.shop-app0.2' }],
  [16_777_709, '', { kind: 'socket', target: null }],
  [2_147_484_141, '', { kind: 'directory', target: null }],
  [2_148_532_735, '', { kind: 'directory', target: null }],
  [420, '', { kind: 'file', target: null }],
  [69_206_454, '', { kind: 'device or pipe', target: null }],
])('mode %d is told as what it is', (mode, linkTarget, expected) => {
  expect(pathFacts(answer({ name: 'x', size: 0, mode, mtime: '', linkTarget }))).toEqual(expected);
});

it.each([
  ['no header', { status: 200, headers: {}, body: '' }],
  ['no JSON', { status: 200, headers: { 'x-docker-container-path-stat': 'eA==' }, body: '' }],
  ['other fields', answer({ mode: 'rw' })],
  ['a list', answer([])],
])('%s is no answer of an engine', (_, given) => {
  expect(() => pathFacts(given)).toThrow(NonsenseAnswer);
});
