import { describe, expect, test } from 'vitest';
import { labels } from '../../src/compiler/labels.ts';
import type { ContainerConfig } from '../../src/compiler/plan/container-config.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import { desiredState } from '../support/desired.ts';
import type { ContainerSketch } from '../support/desired.ts';
import type { Behaviour } from '../support/memory/behaviour.ts';
import { world } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';

const app: ContainerSketch = { name: 'app', migration: ['rake', 'db:migrate'] };
const desired = desiredState([app]);

/** A world in which migrations do as told, and everything else stays up. */
function migrating(behaviour: Behaviour, options: WorldOptions = {}): World {
  const play = (config: ContainerConfig) => (isMigration(config) ? behaviour : {});
  return world(['app:1', 'app:2'], { behaviour: play, ...options });
}

function isMigration(config: ContainerConfig): boolean {
  return config.labels[labels.role] === 'migration';
}

async function migrations(w: World): Promise<readonly string[]> {
  const rows = await w.engine.listContainers([`${labels.role}=migration`]);
  const found = await Promise.all(rows.map(({ id }) => w.engine.inspectContainer(id)));
  return found.map((one) => `${one?.name} ${one?.state} ${one?.exitCode ?? '-'}`).sort();
}

function failures(events: readonly ExecutionEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'node-failed' ? [event.failure.message] : []));
}

/** An apply that dies while its migration runs: the first answer that it waits for never comes. */
async function cutOff(w: World): Promise<void> {
  const stop = new AbortController();
  const plan = await w.plan(desired);
  void w.clock.sleep(1_000).then(() => stop.abort(new Error('killed')));
  await w.walk(plan, desired, stop.signal);
}

describe('a migration that an apply was cut off from', () => {
  test('goes on, is waited for by the next apply, and runs once', async () => {
    const w = migrating({
      exitAfterMs: 20_000,
      output: [
        { stream: 'stdout', text: 'one' },
        { stream: 'stdout', text: 'two', afterMs: 15_000 },
      ],
    });
    await cutOff(w);
    expect(await migrations(w)).toEqual(['shop-app.1.migration running -']);
    const events = await w.apply(desired);
    expect(failures(events)).toEqual([]);
    expect(await migrations(w)).toEqual(['shop-app.1.migration exited 0']);
    const lines = events.flatMap((e) =>
      e.type === 'node-progress' && e.node.op.kind === 'migration.run' ? [e.line] : [],
    );
    expect(lines).toEqual(['one', 'two']);
    expect(w.engine.calls.filter(({ line }) => line.startsWith('createContainer shop-app.'))).toHaveLength(1);
  });

  test('fails the next apply when it fails, and is run again by the one after that', async () => {
    const w = migrating({ exitAfterMs: 20_000, exitCode: 3 });
    await cutOff(w);
    expect(failures(await w.apply(desired))).toEqual(['the migration exited with code 3']);
    expect(failures(await w.apply(desired))).toEqual(['the migration exited with code 3']);
    expect(await migrations(w)).toEqual(['shop-app.1.migration exited 3', 'shop-app.2.migration exited 3']);
  });

  test('is a success when somebody stops it and it ends with 0', async () => {
    const w = migrating({ stopExitCode: 0 });
    await cutOff(w);
    await w.engine.stopContainer('shop-app.1.migration', 10);
    expect(failures(await w.apply(desired))).toEqual([]);
    expect(await migrations(w)).toEqual(['shop-app.1.migration exited 0']);
  });
});

describe('the time limit', () => {
  test('a migration that would end with 0 when asked to leaves no record of success', async () => {
    const w = migrating({ stopExitCode: 0 });
    expect(failures(await w.apply(desired))).toEqual(['the migration did not end within 60 s']);
    expect(await migrations(w)).toEqual(['shop-app.1.migration exited 137']);
    const again = await w.plan(desired);
    expect(again.nodes.some(({ op }) => op.kind === 'migration.run')).toBe(true);
  });

  test('one that ends by itself just before the kill has succeeded', async () => {
    const w: World = migrating(
      {},
      {
        before: ({ method }) => {
          if (method === 'killContainer') w.engine.crash('shop-app.1.migration', 0);
        },
      },
    );
    expect(failures(await w.apply(desired))).toEqual([]);
    expect(await migrations(w)).toEqual(['shop-app.1.migration exited 0']);
  });
});

test('a migration is on the networks of its container before it starts', async () => {
  const joined = desiredState([{ ...app, spec: { networks: ['edge'] } }]);
  const w = migrating({ exitAfterMs: 10 });
  await w.engine.createNetwork('edge', {});
  await w.walk(await w.plan(joined, { offline: true }), joined);
  const calls = w.engine.calls.map(({ line }) => line).filter((line) => line.includes('.migration'));
  expect(calls.filter((line) => /^(create|connect|start)/.test(line))).toEqual([
    'createContainer shop-app.1.migration',
    'connectNetwork edge shop-app.1.migration',
    'startContainer shop-app.1.migration',
  ]);
});

test('a tag that moves while the migration runs: what was planned is what runs', async () => {
  const w: World = migrating(
    { exitAfterMs: 10 },
    {
      before: ({ line }) => {
        if (line === 'startContainer shop-app.1.migration')
          w.engine.addImage('app:1', { id: 'sha256:moved' });
      },
    },
  );
  const planned = (await w.engine.inspectImage('app:1'))?.id;
  expect(failures(await w.apply(desired))).toEqual([]);
  expect((await w.engine.inspectContainer('shop-app0'))?.imageId).toBe(planned);
});

describe('a pull', () => {
  const digest = `sha256:${'d'.repeat(64)}`;
  const pulled = desiredState([
    { name: 'app', image: 'r/app:1', imageId: null, pull: { digest, why: 'not on the engine' } },
  ]);

  test('brings what was planned', async () => {
    const w = world([], { registry: { 'r/app:1': { digest, id: 'sha256:planned' } } });
    expect(failures(await w.apply(pulled))).toEqual([]);
    expect((await w.engine.inspectContainer('shop-app0'))?.imageId).toBe('sha256:planned');
  });

  test('of a tag that has moved since the plan fails before anything is touched', async () => {
    const w = world([], { registry: { 'r/app:1': { digest: `sha256:${'e'.repeat(64)}` } } });
    expect(failures(await w.apply(pulled))).toEqual([
      'the tag `r/app:1` moved between plan and pull: the plan is for sha256:dddddddddddd; plan again',
    ]);
    expect(await w.engine.inspectContainer('shop-app0.1.next')).toBeNull();
  });
});
