import { describe, expect, test } from 'vitest';

import { readJournal, readRecords } from '../../../src/compiler/journal/lines.ts';
import type { JournalRecord } from '../../../src/compiler/journal/record.ts';
import { cutOffAt, revisionsOf } from '../../../src/compiler/journal/revisions.ts';
import { timesOf } from '../../../src/compiler/journal/times.ts';
import { AgentLostError, AgentRefusedError } from '../../../src/runtime/agent/agent-session.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { ApplyJournal } from '../../../src/runtime/journal/apply-journal.ts';
import { Sessions } from '../../../src/runtime/perform/sessions.ts';
import { desiredState, type ContainerSketch } from '../../support/desired.ts';
import { memoryEngine } from '../../support/memory-engine.ts';
import { virtualClock } from '../../support/virtual-clock.ts';
import { journalOptions, world, type World } from '../../support/world.ts';

const app: ContainerSketch = { name: 'app', instances: 2, socket: true };
const before = desiredState([app]);
const after = desiredState([{ ...app, env: { NEW: '1' } }]);

function records(w: World) {
  return readJournal(`${w.journal.join('\n')}\n`);
}

describe('an apply', () => {
  test('writes down each operation that has ended, with its apply', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    await w.apply(after);
    const all = records(w);
    expect([...new Set(all.map(({ apply }) => apply))]).toEqual(['a1', 'a2']);
    const replaced = all.filter(({ apply, instance }) => apply === 'a2' && instance === 'app0');
    expect(replaced.map(({ op, generation }) => `${op} ${generation ?? '-'}`)).toContain('container.stop 1');
    expect(replaced.find(({ op }) => op === 'socket.drain')?.told).toEqual({
      kind: 'drain',
      ms: 250,
      open: 0,
    });
    expect(replaced.find(({ op }) => op === 'container.stop')?.told).toMatchObject({ forced: false });
    expect(timesOf(all).get('shop/app')?.startMs).not.toBeNull();
  });

  test('makes the journal’s volume, with labels that make it the stack’s', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    const volumes = await w.engine.listVolumes(['io.stackc.stack=shop', 'io.stackc.role=journal']);
    expect(volumes.map(({ name }) => name)).toEqual(['shop.journal']);
    expect((await w.plan(before)).warnings.map(({ code }) => code)).not.toContain('STK413');
  });

  test('with nothing to do writes nothing', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    const lines = w.journal.length;
    await w.apply(before);
    expect(w.journal).toHaveLength(lines);
  });

  test('that asks no agent for anything else has a journal too', async () => {
    const w = world(['app:1'], { behaviour: () => ({}) });
    const events = await w.apply(desiredState([{ name: 'worker', image: 'app:1' }]));
    expect(records(w).map(({ op }) => op)).toContain('container.start');
    expect(events.map(({ type }) => type)).not.toContain('journal-lost');
  });

  test('writes down what failed as well, and the rest of it', async () => {
    const w = world(['app:1'], {
      before: ({ line }) => {
        if (line.startsWith('publish')) throw new EngineError('server', 'publish', 'no');
      },
    });
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ failed: 2 });
    expect(
      records(w)
        .filter(({ result }) => result === 'failed')
        .map(({ op }) => op),
    ).toEqual(['socket.publish', 'socket.publish']);
  });

  test('goes on when it cannot be written, says so once, and has tried again at the end', async () => {
    let tries = 0;
    const w = world(['app:1'], {
      before: ({ line }) => {
        if (!line.startsWith('journal')) return;
        tries += 1;
        if (tries === 1) return;
        throw new EngineError('server', 'journal', 'the disk is full');
      },
    });
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    expect(events.filter(({ type }) => type === 'journal-lost')).toEqual([
      expect.objectContaining({ why: 'the disk is full' }),
    ]);
    expect(tries).toBeGreaterThan(2);
  });

  test('loses nothing but the journal when the agent refuses to write it, beside whatever else it is asked', async () => {
    let opened = 0;
    let lines = 0;
    const w = world(['app:1'], {
      onOpen: () => {
        opened += 1;
      },
      before: ({ line }) => {
        if (line.startsWith('journal') && (lines += 1) > 1)
          throw new AgentRefusedError('ENOSPC (the disk is full)');
      },
    });
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    expect(events.filter(({ type }) => type === 'journal-lost')).toEqual([
      expect.objectContaining({ why: 'ENOSPC (the disk is full)' }),
    ]);
    expect(opened).toBe(1);
  });

  test('is on the disk before its first operation, and each operation before it begins', async () => {
    const seen: string[] = [];
    const w = world(['app:1', 'app:2'], {
      before: ({ method, line }) => {
        const isChange = /^(create|start|stop|rename|remove|update)Container/.test(method);
        if (isChange) seen.push(`${line} after ${w.journal.length}`);
        if (isChange) lines.push(readRecords(w.journal.join('\n')));
      },
    });
    const lines: (readonly JournalRecord[])[] = [];
    await w.apply(before);
    const first = readRecords(w.journal.join('\n'));
    expect(first.slice(0, 2).map(({ type }) => type)).toEqual(['apply', 'plan']);
    // What brings up the agent itself is written directly after.
    const early = seen.filter((line) => line.endsWith('after 0'));
    expect(early.map((line) => line.split(' ')[1])).toEqual(['shop-agent', 'shop-agent']);
    seen.length = 0;
    lines.length = 0;
    await w.apply(after);
    expect(seen.length).toBeGreaterThan(5);
    for (const [i, line] of seen.entries()) {
      const own = lines[i]?.filter(({ apply }) => apply === 'a2') ?? [];
      const open = own.flatMap((record) => (record.type === 'start' ? record.nodes : []));
      const over = own.flatMap((record) => (record.type === 'operation' ? [record.node ?? ''] : []));
      expect(
        open.filter((node) => !over.includes(node)),
        line,
      ).not.toEqual([]);
    }
    const [, second] = revisionsOf(readRecords(w.journal.join('\n')));
    expect(second).toMatchObject({ revision: 2, user: 'anna', end: { result: 'done', failed: 0, left: 0 } });
    expect(second?.steps.every(({ result }) => result === 'done')).toBe(true);
    expect(second?.operations).toBe(second?.steps.length);
  });

  test('that cannot be begun in the journal does nothing, and says so', async () => {
    const w = world(['app:1'], {
      before: ({ line }) => {
        if (isFull && line.startsWith('journal')) throw new AgentRefusedError('ENOSPC (the disk is full)');
      },
    });
    let isFull = false;
    await w.apply(before);
    isFull = true;
    const calls = w.engine.calls.length;
    const events = await w.apply(after);
    expect(events.find(({ type }) => type === 'not-begun')).toMatchObject({
      why: 'ENOSPC (the disk is full)',
    });
    expect(events.at(-1)).toMatchObject({ type: 'finished', done: 0, failed: 1 });
    const changes = w.engine.calls
      .slice(calls)
      .filter(({ method }) => /^(create|start|stop|rename|remove|update)/.test(method));
    expect(changes).toEqual([]);
  });

  test('on a new stack that cannot be begun leaves only its agent', async () => {
    const w = world(['app:1'], {
      before: ({ line }) => {
        if (line.startsWith('journal')) throw new AgentRefusedError('ENOSPC (the disk is full)');
      },
    });
    const events = await w.apply(before);
    expect(events.filter(({ type }) => type === 'not-begun')).toHaveLength(1);
    expect((await w.engine.listContainers([])).map(({ name }) => name)).toEqual(['shop-agent']);
  });

  test('that was cut off has no end, and says where it was', async () => {
    const w = world(['app:1'], {
      before: ({ line }) => {
        isCut ||= isArmed && line.startsWith('publish');
        if (isCut) throw new AgentLostError('killed');
      },
    });
    let [isArmed, isCut] = [false, false];
    await w.apply(before);
    isArmed = true;
    await w.apply(after);
    const second = revisionsOf(readRecords(w.journal.join('\n'))).at(-1);
    expect(second).toMatchObject({ revision: 2, end: null });
    expect(second === undefined ? [] : cutOffAt(second)).toEqual(['shop/app0 publish 2']);
    isCut = false;
    isArmed = false;
    await w.apply(after);
    expect(revisionsOf(readRecords(w.journal.join('\n'))).at(-1)).toMatchObject({
      revision: 3,
      end: { result: 'done' },
    });
  });

  test('holds no secret, whoever printed it', async () => {
    const secret = 'hunter2hunter2';
    const masked = (value: string) =>
      desiredState([{ name: 'app', env: { TOKEN: value }, masked: ['TOKEN'] }]);
    const w = world(['app:1'], {
      behaviour: ({ labels: own }) =>
        own['io.stackc.role'] === 'instance'
          ? { exitAfterMs: 5, exitCode: 3, output: [{ stream: 'stderr', text: `no ${secret} here` }] }
          : {},
    });
    await w.apply(masked(secret), {}, undefined, [secret]);
    const text = w.journal.join('\n');
    expect(text).not.toContain(secret);
    const failed = records(w).find(({ result }) => result === 'failed');
    expect(failed?.failure?.log).toEqual(['no (masked) here']);
    expect(text).toContain('"fields":["container"]');
  });

  test('that only brings its agent back is a revision too', async () => {
    const w = world(['app:1']);
    await w.apply(before);
    await w.engine.removeContainer('shop-agent');
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    const last = revisionsOf(readRecords(w.journal.join('\n'))).at(-1);
    expect(last).toMatchObject({ revision: 2, end: { result: 'done' } });
    expect(last?.steps.map(({ id }) => id)).toEqual(['agent shop-agent create', 'agent shop-agent start']);
  });

  test('that is taken back says so', async () => {
    const w = world(['app:1'], {
      behaviour: ({ env, labels: own }) =>
        own['io.stackc.role'] === 'instance' && env.includes('NEW=1') ? { exitAfterMs: 5, exitCode: 3 } : {},
    });
    await w.apply(before);
    await w.apply(after);
    expect(revisionsOf(readRecords(w.journal.join('\n'))).at(-1)).toMatchObject({
      end: { result: 'failed' },
      takenBack: ['shop/app0'],
    });
  });

  test('that failed to bring up its agent says no more of it', async () => {
    const w = world(['app:1'], {
      before: ({ method, line }) => {
        if (method === 'startContainer' && line.includes('agent'))
          throw new EngineError('server', 'start', 'no');
      },
    });
    const events = await w.apply(before);
    expect(events.map(({ type }) => type)).not.toContain('journal-lost');
  });

  test('that is told to stop writes down what it gave up', async () => {
    const w = world(['app:1']);
    const stop = new AbortController();
    const plan = await w.plan(before);
    void w.clock.sleep(100).then(() => stop.abort());
    await w.walk(plan, before, stop.signal);
    expect(records(w).map(({ result }) => result)).toContain('stopped');
  });
});

test('one that goes is done without a journal that nobody can write', async () => {
  const clock = virtualClock();
  const engine = memoryEngine({ clock });
  const agents = { open: () => Promise.reject(new AgentLostError('gone')) };
  const plan = { ...(await world(['app:1']).plan(before)), agents: [] };
  const journalOf = (isLeaving: boolean) => {
    const options = { ...journalOptions('a1'), agent: 'shop-agent', isLeaving };
    return new ApplyJournal(plan, options, {
      sessions: new Sessions(agents, engine, clock),
      clock,
      lease: null,
    });
  };
  await expect(clock.run(journalOf(false).begin())).rejects.toThrow();
  const journal = journalOf(true);
  expect(await clock.run(journal.begin())).toBeNull();
  const [node] = plan.nodes;
  if (node !== undefined) await journal.ahead(node);
  expect(await journal.end({ tookMs: 1, result: 'done', done: 1, failed: 0, left: 0 })).toBeNull();
});
