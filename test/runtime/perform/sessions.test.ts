import { describe, expect, test } from 'vitest';

import {
  AgentError,
  AgentLostError,
  AgentRefusedError,
  type AgentSession,
} from '../../../src/runtime/agent/agent-session.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { Sessions } from '../../../src/runtime/perform/sessions.ts';
import { agentSession } from '../../support/agent-session.ts';
import { RUNNING } from '../../support/gate-scene.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** An agent that runs or not; whoever asks it while it does not hears that it is gone. */
function agent(isUp: boolean, start: () => void = () => {}) {
  const calls: string[] = [];
  const state = { isUp, closed: 0, restarts: 0, end: () => {} };
  const clock = virtualClock();
  const lost = () => new AgentLostError('the session is over');
  const session: AgentSession = {
    ...agentSession(),
    hold: async (_directory, link) => {
      if (!state.isUp) throw lost();
      calls.push(`hold ${link}`);
    },
    unlink: async (_directory, name) => {
      if (!state.isUp) throw lost();
      calls.push(`unlink ${name}`);
    },
    close: () => {
      state.closed += 1;
    },
  };
  const sessions = new Sessions(
    {
      open: async () => {
        calls.push('open');
        if (!state.isUp) throw lost();
        return session;
      },
    },
    {
      waitContainer: (_name, signal) =>
        new Promise((resolve, reject) => {
          state.end = () => resolve(137);
          signal?.addEventListener('abort', () => reject(new EngineError('cut-off', 'wait', 'enough')));
        }),
      inspectContainer: async () => {
        if (state.restarts === 0) return { ...RUNNING, state: state.isUp ? 'running' : 'exited' };
        state.restarts -= 1;
        state.isUp = state.restarts === 0;
        return { ...RUNNING, state: 'restarting' };
      },
      startContainer: async (name) => {
        calls.push(`start ${name}`);
        start();
        const wasDown = !state.isUp;
        state.isUp = true;
        return wasDown;
      },
    },
    clock,
  );
  return { sessions, calls, state, clock };
}

/** Lets everything happen that needs no time. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
};

const unlink = (session: AgentSession) => session.unlink('/stackc/v/socks', 'app0.sock');
const hold = (session: AgentSession) =>
  session.hold('/stackc/v/socks', 'app0.sock', { as: '.hold', back: '.app0.1', kept: false, limitMs: 1 });

test('an agent that has ended is started, holds what it held, and is asked again', async () => {
  const { sessions, calls, state, clock } = agent(true);
  await sessions.ask('shop-agent', hold);
  sessions.remember('shop-agent', 'app0.sock', hold);
  state.isUp = false;
  await clock.run(sessions.ask('shop-agent', unlink));
  expect(calls).toEqual([
    'open',
    'hold app0.sock',
    'start shop-agent',
    'open',
    'hold app0.sock',
    'unlink app0.sock',
  ]);
  expect(sessions.starts).toBe(1);
  sessions.forget('shop-agent', 'app0.sock');
  state.isUp = false;
  calls.length = 0;
  await clock.run(sessions.ask('shop-agent', unlink));
  expect(calls).toEqual(['start shop-agent', 'open', 'unlink app0.sock']);
});

test('one that the engine starts again after a while, since it has ended before, is waited for', async () => {
  const { sessions, calls, state, clock } = agent(false);
  state.restarts = 20;
  await clock.run(sessions.ask('shop-agent', unlink));
  expect(calls).toEqual(['open', 'start shop-agent', 'open', 'unlink app0.sock']);
  expect(sessions.starts).toBe(0);
});

test('what it refuses is not asked again', async () => {
  const { sessions, calls, clock } = agent(true);
  const refusal = new AgentRefusedError('`x` is a directory: it stays');
  await expect(clock.run(sessions.ask('shop-agent', () => Promise.reject(refusal)))).rejects.toBe(refusal);
  expect(calls).toEqual(['open']);
});

test('one that is not there any more cannot be started: what went wrong first is told', async () => {
  const { sessions, calls, clock } = agent(false, () => {
    throw new EngineError('not-found', 'start container', 'no such container', 404);
  });
  await expect(clock.run(sessions.ask('shop-agent', unlink))).rejects.toThrow('the session is over');
  expect(calls).toEqual(['open', 'start shop-agent']);
});

test('one that ends again and again is given up', async () => {
  const { sessions, calls, clock } = agent(true);
  const dying = () => Promise.reject(new AgentLostError('the session is over'));
  await expect(clock.run(sessions.ask('shop-agent', dying))).rejects.toThrow('the session is over');
  expect(calls.filter((call) => call.startsWith('start'))).toHaveLength(3);
});

test('an agent that ends while a session with it hangs is started as well', async () => {
  const { sessions, calls, state, clock } = agent(true);
  let times = 0;
  const hanging = (session: AgentSession): Promise<void> => {
    times += 1;
    if (times > 1) return unlink(session);
    state.isUp = false;
    queueMicrotask(() => state.end());
    return new Promise(() => {});
  };
  await clock.run(sessions.ask('shop-agent', hanging));
  expect(calls).toEqual(['open', 'start shop-agent', 'open', 'unlink app0.sock']);
  sessions.close();
});

describe('two questions at a time', () => {
  /** Asked for as long as the test wants. */
  function long() {
    const state = { times: 0, answer: () => {} };
    const ask = (): Promise<void> => {
      state.times += 1;
      return new Promise((resolve) => {
        state.answer = resolve;
      });
    };
    return { state, ask };
  }

  test('one is refused: the other goes on, and so does the session', async () => {
    const { sessions, calls, clock } = agent(true);
    const { state, ask } = long();
    const other = sessions.ask('shop-agent', ask);
    const refusal = new AgentRefusedError('app/app0 is the last one that serves');
    await expect(clock.run(sessions.ask('shop-agent', () => Promise.reject(refusal)))).rejects.toBe(refusal);
    await clock.run(sessions.ask('shop-agent', unlink));
    state.answer();
    await clock.run(other);
    expect(calls).toEqual(['open', 'unlink app0.sock']);
    expect(state.times).toBe(1);
  });

  test('one has no answer in time: the other goes on, the next gets a session of its own', async () => {
    const { sessions, calls, state: own, clock } = agent(true);
    const { state, ask } = long();
    const other = sessions.ask('shop-agent', ask);
    const late = new AgentError('the agent did not answer `journal` within 20 s');
    await expect(clock.run(sessions.ask('shop-agent', () => Promise.reject(late)))).rejects.toBe(late);
    await clock.run(sessions.ask('shop-agent', unlink));
    expect(calls).toEqual(['open', 'open', 'unlink app0.sock']);
    expect(own.closed).toBe(0);
    state.answer();
    await clock.run(other);
    await turns();
    expect(own.closed).toBe(1);
    expect(state.times).toBe(1);
  });

  test('one loses the session: the other is asked again', async () => {
    const { sessions, calls, state, clock } = agent(true);
    let times = 0;
    const lostOnce = (session: AgentSession): Promise<void> => {
      times += 1;
      if (times > 1) return unlink(session);
      return Promise.reject(new AgentLostError('the session is over'));
    };
    let closed: (error: Error) => void = () => {};
    const cutOff = (session: AgentSession): Promise<void> =>
      state.closed > 0
        ? unlink(session)
        : new Promise((_resolve, reject) => {
            closed = reject;
          });
    const other = sessions.ask('shop-agent', cutOff);
    const first = sessions.ask('shop-agent', lostOnce);
    await clock.run(first);
    closed(new AgentLostError('the session with the agent `shop-agent` was closed'));
    await clock.run(other);
    expect(calls.filter((call) => call === 'unlink app0.sock')).toHaveLength(2);
  });

  test('nobody is asked again after the end', async () => {
    const { sessions, calls, clock } = agent(true);
    let closed: (error: Error) => void = () => {};
    const cutOff = sessions.ask(
      'shop-agent',
      () =>
        new Promise<void>((_resolve, reject) => {
          closed = reject;
        }),
    );
    await new Promise(setImmediate);
    sessions.close();
    closed(new AgentLostError('the session with the agent `shop-agent` was closed'));
    await expect(clock.run(cutOff)).rejects.toThrow('was closed');
    await expect(clock.run(sessions.ask('shop-agent', unlink))).rejects.toThrow('was closed');
    expect(calls).toEqual(['open']);
  });
});

describe('an agent that ends while it holds', () => {
  async function held(start?: () => void) {
    const scene = agent(true, start);
    await scene.sessions.ask('shop-agent', hold);
    scene.sessions.remember('shop-agent', 'app0.sock', hold);
    scene.calls.length = 0;
    scene.state.isUp = false;
    return scene;
  }
  test('is started and holds again, though nobody asks', async () => {
    const { sessions, calls, state, clock } = await held();
    state.end();
    await clock.run(clock.sleep(1000));
    await turns();
    expect(calls).toEqual(['start shop-agent', 'open', 'hold app0.sock']);
    expect(sessions.starts).toBe(1);
    sessions.close();
  });

  test('is started once, whoever asks meanwhile; what it holds comes first', async () => {
    const { sessions, calls, state, clock } = await held();
    state.end();
    await clock.run(
      Promise.all([
        sessions.ask('shop-agent', unlink),
        sessions.ask('shop-agent', unlink),
        clock.sleep(1000),
      ]),
    );
    expect(sessions.starts).toBe(1);
    const known = calls.filter((call) => call.startsWith('hold') || call.startsWith('unlink'));
    expect(known[0]).toBe('hold app0.sock');
    expect(known.filter((call) => call.startsWith('unlink'))).toHaveLength(2);
    sessions.close();
  });

  test('is left alone when it cannot be started: the next question hears of it', async () => {
    const { sessions, calls, state, clock } = await held(() => {
      throw new EngineError('server', 'start container', 'no', 500);
    });
    state.end();
    await clock.run(clock.sleep(1000));
    await turns();
    expect(calls.filter((call) => call.startsWith('start'))).toHaveLength(1);
    await expect(clock.run(sessions.ask('shop-agent', unlink))).rejects.toThrow('the session is over');
  });

  test('is left alone when it keeps nothing any more', async () => {
    const { sessions, calls, state, clock } = await held();
    sessions.forget('shop-agent', 'app0.sock');
    state.end();
    await clock.run(clock.sleep(1000));
    await turns();
    expect(calls).toEqual([]);
  });
});
