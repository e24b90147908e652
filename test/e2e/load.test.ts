import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import {
  answers,
  counted,
  served,
  SERVERS,
  startLoad,
  type LoadAsk,
  type LoadResult,
  type Served,
} from '../support/load.ts';
import { freePort, StackFolder, wipe, type Loose, type Ran } from '../support/stack-cli.ts';

const NAME = 'e2e-load';
const folder = new StackFolder();
let port = 0;
let url = '';

beforeAll(async () => {
  await wipe(NAME);
  port = await freePort();
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await wipe(NAME);
  folder.remove();
});

async function up(
  ...how: Parameters<typeof served> extends [unknown, unknown, unknown, ...infer R] ? R : never
) {
  const made = served(folder, NAME, port, ...how);
  await apply(made);
  await answers(url);
  return made;
}

async function apply({ stack }: Served): Promise<Ran> {
  folder.write(stack);
  const ran = await folder.run(['apply', '--yes']);
  expect(ran.stderr + ran.stdout).not.toMatch(/✗|warning: it did not stop/);
  expect(ran.code).toBe(0);
  return ran;
}

type Clients = Partial<Pick<LoadAsk, 'concurrency' | 'keepAlive' | 'paths'>>;

const EACH_ANEW: Clients = { concurrency: 24 };
const KEPT_ALIVE: Clients = { concurrency: 8, keepAlive: true };
/** Few enough that a server with four workers in all still answers the balancer's own checks. */
const SLOW: Clients = { concurrency: 2, paths: ['/slow/1.5', '/stream/2'] };

/** What several kinds of clients saw while `work` was done, and a moment before and after. */
async function underLoad(
  kinds: readonly Clients[],
  work: () => Promise<unknown>,
): Promise<readonly LoadResult[]> {
  const loads = kinds.map((clients) =>
    startLoad({
      url,
      concurrency: 1,
      keepAlive: false,
      paths: ['/ping', '/count/'],
      prefix: prefix(),
      ...clients,
    }),
  );
  try {
    await pause(500);
    await work();
    await pause(500);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  return Promise.all(loads.map((load) => load.stop()));
}

let runs = 0;
function prefix(): string {
  runs += 1;
  return `r${runs}-`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Nothing failed, and what was posted was counted once. */
async function expectNothingLost(loads: readonly LoadResult[]): Promise<void> {
  expect(loads.map(({ failures }) => failures)).toEqual(loads.map(() => ({})));
  expect(Math.min(...loads.map(({ sent }) => sent))).toBeGreaterThan(3);
  const times = new Map<string, number>();
  for (const id of await counted(NAME)) times.set(id, (times.get(id) ?? 0) + 1);
  const posted = loads.flatMap(({ ids }) => ids);
  expect(posted.length).toBeGreaterThan(100);
  expect(posted.filter((id) => times.get(id) !== 1)).toEqual([]);
}

function nextGeneration(made: Served): void {
  const env = made.app['env'] as Loose;
  env['GENERATION'] = String(Number(env['GENERATION']) + 1);
}

describe.each(SERVERS)('%s behind haproxy', (server) => {
  test('two instances are replaced: no request fails, none is done twice', async () => {
    await wipe(NAME);
    const made = await up(server);
    nextGeneration(made);
    await expectNothingLost(await underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => apply(made)));
  });
});

/** No word and no variable holds the whole path: stackc cannot tell the program another. */
function bindsItself({ app }: Served, server: string): void {
  app['entrypoint'] = ['/bin/sh', '-c', 'exec /app/serve "$0" "$SOCKS/$APP.sock"'];
  app['command'] = [server];
  app['env'] = { GENERATION: '1', SOCKS: '/var/lib/haproxy/socks', APP: '%{app_name}' };
}

describe.each(SERVERS)('%s, which binds the published path itself', (server) => {
  test('makes room for a generation with a path of its own', async () => {
    await wipe(NAME);
    const made = served(folder, NAME, port, server);
    const { command } = made.app;
    bindsItself(made, server);
    await apply(made);
    await answers(url);
    delete made.app['entrypoint'];
    made.app['command'] = command;
    await expectNothingLost(await underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => apply(made)));
  });
});

describe.each(SERVERS)('%s, of which each must stop before its successor starts', (server) => {
  test.each(['a path of its own', 'the published path itself'])('with %s', async (bound) => {
    await wipe(NAME);
    const made = served(folder, NAME, port, server);
    if (bound !== 'a path of its own') bindsItself(made, server);
    made.app['strategy'] = { order: 'stop-first' };
    await apply(made);
    await answers(url);
    nextGeneration(made);
    await expectNothingLost(await underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => apply(made)));
  });
});

describe.each(SERVERS)('%s alone, which must stop before its successor starts', (server) => {
  test('what comes meanwhile is held: replaced five times', async () => {
    await wipe(NAME);
    // The balancer's checks are held like everything else: it must not give up its only server meanwhile.
    const made = served(folder, NAME, port, server, (config) => config.replace('fall 2', 'fall 20'));
    made.app['containers'] = 1;
    made.app['strategy'] = { order: 'stop-first' };
    await apply(made);
    await answers(url);
    const told: string[] = [];
    const loads = await underLoad([EACH_ANEW, KEPT_ALIVE], async () => {
      for (let time = 0; time < 5; time += 1) {
        nextGeneration(made);
        const { stdout, stderr } = await apply(made);
        told.push(...((stdout + stderr).match(/\d+ connections? (?:was|were) held/g) ?? []));
      }
    });
    await expectNothingLost(loads);
    expect(told).toHaveLength(5);
  });
});

describe('unicorn behind haproxy, the hard way', () => {
  let made: Served;

  test('a stop signal that kills, and a balancer that never tries again', async () => {
    await wipe(NAME);
    made = await up('unicorn', (config) =>
      config.replace('retries 3', 'retries 0').replace('option redispatch 1', 'no option redispatch'),
    );
    made.app['stop_signal'] = 'KILL';
    await apply(made);
    nextGeneration(made);
    await expectNothingLost(await underLoad([EACH_ANEW, KEPT_ALIVE, SLOW], () => apply(made)));
  });

  test('from two to four to one, and that one is replaced', async () => {
    await wipe(NAME);
    made = await up('unicorn');
    const loads = await underLoad([EACH_ANEW, KEPT_ALIVE], async () => {
      made.app['containers'] = 4;
      await apply(made);
      made.app['containers'] = 1;
      await apply(made);
      nextGeneration(made);
      await apply(made);
    });
    await expectNothingLost(loads);
  });
});
