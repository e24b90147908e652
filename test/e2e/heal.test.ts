import { expect, test } from 'vitest';

import { HEAL_LIMITS } from '../../src/compiler/heal/limits.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { connectEngine } from '../../src/runtime/docker/docker-engine.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { watchOver } from '../../src/runtime/heal/watch-over.ts';
import { EACH_ANEW, LoadScene, type Served } from '../support/load.ts';
import { docker, stack, until } from '../support/stack-cli.ts';

const NAME = 'e2e-heal';

/** As the agent has them, but that nobody waits for hours. */
const LIMITS = { ...HEAL_LIMITS, engineGraceMs: 0, backoffMs: 250, longestMs: 1_000, lockedMs: 250 };

/** Something that may be told to end, and ends each time from then on. */
const worker = (more: object) => ({
  deploy: 'auto',
  image: 'stackc-example/servers:1',
  entrypoint: ['sh', '-c', 'while [ ! -e /tmp/end ]; do sleep 0.1; done; exit 3'],
  restart: 'no',
  startup_time: 0.3,
  stop_timeout: 1,
  ...more,
});

test('what breaks is brought back, as it was; what is left alone is told', () =>
  LoadScene.within(NAME, async (scene) => {
    const made = scene.served('node');
    addWorkers(made);
    await scene.up(made);
    const engine = await connectEngine({ kind: 'socket', path: '/var/run/docker.sock', words: 'unix' });
    const watch = watching(engine);
    try {
      await isStartedAgain();
      await isMadeAgainUnderLoad(scene);
      await isPublishedAgain();
      await staysAsItIs(watch.notes);
      await isLeftAlone(watch.notes);
      const { stdout } = await stack(['history', '--name', NAME]);
      expect(stdout).toMatch(/^2 .* agent@\S+ .* done \(heal of 1\)$/m);
    } finally {
      await watch.end();
      engine.close();
    }
  }));

function addWorkers({ stack: file }: Served): void {
  const deploy = Object.values(file['deploy'] as Record<string, { containers: object[] }>);
  deploy[0]?.containers.push({
    steady: worker({}),
    flaky: worker({}),
    free: worker({ heal: false }),
  });
}

/** The agent's watch, in this process. */
function watching(engine: Engine): { readonly notes: string[]; end(): Promise<void> } {
  const stop = new AbortController();
  const notes: string[] = [];
  const over = watchOver({
    stack: NAME,
    engine,
    clock: systemClock,
    run: async (words) => {
      const { code, stdout, stderr } = await stack(['heal', '--name', NAME, ...words]);
      if (code !== 0) notes.push(stderr);
      return { code: code ?? 1, stdout };
    },
    note: (line) => void notes.push(line),
    stop: stop.signal,
    limits: LIMITS,
  });
  return {
    notes,
    end: async () => {
      stop.abort();
      await over;
    },
  };
}

const inspect = (name: string, what: string) =>
  docker('inspect', '-f', `{{${what}}}`, `${NAME}-load-${name}`);
const runs = (name: string) =>
  until(
    () => inspect(name, '.State.Running').catch(() => 'gone'),
    (state) => state === 'true',
    60_000,
  );

async function isStartedAgain(): Promise<void> {
  const id = await inspect('steady0', '.Id');
  const started = await inspect('steady0', '.State.StartedAt');
  const pid = await inspect('steady0', '.State.Pid');
  process.kill(Number(pid), 'SIGKILL');
  await until(
    () => inspect('steady0', '.State.StartedAt'),
    (at) => at !== started,
    60_000,
  );
  await runs('steady0');
  expect(await inspect('steady0', '.Id')).toBe(id);
}

/** The other one serves, and the balancer leads whoever came for this one to it. */
async function isMadeAgainUnderLoad(scene: LoadScene): Promise<void> {
  await docker('rm', '-f', `${NAME}-load-app0`);
  const loads = await scene.underLoad([EACH_ANEW], async () => {
    await runs('app0');
  });
  expect(loads.map(({ failures }) => failures)).toEqual([{}]);
}

async function isPublishedAgain(): Promise<void> {
  const path = '/var/lib/haproxy/socks/app1.sock';
  const link = () => docker('exec', `${NAME}-load-app1`, 'sh', '-c', `readlink ${path} || true`);
  const before = await link();
  expect(before).not.toBe('');
  await docker('exec', '-u', '0', `${NAME}-load-app1`, 'rm', path);
  // The engine tells of no link: something else that happens wakes the watch.
  await docker('restart', '-t', '0', `${NAME}-load-steady0`);
  await until(link, (now) => now === before, 90_000);
}

async function staysAsItIs(notes: readonly string[]): Promise<void> {
  await docker('rm', '-f', `${NAME}-load-free0`);
  const id = await inspect('steady0', '.Id');
  await docker('rm', '-f', `${NAME}-load-steady0`);
  await runs('steady0');
  expect(await inspect('steady0', '.Id')).not.toBe(id);
  // What was removed before that is not there.
  await expect(inspect('free0', '.Id')).rejects.toThrow();
  expect(notes.filter((line) => line.includes('free0'))).toEqual([]);
}

async function isLeftAlone(notes: readonly string[]): Promise<void> {
  await docker('exec', `${NAME}-load-flaky0`, 'touch', '/tmp/end');
  await until(
    async () => notes,
    (lines) => lines.some((line) => line.includes('left alone')),
    90_000,
  );
  const { stderr } = await stack(['status', '--name', NAME]);
  expect(stderr).toContain('flaky0 was healed 5 times and broke each time: it is left alone');
}
