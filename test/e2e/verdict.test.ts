import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { counted, startLoad, type LoadResult, miscounted, whileAsked } from '../support/load.ts';
import { command, docker } from '../support/stack-cli.ts';
import {
  NEXT_IMAGE,
  type Clients,
  type Length,
  type Said,
  type VerdictCase,
} from '../support/verdict/case.ts';
import { Standing } from '../support/verdict/standing.ts';
import { variants, verdictCases } from '../support/verdict-cases.ts';

// What the plan says of a change, against what clients that never retry see when it is done.

beforeAll(async () => {
  const dockerfile = 'FROM stackc-example/servers:1\nENV VERSION=2\n';
  const built = await command('docker', ['build', '-q', '-t', NEXT_IMAGE, '-'], { input: dockerfile });
  expect(built.code, built.stderr).toBe(0);
});

afterAll(async () => {
  await docker('rmi', NEXT_IMAGE);
});

interface Judged {
  readonly verdict: { readonly kind: Exclude<Said, null>; readonly length?: { kind: Length; ms: number } };
  readonly rule: string;
}

interface PlanDocument {
  readonly changes: readonly { readonly judgement: Judged | null }[];
  readonly summary: { readonly requests: Said };
}

const played =
  process.env['STACKC_VERDICT'] === 'all'
    ? verdictCases
    : verdictCases.filter(({ name }) => !variants.has(name));

/** Cases that go on from one another, on one stack. */
const scenes: VerdictCase[][] = [];
for (const one of played) {
  if (one.stack === undefined) scenes.at(-1)?.push(one);
  else scenes.push([one]);
}

/** Two at a time, in each one scene after the other. */
const lanes: VerdictCase[][][] = [[], []];
for (const scene of scenes) lanes.toSorted((a, b) => a.flat().length - b.flat().length)[0]?.push(scene);

describe.concurrent.each([0, 1])('lane %i', (lane) => {
  for (const [place, scene] of lanes[lane]?.entries() ?? []) {
    describe.sequential(`stack ${place}`, () => playScene(scene, `e2e-judged${lane}-${place}`));
  }
});

/** Each case goes on from what the one before it has left; where that has failed, from a stack of its own. */
function playScene(scene: readonly VerdictCase[], name: string): void {
  let standing: Standing | null = null;
  const clear = async () => {
    await standing?.remove();
    standing = null;
  };
  afterAll(clear);
  for (const [at, one] of scene.entries()) {
    test(`${one.name}: ${one.said ?? 'nothing'}`, async () => {
      standing ??= await Standing.after(scene.slice(0, at), one, name);
      await proven(one, standing).catch(async (error: unknown) => {
        await clear();
        throw error;
      });
    });
  }
}

describe('the matrix', () => {
  test('is large, and mostly without loss', () => {
    const said = (what: Said) => verdictCases.filter((one) => one.said === what).length;
    expect(verdictCases.length).toBeGreaterThanOrEqual(75);
    expect(said('zero-downtime')).toBeGreaterThanOrEqual(45);
    expect(said('unproven')).toBeLessThanOrEqual(4);
  });

  test('is met in all that it says by those that are no variants', () => {
    const spread = verdictCases.filter(({ name }) => !variants.has(name));
    const met = (cases: readonly VerdictCase[]) =>
      [...new Set(cases.map(({ said, rule }) => `${said} ${rule}`))].toSorted();
    expect(met(spread)).toEqual(met(verdictCases));
    expect(spread.length + variants.size).toBe(verdictCases.length);
    expect(spread.filter(({ said }) => said === 'zero-downtime').length).toBeGreaterThanOrEqual(15);
  });
});

let loadsSoFar = 0;

async function proven(one: VerdictCase, standing: Standing): Promise<void> {
  const { before, change, said, rule, length = 'about', args = [] } = one;
  const { paths = ['/ping', '/count/'], clients = PACED } = one;
  const { name, url, made } = standing;
  const loaded = (work: () => Promise<void>) => {
    loadsSoFar += 1;
    return underLoad({ url, paths, clients, prefix: `r${loadsSoFar}` }, work);
  };
  before?.(made);
  await standing.up(args);
  if (one.twice === true) {
    change(made);
    await loaded(() => standing.up(args));
  }
  const planned = async () => {
    change(made);
    const ran = await standing.plan(args);
    const plan = JSON.parse(ran.stdout) as PlanDocument;
    const judgements = plan.changes.flatMap(({ judgement }) => judgement ?? []);
    const decided = judgements.filter(({ verdict }) => verdict.kind === said);
    return { code: ran.code, requests: plan.summary.requests, decided };
  };
  const { code, requests, decided } = await planned();
  expect({ said: requests, rules: [...new Set(decided.map((judged) => judged.rule))] }).toEqual({
    said,
    rules: rule === null ? [] : [rule],
  });
  expect(code).toBe(said === 'gap' || said === 'unproven' ? 1 : 0);

  let loads = await loaded(() => standing.apply(args));
  // An instant may find no request in its way: so it is sought a few times.
  const most = length === 'instant' ? 3 : 0;
  for (let more = 0; isUnseen(loads) && more < most; more += 1) {
    await planned();
    loads = await loaded(() => standing.apply(args));
  }
  const failures = loads.map((load) => load.failures);
  const stretch = Math.max(...loads.map((load) => load.stretch));
  const expected = decided[0]?.verdict.length;
  process.stderr.write(`${JSON.stringify({ name: one.name, said, expected, stretch, failures })}\n`);
  if (said === 'gap') {
    // A machine that is busier than a moment ago takes longer than it did: what this apply took counts as well.
    const now = length === 'about' ? (await planned()).decided[0]?.verdict.length : expected;
    expectLength([expected, now], length, loads, paths);
  }
  if (said === 'zero-downtime' || said === null) {
    expect(failures).toEqual([{}, {}]);
    await expectCountedOnce(name, loads);
  }
}

/** What two busy cores may make of an instant. */
const INSTANT_MS = 3000;

/** A gap is there, and as long as the plan says. */
function expectLength(
  said: readonly Judged['verdict']['length'][],
  kind: Length,
  loads: readonly LoadResult[],
  paths: readonly string[],
): void {
  const stretch = Math.max(...loads.map((load) => load.stretch));
  const seen = JSON.stringify({ said, stretch });
  expect(said.map((length) => length?.kind)).toEqual(said.map(() => kind));
  const ms = said.map((length) => length?.ms ?? 0);
  expect(isUnseen(loads), seen).toBe(false);
  if (kind === 'about') {
    expect(stretch, seen).toBeGreaterThanOrEqual(Math.min(...ms) / 2);
    expect(stretch, seen).toBeLessThanOrEqual(Math.max(...ms) * 2);
  } else if (kind === 'at-most') expect(stretch, seen).toBeLessThanOrEqual(Math.max(...ms) * 2);
  else if (kind === 'instant') {
    const failing = Math.max(...loads.map((load) => load.failing));
    expect(failing, seen).toBeLessThan(INSTANT_MS + 2 * longestMs(paths));
  } else expect(Math.min(...loads.map(({ sinceBad }) => sinceBad ?? Number.NaN)), seen).toBeLessThan(1000);
}

/** Nothing failed, and nothing took longer than it should. */
function isUnseen(loads: readonly LoadResult[]): boolean {
  return loads.every(({ stretch, failed }) => stretch === 0 && failed === 0);
}

/** How long the slowest of the paths takes. */
function longestMs(paths: readonly string[]): number {
  return Math.max(...paths.map((path) => Number(/[\d.]+$/.exec(path)?.[0] ?? 0) * 1000));
}

interface Asked {
  readonly url: string;
  readonly paths: readonly string[];
  readonly clients: Clients;
  readonly prefix: string;
}

/** Enough to see what is lost, and little enough for two cores. */
const PACED: Clients = { anew: 6, kept: 8, pauseMs: 50 };

/** What clients that connect anew and clients that keep their connections saw of an apply. */
async function underLoad(
  { url, paths, clients, prefix }: Asked,
  work: () => Promise<void>,
): Promise<readonly LoadResult[]> {
  const { anew, kept, ...pace } = clients;
  const asked = { url, paths, ...pace };
  const loads = [
    startLoad({ ...asked, concurrency: anew, keepAlive: false, prefix: `${prefix}a` }),
    startLoad({ ...asked, concurrency: kept, keepAlive: true, prefix: `${prefix}k` }),
  ];
  return whileAsked(loads, async () => {
    await pause(300);
    await work();
    await pause(500);
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function expectCountedOnce(name: string, loads: readonly LoadResult[]): Promise<void> {
  expect(loads.flatMap(({ ids }) => ids).length).toBeGreaterThan(100);
  expect(miscounted(loads, await counted(name))).toEqual([]);
}
