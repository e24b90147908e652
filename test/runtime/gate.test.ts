import { describe, expect, test } from 'vitest';

import { SOCKET_HOLE, type Gate } from '../../src/compiler/desired/desired-state.ts';
import { AgentError, type ProbeRequest } from '../../src/runtime/agent/agent-session.ts';
import { EngineError } from '../../src/runtime/engine.ts';
import { passGate } from '../../src/runtime/gate.ts';
import { GateError } from '../../src/runtime/gate/gate-error.ts';
import { answers, contextOf, failing, fails, passing, type Server } from '../support/gate-scene.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const HTTP: Gate = {
  kind: 'http',
  over: 'socket',
  path: '/ping',
  status: [[100, 499]],
  timeoutMs: 2000,
  intervalMs: 50,
  limitMs: 60_000,
};
const TCP: Gate = { kind: 'tcp', over: { port: 6379 }, timeoutMs: 2000, intervalMs: 50, limitMs: 10_000 };
const COMMAND: Gate = {
  kind: 'command',
  command: ['pg_isready', '--secret'],
  timeoutMs: 2000,
  intervalMs: 1000,
  limitMs: 10_000,
};
const ENGINE: Gate = { kind: 'engine', limitMs: 60_000, uptimeMs: 5000 };

describe('an http gate', () => {
  test('takes two good answers in a row', async () => {
    const { asked, note } = await passing(HTTP, { server: () => answers(200) });
    expect(note).toBe('ready after 50 ms: 200 from GET /ping');
    expect(asked).toEqual([
      { at: 0, target: { kind: 'socket', path: '/stackc/v/socks/.app0.2' }, timeoutMs: 2000 },
      { at: 50, target: { kind: 'socket', path: '/stackc/v/socks/.app0.2' }, timeoutMs: 2000 },
    ]);
  });

  test('asks a port by the generation’s host name', async () => {
    const { asked } = await passing({ ...HTTP, over: { port: 8080 } }, { server: () => answers(200) });
    expect(asked[0]?.target).toEqual({ kind: 'tcp', host: 'shop-app0.2.next', port: 8080 });
  });

  test('does not count a good answer that a bad one follows', async () => {
    const { asked, progress } = await passing(HTTP, {
      server: (at) => (at === 50 ? answers(503) : answers(200)),
    });
    expect(asked.map(({ at }) => at)).toEqual([0, 50, 100, 150]);
    expect(progress).toEqual([
      '200 from GET /ping',
      'not ready yet: 503 from GET /ping',
      '200 from GET /ping',
    ]);
  });

  test('waits for a slow server without piling up questions', async () => {
    const { asked, note } = await passing(HTTP, { server: () => ({ result: answers(200), tookMs: 1500 }) });
    expect(asked.map(({ at }) => at)).toEqual([0, 1500]);
    expect(note).toBe('ready after 3 s: 200 from GET /ping');
  });

  test('waits for a server that listens before it can serve', async () => {
    const { progress, note } = await passing(HTTP, {
      server: (at) => {
        if (at < 300) return fails('ENOENT (nothing of that name)');
        if (at < 4000) return { result: fails('timed out after 2 s waiting for an answer'), tookMs: 2000 };
        return answers(200);
      },
    });
    expect(progress).toEqual([
      'not ready yet: ENOENT (nothing of that name)',
      'not ready yet: timed out after 2 s waiting for an answer',
      '200 from GET /ping',
    ]);
    expect(note).toBe('ready after 4.4 s: 200 from GET /ping');
  });

  test.each([
    ['an answer', () => answers(503), 'not ready after 60 s: last answer 503 from GET /ping'],
    ['an error', () => fails('ECONNREFUSED'), 'not ready after 60 s: last error ECONNREFUSED'],
    [
      'every second answer',
      (at: number) => answers(at % 100 === 0 ? 500 : 200),
      'not ready after 60 s: last answer 200 from GET /ping, only once in a row',
    ],
  ])('gives up at its limit and repeats %s', async (_what, server: Server, message) => {
    await expect(failing(HTTP, { server })).resolves.toEqual({ error: new GateError(message), at: 60_000 });
  });

  test('shortens the last question to what is left, and does not let it hide the answer before', async () => {
    const asked: ProbeRequest[] = [];
    const gate: Gate = { ...HTTP, intervalMs: 1500, limitMs: 3100 };
    await expect(
      failing(gate, {
        server: (at) => (at < 3000 ? answers(503) : { result: fails('timed out after 100 ms'), tookMs: 100 }),
        asked,
      }),
    ).resolves.toEqual({
      error: new GateError('not ready after 3.1 s: last answer 503 from GET /ping'),
      at: 3100,
    });
    expect(asked.map(({ timeoutMs }) => timeoutMs)).toEqual([2000, 1600, 100]);
  });

  test.each([
    [[[200, 299]] as const, 404, false],
    [[[200, 299]] as const, 299, true],
    [
      [
        [200, 200],
        [401, 401],
      ] as const,
      401,
      true,
    ],
    [[[100, 499]] as const, 500, false],
  ])('with the statuses %j counts %i as good: %s', async (status, code, good) => {
    const gate: Gate = { ...HTTP, status, limitMs: 500 };
    const work = good
      ? passing(gate, { server: () => answers(code) })
      : failing(gate, { server: () => answers(code) });
    await expect(work).resolves.toBeDefined();
  });

  test('fails as soon as the container ends', async () => {
    await expect(
      failing(HTTP, { server: () => fails('ECONNREFUSED'), exit: { at: 1240, code: 3 } }),
    ).resolves.toEqual({
      error: new GateError('exited with code 3 after 1.2 s'),
      at: 1240,
    });
  });

  test('fails as soon as the container ends while a question is open', async () => {
    const { error, at } = await failing(HTTP, {
      server: () => ({ result: fails('timed out after 2 s'), tookMs: 2000 }),
      exit: { at: 500, code: 137 },
    });
    expect(error).toEqual(new GateError('exited with code 137 after 500 ms'));
    expect(at).toBe(500);
  });

  test('sees an exit from before the gate', async () => {
    const details = { state: 'exited', exitCode: 1 } as const;
    const { error } = await failing(HTTP, { server: () => fails('ENOENT'), details: () => details });
    expect(error).toEqual(new GateError('exited with code 1 after 0 ms'));
  });

  test('sees an exit though the wait call was cut off', async () => {
    const { error } = await failing(HTTP, {
      server: () => fails('ENOENT'),
      details: (at: number) =>
        at < 2000 ? ({ state: 'running' } as const) : ({ state: 'exited', exitCode: 9 } as const),
      waitFails: true,
    });
    expect(error).toEqual(new GateError('exited with code 9 after 2 s'));
  });

  test('says that the container was removed', async () => {
    const { error } = await failing(HTTP, { server: () => fails('ENOENT'), details: () => null });
    expect(error).toEqual(new GateError('the container was removed after 0 ms'));
  });

  test('passes on that the agent is lost', async () => {
    const lost = new AgentError('the session is over');
    expect(
      (
        await failing(HTTP, {
          server: () => {
            throw lost;
          },
        })
      ).error,
    ).toBe(lost);
  });

  test('stops when it is called off, and asks no more', async () => {
    const clock = virtualClock();
    const asked: ProbeRequest[] = [];
    const stop = new AbortController();
    const context = contextOf(clock, { server: () => fails('ENOENT'), asked });
    const work = passGate(HTTP, context, stop.signal);
    const reason = new Error('interrupted');
    const calledOff = clock.sleep(120).then(() => stop.abort(reason));
    await expect(clock.run(work)).rejects.toBe(reason);
    await calledOff;
    const before = asked.length;
    await expect(clock.run(clock.sleep(1000))).resolves.toBeUndefined();
    expect(asked).toHaveLength(before);
  });
});

test('a tcp gate takes two accepted connections', async () => {
  const { note, asked } = await passing(TCP, {
    server: (at) => (at < 100 ? fails('ECONNREFUSED') : { ok: true, status: null, ms: 1 }),
  });
  expect(note).toBe('ready after 150 ms: accepts connections');
  expect(asked[0]?.target).toEqual({ kind: 'tcp', host: 'shop-app0.2.next', port: 6379 });
});

describe('a command gate', () => {
  test('takes exit code 0 once', async () => {
    const { note, progress } = await passing(COMMAND, {
      runs: (at) => (at < 2000 ? { code: 2, output: 'starting\nno response\n' } : { code: 0 }),
    });
    expect(note).toBe('ready after 2 s: the command exited with 0');
    expect(progress).toEqual(['not ready yet: the command exited with 2: no response']);
  });

  test('repeats how the last run ended, and never shows the command', async () => {
    const { error } = await failing(COMMAND, { runs: () => ({ code: 2, output: 'no response' }) });
    expect(error.message).toBe('not ready after 10 s: last answer the command exited with 2: no response');
  });

  test('goes on after a run that hangs, but leaves few of them behind', async () => {
    let started = 0;
    const closed: number[] = [];
    const { error } = await failing(COMMAND, {
      runs: () => {
        started += 1;
        return 'hangs';
      },
      closed,
    });
    expect(error.message).toBe('not ready after 10 s: last error 3 runs of the command did not end');
    expect(started).toBe(3);
    expect(closed).toHaveLength(3);
  });

  test('is passed by the run after one that hung', async () => {
    const { note } = await passing(COMMAND, { runs: (at) => (at === 0 ? 'hangs' : { code: 0 }) });
    expect(note).toBe('ready after 2 s: the command exited with 0');
  });

  test('takes an engine’s refusal for a failed run, and goes on', async () => {
    const { progress, note } = await passing(COMMAND, {
      runs: (at) => {
        if (at < 3000) throw new EngineError('conflict', 'exec', 'the container is paused');
        return { code: 0 };
      },
    });
    expect(progress).toEqual(['not ready yet: the container is paused']);
    expect(note).toBe('ready after 3 s: the command exited with 0');
  });

  test('passes on that the engine is lost', async () => {
    const lost = new EngineError('unreachable', 'exec', 'connection refused');
    expect(
      (
        await failing(COMMAND, {
          runs: () => {
            throw lost;
          },
        })
      ).error,
    ).toBe(lost);
  });

  test('refuses words whose socket is not filled in', async () => {
    const gate: Gate = { ...COMMAND, command: [`--unix-socket=${SOCKET_HOLE}`] };
    await expect(passing(gate, {})).rejects.toThrow('socket hole');
  });
});

describe('an engine gate', () => {
  test('takes the engine’s word for healthy', async () => {
    const { note, progress } = await passing(ENGINE, {
      details: (at: number) => ({ health: at < 3000 ? 'starting' : 'healthy' }) as const,
    });
    expect(note).toBe('ready after 3 s: `healthy` from its health check');
    expect(progress).toEqual(['not ready yet: `starting` from its health check']);
  });

  test('gives an unhealthy one its whole time', async () => {
    const { error, at } = await failing(ENGINE, { details: () => ({ health: 'unhealthy' }) });
    expect(error.message).toBe('not ready after 60 s: last answer `unhealthy` from its health check');
    expect(at).toBe(60_000);
  });

  test('without a health check lets it run for its time', async () => {
    const { note } = await passing(ENGINE, {});
    expect(note).toBe('ready after 5 s: ran for 5 s');
  });

  test('reaches a limit that is no longer than the time it must run', async () => {
    const { note } = await passing({ ...ENGINE, limitMs: 5000 }, {});
    expect(note).toBe('ready after 5 s: ran for 5 s');
  });

  test('begins again after a restart', async () => {
    const { note } = await passing(ENGINE, {
      details: (at: number) => ({ restartCount: at < 3000 ? 0 : 1 }),
    });
    expect(note).toBe('ready after 8 s: ran for 5 s');
  });

  test('never takes one that restarts again and again', async () => {
    const { error } = await failing(ENGINE, {
      details: (at: number) => ({ restartCount: Math.floor(at / 2000) }),
    });
    expect(error.message).toBe(
      'not ready after 60 s: last answer runs, but not for 5 s yet, restarted 29 times',
    );
  });

  test('fails as soon as the container ends', async () => {
    const { error } = await failing(ENGINE, { exit: { at: 800, code: 0 } });
    expect(error).toEqual(new GateError('exited with code 0 after 800 ms'));
  });
});
