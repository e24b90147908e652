import fc from 'fast-check';

import type { JobSpec } from '../../../src/compiler/cron/job.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A job of every five minutes. */
export const SPEC: JobSpec = {
  version: 1,
  schedule: ['*/5 * * * *'],
  timezone: 'UTC',
  overlap: 'queue',
  timeoutMs: null,
  catchUp: false,
  jitterMs: 0,
};

const BY = { user: 'ana', host: 'desk' };

/** A few instants, hours apart, so that they meet and lie far behind each other as well. */
const instant = fc.integer({ min: 0, max: 60 }).map((tens) => Date.UTC(2026, 0, 1) + tens * 10 * MINUTE);
const number = fc.integer({ min: 1, max: 80 });
const of = { job: fc.constantFrom('shop/backup', 'shop/mail'), atMs: instant };
const type = <Type extends string>(name: Type) => fc.constant(name);

/** Any record, in no sensible order. */
export const anyRecord: fc.Arbitrary<CronRecord> = fc.oneof(
  fc.record({ type: type('scheduled'), ...of, spec: fc.constant(SPEC) }),
  fc.record({ type: type('dropped'), ...of }),
  fc.record({
    type: type('begun'),
    ...of,
    run: number,
    dueMs: fc.option(instant),
    by: fc.option(fc.record({ user: fc.string(), host: fc.string() })),
    image: fc.string(),
  }),
  fc.record({
    type: type('ended'),
    ...of,
    run: number,
    result: fc.constantFrom('succeeded', 'failed', 'timed-out', 'not-started', 'lost'),
    exitCode: fc.option(fc.integer({ min: 0, max: 255 })),
    tookMs: fc.nat(),
    why: fc.option(fc.string({ unit: 'binary' })),
  }),
  fc.record({
    type: type('queued'),
    ...of,
    dueMs: instant,
    by: fc.option(fc.constant(BY)),
  }),
  fc.record({
    type: type('skipped'),
    ...of,
    dueMs: instant,
    why: fc.constantFrom('run 1 is not over', 'run 2 is not over'),
    count: number,
    firstMs: instant,
  }),
  fc.record({
    type: type('missed'),
    ...of,
    count: number,
    firstMs: instant,
    lastMs: instant,
    caughtUp: fc.boolean(),
  }),
  fc.record({ type: type('paused'), ...of, by: fc.constant(BY) }),
  fc.record({ type: type('resumed'), ...of, by: fc.constant(BY) }),
);
