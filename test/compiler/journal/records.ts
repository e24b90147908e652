import type { OperationRecord } from '../../../src/compiler/journal/record.ts';

/** The start of generation 2 of `app0`. */
export const START: OperationRecord = {
  type: 'operation',
  apply: 'a1',
  node: 'shop/app0 start 2',
  op: 'container.start',
  container: 'shop/app',
  instance: 'app0',
  generation: 2,
  atMs: 1_000,
  tookMs: 300,
  result: 'done',
  told: null,
  failure: null,
};

export const GATE: OperationRecord = { ...START, op: 'container.gate', atMs: 1_310, tookMs: 1_500 };

export const DRAIN: OperationRecord = {
  ...START,
  op: 'socket.drain',
  generation: 1,
  atMs: 3_000,
  tookMs: 910,
  told: { kind: 'drain', ms: 900, open: 0 },
};

export const STOP: OperationRecord = {
  ...START,
  op: 'container.stop',
  generation: 1,
  atMs: 4_000,
  tookMs: 412,
  told: { kind: 'stop', forced: false, limitMs: 30_000, made: 'a1b2c3' },
};
