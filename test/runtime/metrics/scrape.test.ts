import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { cronLine } from '../../../src/compiler/cron/lines.ts';
import type { CronRecord } from '../../../src/compiler/cron/record.ts';
import { journalLine } from '../../../src/compiler/journal/lines.ts';
import type { JournalRecord } from '../../../src/compiler/journal/record.ts';
import { labels } from '../../../src/compiler/labels.ts';
import type { ScaleReport } from '../../../src/compiler/scale/report.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { Scraper } from '../../../src/runtime/metrics/scrape.ts';
import { blankSpec } from '../../support/desired.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

const SECRET = 'sentinel-secret-71aa';

let folder: string;
let engine: MemoryEngine;
let isAway: boolean;
let stop: AbortController;
const notes: string[] = [];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'metrics-'));
  notes.length = 0;
  isAway = false;
  stop = new AbortController();
  engine = memoryEngine({
    images: { 'app:1': {} },
    before: ({ method }) => {
      if (isAway && method === 'listContainers')
        throw new EngineError('unreachable', 'GET /containers/json', 'nobody is there');
    },
  });
  for (const name of ['app0', 'app1']) await make(`shop-${name}`, name);
  await make('shop-app1.3.next', 'app1');
});
afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

async function make(name: string, instance: string): Promise<string> {
  const id = await engine.createContainer(
    plainConfig({
      name,
      image: 'app:1',
      env: [`PASSWORD=${SECRET}`],
      labels: {
        [labels.stack]: 'shop',
        [labels.application]: 'shop',
        [labels.container]: 'app',
        [labels.instance]: instance,
        [labels.generation]: '1',
        [labels.role]: 'instance',
      },
      restart: { name: 'always', maxRetries: 0 },
    }),
  );
  await engine.startContainer(id);
  return id;
}

async function scraper(): Promise<Scraper> {
  const begun = await Scraper.begin({
    stack: 'shop',
    version: '0.1.0-test',
    engine,
    folder,
    clock: { ...virtualClock(), wallMs: () => 1_000_000 },
    jobs: () => [
      { job: 'shop/report', running: 1, queued: 3, paused: false, nextMs: 2_000_000 },
      { job: 'shop/never', running: 0, queued: 0, paused: true, nextMs: null },
    ],
    process: () => ({ cpuS: 1.5, residentBytes: 50_000_000, startS: 900 }),
    note: (line) => void notes.push(line),
    stop: stop.signal,
  });
  begun.takeRoster({
    version: 1,
    stack: 'shop',
    revision: 1,
    instances: [],
    wanted: [{ application: 'shop', container: 'app', count: 3 }],
  });
  return begun;
}

/** The samples of some metrics, without the label that all have. */
async function told(from: Scraper, ...names: readonly string[]): Promise<readonly string[]> {
  const text = await from.text();
  return text
    .split('\n')
    .filter((line) => names.some((name) => line.startsWith(`${name}{`)))
    .map((line) => line.replace('stack="shop",', '').replace('{stack="shop"}', ''));
}

const write = (...records: readonly JournalRecord[]) =>
  appendFileSync(join(folder, 'journal.jsonl'), records.map((one) => `${journalLine(one)}\n`).join(''));
const apply = (id: string, result: 'done' | 'failed'): readonly JournalRecord[] => [
  {
    type: 'apply',
    apply: id,
    revision: 7,
    atMs: 1_000,
    command: 'apply',
    of: null,
    user: 'anna',
    host: 'desk',
    program: '0.1.0',
    file: null,
    git: null,
    operations: 1,
  },
  { type: 'end', apply: id, atMs: 3_500, tookMs: 2_500, result, done: 1, failed: 0, left: 0 },
];

test('instances are those that the engine lists, beside those that should be', async () => {
  expect(await told(await scraper(), 'stackc_instances_wanted', 'stackc_instances_serving')).toEqual([
    'stackc_instances_wanted{application="shop",container="app"} 3',
    // What has not passed its gate does not serve, whether or not it runs.
    'stackc_instances_serving{application="shop",container="app"} 2',
  ]);
});

test('what was adopted serves as well', async () => {
  const id = await engine.createContainer(plainConfig({ name: 'app2', image: 'app:1' }));
  await engine.startContainer(id);
  const spec = { ...blankSpec, migration: null, gate: null, port: null, adopted: 'app2' };
  const entry = { id, application: 'shop', container: 'app', instance: 'app2', spec };
  await engine.createContainer(
    plainConfig({
      name: 'shop.adopted.1',
      image: 'app:1',
      labels: {
        [labels.stack]: 'shop',
        [labels.role]: 'adopted',
        [labels.adopted]: JSON.stringify({ version: 1, containers: [entry] }),
      },
    }),
  );
  expect(await told(await scraper(), 'stackc_instances_serving')).toEqual([
    'stackc_instances_serving{application="shop",container="app"} 3',
  ]);
});

test('a scrape is one list call, whoever asks at the same time', async () => {
  const one = await scraper();
  await one.text();
  const before = engine.calls.length;
  await Promise.all([one.text(), one.text(), one.text()]);
  expect(engine.calls.slice(before).map(({ method }) => method)).toEqual(['listContainers']);
});

test('an engine that is away leaves its metrics out, is counted, and told of once', async () => {
  const one = await scraper();
  isAway = true;
  await one.text();
  const names = ['stackc_engine_up', 'stackc_instances_serving', 'stackc_scrape_errors_total'];
  expect(await told(one, ...names, 'stackc_last_scrape_error_timestamp_seconds')).toEqual([
    'stackc_engine_up 0',
    'stackc_scrape_errors_total{source="engine"} 2',
    'stackc_scrape_errors_total{source="journal"} 0',
    'stackc_last_scrape_error_timestamp_seconds 1000',
  ]);
  expect(notes).toEqual(['metrics lack what the engine tells: nobody is there']);
  isAway = false;
  expect(await told(one, 'stackc_engine_up')).toEqual(['stackc_engine_up 1']);
});

describe('what is counted', () => {
  const deploys = [
    'stackc_deploys_total{kind="apply",result="done"}',
    'stackc_deploys_total{kind="apply",result="failed"}',
  ];
  const counted = async (one: Scraper) => {
    const lines = await told(one, 'stackc_deploys_total');
    return deploys.map((name) => lines.find((line) => line.startsWith(name))?.slice(name.length + 1));
  };

  test('comes from the journal, and goes on with the next agent', async () => {
    write(...apply('a', 'done'), ...apply('b', 'failed'));
    expect(await counted(await scraper())).toEqual(['1', '1']);
    write(...apply('c', 'done'));
    const next = await scraper();
    expect(await counted(next)).toEqual(['2', '1']);
    expect(await told(next, 'stackc_last_deploy_revision', 'stackc_deploy_duration_seconds_sum')).toEqual([
      'stackc_deploy_duration_seconds_sum{kind="apply"} 7.5',
      'stackc_last_deploy_revision 7',
    ]);
  });

  test('does not fall when the journal makes room', async () => {
    write(...apply('a', 'done'), ...apply('b', 'done'));
    await (await scraper()).text();
    writeFileSync(join(folder, 'journal.jsonl.next'), '');
    rmSync(join(folder, 'journal.jsonl'));
    write(...apply('b', 'done').slice(1), ...apply('c', 'done').map((one) => ({ ...one, atMs: 9_000 })));
    expect(await counted(await scraper())).toEqual(['3', '0']);
  });

  test('begins anew where nobody can read what was kept', async () => {
    write(...apply('a', 'done'));
    await (await scraper()).text();
    writeFileSync(join(folder, 'metrics.json'), '{"version":1,"deploys":');
    expect(await counted(await scraper())).toEqual(['1', '0']);
  });

  test('restarts are counted, first starts are not', async () => {
    const one = await scraper();
    await expect.poll(() => engine.calls.map(({ method }) => method)).toContain('watchChanges');
    await make('shop-app2', 'app2');
    engine.crash('shop-app0', 1);
    engine.crash('shop-app2', 1);
    await expect
      .poll(() => told(one, 'stackc_instance_restarts_total'))
      .toEqual(['stackc_instance_restarts_total{application="shop",container="app"} 2']);
    const next = await scraper();
    expect(await told(next, 'stackc_instance_restarts_total')).toEqual([
      'stackc_instance_restarts_total{application="shop",container="app"} 2',
    ]);
  });
});

test('jobs have what their record tells, and what goes on', async () => {
  const job = 'shop/report';
  const records: readonly CronRecord[] = [
    { type: 'begun', job, atMs: 60_000, run: 1, dueMs: 60_000, by: null, image: 'sha256:ab' },
    { type: 'started', job, atMs: 60_400, run: 1 },
    {
      type: 'ended',
      job,
      atMs: 62_000,
      run: 1,
      result: 'timed-out',
      exitCode: null,
      tookMs: 1_600,
      why: null,
    },
  ];
  writeFileSync(join(folder, 'cron.jsonl'), records.map((one) => `${cronLine(one)}\n`).join(''));
  const one = await scraper();
  const names = ['last_run_lateness_seconds', 'last_run_duration_seconds', 'running', 'queued', 'paused'];
  expect(await told(one, ...names.map((name) => `stackc_job_${name}`))).toEqual([
    'stackc_job_last_run_duration_seconds{application="shop",container="report"} 1.6',
    'stackc_job_last_run_lateness_seconds{application="shop",container="report"} 0.4',
    'stackc_job_running{application="shop",container="report"} 1',
    'stackc_job_running{application="shop",container="never"} 0',
    'stackc_job_queued{application="shop",container="report"} 3',
    'stackc_job_queued{application="shop",container="never"} 0',
    'stackc_job_paused{application="shop",container="report"} 0',
    'stackc_job_paused{application="shop",container="never"} 1',
  ]);
  const runs = await told(one, 'stackc_job_runs_total');
  expect(runs.filter((line) => !line.endsWith(' 0'))).toEqual([
    'stackc_job_runs_total{application="shop",container="report",result="timed_out"} 1',
  ]);
});

describe('scaling', () => {
  const report = (atMs: number): ScaleReport => ({
    version: 1,
    atMs,
    idle: null,
    containers: [
      {
        key: 'shop/app',
        count: 6,
        serving: 6,
        min: 2,
        max: 6,
        sources: [
          { name: 'queue', value: 140.5, target: 100, unit: '', why: null },
          { name: 'cpu', value: null, target: 60, unit: '%', why: 'nobody could be measured yet' },
        ],
        rest: 'limit',
        failures: 2,
        notBeforeMs: null,
      },
    ],
  });
  const names = ['min_instances', 'max_instances', 'at_limit', 'failures_in_a_row'];
  const sources = ['value', 'target', 'measured'].map((name) => `source_${name}`);
  const scaling = async (one: Scraper) =>
    (await told(one, ...[...names, ...sources].map((name) => `stackc_scale_${name}`))).map((line) =>
      line.replace('application="shop",container="app"', 'app').replace('stackc_scale_', ''),
    );

  test('is told as it was seen last, and without what could not be measured', async () => {
    const one = await scraper();
    expect(await scaling(one)).toEqual([]);
    one.takeScale(report(1_000_000 - 60_000));
    expect(await scaling(one)).toEqual([
      'min_instances{app} 2',
      'max_instances{app} 6',
      'at_limit{app} 1',
      'failures_in_a_row{app} 2',
      'source_value{app,source="queue"} 140.5',
      'source_target{app,source="queue"} 100',
      'source_target{app,source="cpu"} 60',
      'source_measured{app,source="queue"} 1',
      'source_measured{app,source="cpu"} 0',
    ]);
  });

  test('of long ago is none, and nobody measures', async () => {
    const one = await scraper();
    one.takeScale(report(1_000_000 - 60_001));
    expect(await scaling(one)).toEqual([
      'source_measured{app,source="queue"} 0',
      'source_measured{app,source="cpu"} 0',
    ]);
    one.takeScale(null);
    expect(await scaling(one)).toEqual([]);
  });
});

test('no value of the environment is told or kept', async () => {
  write(...apply('a', 'done'));
  const text = await (await scraper()).text();
  expect(text + readFileSync(join(folder, 'metrics.json'), 'utf8')).not.toContain(SECRET);
});
