import { expect, test } from 'vitest';

import { AgentError, AgentLostError, type AgentSession } from '../../../src/runtime/agent/agent-session.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { Sessions } from '../../../src/runtime/perform/sessions.ts';
import { agentSession } from '../../support/agent-session.ts';
import { RUNNING } from '../../support/gate-scene.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

/** An agent that runs or not; whoever asks it while it does not hears that it is gone. */
function agent(isUp: boolean, start: () => void = () => {}) {
  const calls: string[] = [];
  const state = { isUp, end: () => {} };
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
      inspectContainer: async () => ({ ...RUNNING, state: state.isUp ? 'running' : 'exited' }),
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

test('what it refuses is not asked again', async () => {
  const { sessions, calls, clock } = agent(true);
  const refusal = new AgentError('`x` is a directory: it stays');
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
