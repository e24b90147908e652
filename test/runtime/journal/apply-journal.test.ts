import { describe, expect, test } from 'vitest';

import { readJournal } from '../../../src/compiler/journal/lines.ts';
import { timesOf } from '../../../src/compiler/journal/times.ts';
import { AgentRefusedError } from '../../../src/runtime/agent/agent-session.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { desiredState, type ContainerSketch } from '../../support/desired.ts';
import { world, type World } from '../../support/world.ts';

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
    expect(all).toHaveLength(w.journal.length);
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
        throw new EngineError('server', 'journal', 'the disk is full');
      },
    });
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    expect(events.filter(({ type }) => type === 'journal-lost')).toEqual([
      expect.objectContaining({ why: 'the disk is full' }),
    ]);
    expect(tries).toBeGreaterThan(1);
  });

  test('loses nothing but the journal when the agent refuses to write it, beside whatever else it is asked', async () => {
    let opened = 0;
    const w = world(['app:1'], {
      onOpen: () => {
        opened += 1;
      },
      before: ({ line }) => {
        if (line.startsWith('journal')) throw new AgentRefusedError('ENOSPC (the disk is full)');
      },
    });
    const events = await w.apply(before);
    expect(events.at(-1)).toMatchObject({ type: 'finished', failed: 0 });
    expect(events.filter(({ type }) => type === 'journal-lost')).toEqual([
      expect.objectContaining({ why: 'ENOSPC (the disk is full)' }),
    ]);
    expect(opened).toBe(1);
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
