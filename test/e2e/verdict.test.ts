import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { answers, counted, startLoad, type LoadResult } from '../support/load.ts';
import { freePort, StackFolder, wipe } from '../support/stack-cli.ts';
import { verdictCases, type Said } from '../support/verdict-cases.ts';

// What the plan says of a change, against what clients that never retry see when it is done.

const NAME = 'e2e-verdict';
const folder = new StackFolder();
let port = 0;

beforeAll(async () => {
  port = await freePort();
  await wipe(NAME);
});

afterEach(() => wipe(NAME));

afterAll(() => folder.remove());

/** A request that took longer has met a gap; one that only queued has not. */
const STALL_MS = 500;

interface Judged {
  readonly verdict: { readonly kind: Exclude<Said, null> };
  readonly rule: string;
}

interface PlanDocument {
  readonly changes: readonly { readonly judgement: Judged | null }[];
  readonly summary: { readonly requests: Said };
}

test.each(verdictCases)(
  '$name: $said',
  async ({ stack, change, said, rule, paths = ['/ping', '/count/'] }) => {
    const url = `http://127.0.0.1:${port}`;
    const made = stack(folder, NAME, port);
    folder.write(made.stack);
    await apply();
    await answers(url);
    change(made);
    folder.write(made.stack);

    const plan = JSON.parse((await folder.run(['plan', '--json'])).stdout) as PlanDocument;
    const judgements = plan.changes.flatMap(({ judgement }) => judgement ?? []);
    expect({
      said: plan.summary.requests,
      rules: [...new Set(judgements.filter(({ verdict }) => verdict.kind === said).map((j) => j.rule))],
    }).toEqual({ said, rules: rule === null ? [] : [rule] });
    const required = await folder.run(['plan', '--require-zero-downtime']);
    expect(required.code).toBe(said === 'gap' || said === 'unproven' ? 1 : 0);

    const loads = await underLoad(url, paths);
    const failures = loads.map((load) => load.failures);
    const slowest = Math.max(...loads.map((load) => load.slowest));
    process.stderr.write(
      `${JSON.stringify({ name: expect.getState().currentTestName, failures, slowest })}\n`,
    );
    if (said === 'gap') {
      const isSeen = slowest > STALL_MS || loads.some(({ failed }) => failed > 0);
      expect(isSeen, JSON.stringify({ failures, slowest })).toBe(true);
    }
    if (said === 'zero-downtime' || said === null) {
      expect(failures).toEqual([{}, {}]);
      await expectCountedOnce(loads);
    }
  },
);

async function apply(): Promise<void> {
  const ran = await folder.run(['apply', '--yes']);
  expect(ran.code, ran.stderr + ran.stdout).toBe(0);
}

/** What clients that connect anew and clients that keep their connections saw of an apply. */
async function underLoad(url: string, paths: readonly string[]): Promise<readonly LoadResult[]> {
  const asked = { url, paths };
  const loads = [
    startLoad({ ...asked, concurrency: 24, keepAlive: false, prefix: 'a' }),
    startLoad({ ...asked, concurrency: 8, keepAlive: true, prefix: 'k' }),
  ];
  try {
    await pause(300);
    await apply();
    await pause(300);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  return Promise.all(loads.map((load) => load.stop()));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function expectCountedOnce(loads: readonly LoadResult[]): Promise<void> {
  const times = new Map<string, number>();
  for (const id of await counted(NAME)) times.set(id, (times.get(id) ?? 0) + 1);
  const posted = loads.flatMap(({ ids }) => ids);
  expect(posted.length).toBeGreaterThan(100);
  expect(posted.filter((id) => times.get(id) !== 1)).toEqual([]);
}
