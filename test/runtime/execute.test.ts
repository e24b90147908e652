import { describe, expect, it } from 'vitest';
import type { AgentSpec } from '../../src/compiler/plan/agent-spec.ts';
import type { Operation } from '../../src/compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../../src/compiler/plan/plan.ts';
import type { AgentConnector } from '../../src/runtime/agent/agent-session.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { EngineError, type Engine } from '../../src/runtime/engine.ts';
import { execute } from '../../src/runtime/execute.ts';
import type { ExecuteOptions } from '../../src/runtime/execute-options.ts';
import type { ExecutionEvent } from '../../src/runtime/execution-event.ts';
import { agentSession } from '../support/agent-session.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const spec: AgentSpec = {
  version: 4,
  plane: 'stack',
  name: 'shop-agent',
  image: 'stackc/agent:1',
  networks: [],
  volumes: [],
};

/** One operation after the other. */
function planOf(operations: readonly Operation[], undo: readonly Operation[] = []): Plan {
  const nodes = operations.map((op, index): PlanNode => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the plan builder makes them
    const id = (at: number) => `node ${at}` as PlanNode['id'];
    return {
      id: id(index),
      op,
      after: index === 0 ? [] : [id(index - 1)],
      group: 'shop/app0',
      reason: '',
      destructive: false,
      undoScope: undo.length === 0 ? null : 'shop/app0',
      undo: index === 0 ? undo : [],
    };
  });
  return {
    formatVersion: 1,
    stack: 'shop',
    nodes,
    changes: [],
    rolls: [],
    hooks: [],
    warnings: [],
    agents: [spec],
  };
}

async function walk(
  plan: Plan,
  engine: Engine,
  more: Partial<ExecuteOptions> = {},
): Promise<readonly ExecutionEvent[]> {
  const events: ExecutionEvent[] = [];
  const options: ExecuteOptions = {
    desired: null,
    engine,
    agents: { open: () => Promise.reject(new Error('nobody asks it')) },
    buildAgent: () => Promise.resolve(),
    auth: () => Promise.resolve(null),
    clock: systemClock,
    ...more,
  };
  for await (const event of execute(plan, options)) events.push(event);
  return events;
}

const types = (events: readonly ExecutionEvent[]) => events.map(({ type }) => type);
const existing = (id: string) => ({ kind: 'existing', id, generation: 1 }) as const;
const volume = (name: string): Operation => ({ kind: 'volume.create', volume: name, labels: {} });

/** A node of an instance, which is taken back by a stop. */
function scope(node: PlanNode, name: string): PlanNode {
  const stop: Operation = { kind: 'container.stop', target: existing(name), timeoutS: 1 };
  return { ...node, group: name, undoScope: name, undo: [stop] };
}

describe('a stop', () => {
  const never = new Promise<void>(() => {});
  const slow: readonly (readonly [string, keyof Engine, Operation])[] = [
    ['pull', 'pullImage', { kind: 'image.pull', reference: 'app:1', digest: null, platform: null }],
    ['graceful stop', 'stopContainer', { kind: 'container.stop', target: existing('x'), timeoutS: 30 }],
  ];

  it.each(slow)('does not wait for a %s, and begins nothing more', async (_, method, op) => {
    const stop = new AbortController();
    const engine = memoryEngine({
      before: (call) => {
        if (call.method !== method) return undefined;
        setImmediate(() => stop.abort());
        return never;
      },
    });
    const undo: Operation = { kind: 'network.remove', network: 'shop' };
    const events = await walk(planOf([op, { kind: 'agent.build', image: 'x' }], [undo]), engine, {
      stop: stop.signal,
    });
    expect(types(events)).toEqual(['started', 'node-started', 'node-stopped', 'finished']);
    expect(events.at(-1)).toMatchObject({ interrupted: true, failed: 0, skipped: 2 });
    expect(engine.calls.map((call) => call.method)).toEqual([method]);
  });

  it('does not wait for a build, and hears no more of it', async () => {
    const stop = new AbortController();
    const told: { say?: (line: string) => void } = {};
    const buildAgent: ExecuteOptions['buildAgent'] = (say) => {
      told.say = say;
      say('step 1');
      setImmediate(() => stop.abort());
      stop.signal.addEventListener('abort', () => setImmediate(() => say('step 2')));
      return never;
    };
    const events = await walk(planOf([{ kind: 'agent.build', image: 'x' }]), memoryEngine(), {
      buildAgent,
      stop: stop.signal,
    });
    told.say?.('step 3');
    expect(types(events)).toEqual(['started', 'node-started', 'node-progress', 'node-stopped', 'finished']);
  });

  it('ends a way back after the step that is under way', async () => {
    const stop = new AbortController();
    const engine = memoryEngine({
      before: ({ method }) => {
        if (method === 'removeNetwork') setImmediate(() => stop.abort());
        return method === 'removeNetwork' ? never : undefined;
      },
    });
    const back: readonly Operation[] = [
      { kind: 'network.remove', network: 'shop' },
      { kind: 'volume.remove', volume: 'shop' },
    ];
    const start: Operation = { kind: 'container.start', target: existing('missing') };
    const events = await walk(planOf([start], back), engine, { stop: stop.signal });
    expect(types(events).slice(-3)).toEqual(['undo-started', 'undo-finished', 'finished']);
    expect(engine.calls.map((call) => call.method)).not.toContain('removeVolume');
  });
});

describe('the way back', () => {
  const back: readonly Operation[] = [
    { kind: 'container.stop', target: existing('app'), timeoutS: 1 },
    { kind: 'container.rename', target: existing('app'), name: 'app.failed' },
    { kind: 'container.remove', target: existing('app'), volumes: false },
  ];
  const start: Operation = { kind: 'container.start', target: existing('app') };

  const undone = async (engine: Engine, plan = planOf([start, start], back)) => {
    const event = (await walk(plan, engine)).find(({ type }) => type === 'undo-finished');
    if (event?.type !== 'undo-finished') throw new Error('nothing was taken back');
    expect(event.failures).toEqual([]);
    return event.done.map(({ kind }) => kind);
  };
  const engineThatStarts = async (times: number) => {
    let starts = 0;
    const engine = memoryEngine({
      images: { 'app:1': {} },
      before: ({ method }) => {
        if (method === 'startContainer' && ++starts > times)
          throw new EngineError('server', 'start container app', 'port is already allocated');
        return undefined;
      },
    });
    await engine.createContainer(plainConfig({ name: 'app', image: 'app:1' }));
    return engine;
  };

  it('of a container that never started stops nothing', async () => {
    expect(await undone(await engineThatStarts(0))).toEqual(['container.rename', 'container.remove']);
  });

  it('of one that runs stops it', async () => {
    expect(await undone(await engineThatStarts(1))).toEqual([
      'container.stop',
      'container.rename',
      'container.remove',
    ]);
  });

  it('of one that was never made does nothing', async () => {
    const engine = memoryEngine({
      before: ({ method }) => {
        if (method === 'startContainer') throw new EngineError('server', 'start', 'no');
        return undefined;
      },
    });
    expect(await undone(engine, planOf([start], back.slice(0, 2)))).toEqual([]);
  });

  it.each([
    ['unreachable', []],
    ['cut-off', []],
    // Of what one engine refuses, the rest is taken back all the same.
    ['server', ['container.rename', 'container.remove']],
  ] as const)('of which a step fails as `%s` goes on with %j', async (kind, done) => {
    const engine = memoryEngine({
      images: { 'app:1': {} },
      before: ({ method }) => {
        if (method === 'stopContainer') throw new EngineError(kind, 'stop container app', 'going down');
        if (method === 'removeNetwork') throw new EngineError('server', 'remove network', 'no');
        return undefined;
      },
    });
    const id = await engine.createContainer(plainConfig({ name: 'app', image: 'app:1' }));
    await engine.startContainer(id);
    const events = await walk(planOf([{ kind: 'network.remove', network: 'shop' }], back), engine);
    const event = events.find(({ type }) => type === 'undo-finished');
    if (event?.type !== 'undo-finished') throw new Error('nothing was taken back');
    expect(event.done.map((op) => op.kind)).toEqual(done);
    expect(event.failures).not.toEqual([]);
  });

  it('starts only what does not run', async () => {
    const engine = memoryEngine({ images: { 'app:1': {} } });
    const id = await engine.createContainer(plainConfig({ name: 'app', image: 'app:1' }));
    await engine.startContainer(id);
    const fails: Operation = { kind: 'network.remove', network: 'shop' };
    const refusing = memoryEngine({ before: () => undefined });
    const plan = planOf([fails], [start]);
    const both: Engine = {
      ...refusing,
      removeNetwork: () => Promise.reject(new EngineError('conflict', 'remove network', 'in use')),
      startContainer: (name) => engine.startContainer(name),
    };
    expect(await undone(both, plan)).toEqual([]);
    await engine.stopContainer(id, 0);
    expect(await undone(both, plan)).toEqual(['container.start']);
  });
});

describe('an apply that is to finish what is under way', () => {
  it('takes back what has begun before its turn, and goes on with what had it', async () => {
    const finish = new AbortController();
    const engine = memoryEngine({
      images: { 'app:1': {} },
      before: ({ line }) => {
        if (line === 'startContainer two') finish.abort();
      },
    });
    for (const name of ['one', 'two']) await engine.createContainer(plainConfig({ name, image: 'app:1' }));
    const [begin, other, first, second, mine] = planOf([
      { kind: 'container.start', target: existing('one') },
      { kind: 'container.start', target: existing('two') },
      volume('first'),
      volume('second'),
      volume('mine'),
    ]).nodes;
    if (!begin || !other || !first || !second || !mine) throw new Error('five');
    const nodes = [
      { ...scope(begin, 'one'), after: [] },
      { ...scope(other, 'two'), after: [begin.id] },
      { ...scope(first, 'one'), after: [begin.id], undo: [] },
      { ...scope(second, 'one'), after: [first.id], undo: [] },
      { ...scope(mine, 'two'), after: [other.id, second.id], undo: [] },
    ];
    const events = await walk({ ...planOf([]), nodes }, engine, { finish: finish.signal });
    expect(events.find(({ type }) => type === 'undo-finished')).toMatchObject({ group: 'two', failures: [] });
    expect((await engine.listVolumes([])).map(({ name }) => name)).toEqual(['first', 'second']);
    expect((await engine.inspectContainer('one'))?.state).toBe('running');
    expect((await engine.inspectContainer('two'))?.state).toBe('exited');
  });
});

describe('a retreat', () => {
  it('takes back what is not complete, and begins nothing more; what is complete goes on', async () => {
    const end = new AbortController();
    const engine = memoryEngine({
      images: { 'app:1': {} },
      before: ({ line }) => {
        if (line === 'startContainer late') end.abort();
      },
    });
    for (const name of ['ready', 'late']) await engine.createContainer(plainConfig({ name, image: 'app:1' }));
    const start = (name: string): Operation => ({ kind: 'container.start', target: existing(name) });
    const operations = [start('ready'), start('late'), volume('settled'), volume('switched'), volume('next')];
    const [ready, late, settled, switched, next] = planOf(operations).nodes;
    if (!ready || !late || !settled || !switched || !next) throw new Error('five');
    const nodes = [
      { ...scope(ready, 'ready'), after: [] },
      { ...scope(late, 'late'), after: [ready.id] },
      { ...settled, group: 'ready', after: [late.id] },
      { ...scope(switched, 'late'), after: [late.id], undo: [] },
      { ...next, group: 'next', after: [ready.id, switched.id] },
    ];
    const both = { finish: end.signal, retreat: end.signal };
    const events = await walk({ ...planOf([]), nodes }, engine, both);
    const undone = events.filter(({ type }) => type === 'undo-finished');
    expect(undone).toMatchObject([{ group: 'late', failures: [], done: [{ kind: 'container.stop' }] }]);
    expect((await engine.listVolumes([])).map(({ name }) => name)).toEqual(['settled']);
    expect((await engine.inspectContainer('ready'))?.state).toBe('running');
    expect((await engine.inspectContainer('late'))?.state).toBe('exited');
  });
});

describe('a signal', () => {
  const signal = (id: string): Operation => ({
    kind: 'container.signal',
    target: existing(id),
    signal: 'SIGTSTP',
  });

  it('to what has ended meanwhile counts as done', async () => {
    const engine = memoryEngine({ images: { 'app:1': {} } });
    const id = await engine.createContainer(plainConfig({ name: 'app', image: 'app:1' }));
    expect((await walk(planOf([signal(id)]), engine)).at(-1)).toMatchObject({ done: 1, failed: 0 });
    expect((await walk(planOf([signal('gone')]), engine)).at(-1)).toMatchObject({ failed: 1 });
  });

  it('fails on every other conflict', async () => {
    const engine = memoryEngine({
      before: () => {
        throw new EngineError('conflict', 'signal', 'removal is in progress', 409);
      },
    });
    expect((await walk(planOf([signal('app')]), engine)).at(-1)).toMatchObject({ failed: 1 });
  });
});

describe('an agent that cannot be reached once', () => {
  it('is asked again by whoever comes next, the way back included', async () => {
    const asked: string[] = [];
    let opened = 0;
    const agents: AgentConnector = {
      open: () => {
        opened += 1;
        if (opened === 1)
          return new Promise((_, reject) => {
            setImmediate(() => reject(new EngineError('timeout', 'exec', 'no answer')));
          });
        return Promise.resolve(
          agentSession({
            probe: () => Promise.resolve({ ok: true, status: 200, ms: 1 }),
            publish: (_, link, to) => {
              asked.push(`${link} -> ${to}`);
              return Promise.resolve(null);
            },
            unlink: () => Promise.resolve(),
            drain: () => Promise.resolve({ kind: 'drained', ms: 250, most: 0 }),
          }),
        );
      },
    };
    const publish = (to: string): Operation => ({
      kind: 'socket.publish',
      volume: 'shop-socks-run',
      path: '',
      link: 'app0.sock',
      to,
    });
    const events = await walk(planOf([publish('.app0.2')], [publish('.app0.1')]), memoryEngine(), { agents });
    expect(asked).toEqual(['app0.sock -> .app0.1']);
    expect(events.find(({ type }) => type === 'undo-finished')).toMatchObject({ failures: [] });
  });
});
