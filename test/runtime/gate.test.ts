import { describe, expect, test } from 'vitest';

import { SOCKET_HOLE, type Gate } from '../../src/compiler/desired/desired-state.ts';
import {
  AgentError,
  type AgentSession,
  type ProbeRequest,
  type ProbeResult,
} from '../../src/runtime/agent/agent-session.ts';
import {
  EngineError,
  type ContainerDetails,
  type Engine,
  type ExecSession,
} from '../../src/runtime/engine.ts';
import { passGate, type GateContext } from '../../src/runtime/gate.ts';
import { GateError } from '../../src/runtime/gate/gate-error.ts';
import { virtualClock, type VirtualClock } from '../support/virtual-clock.ts';

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

const answers = (status: number): ProbeResult => ({ ok: true, status, ms: 1 });
const fails = (error: string): ProbeResult => ({ ok: false, error });

/** What the server says at a time, in milliseconds since the gate began, and how long it takes. */
type Server = (atMs: number) => { readonly result: ProbeResult; readonly tookMs: number } | ProbeResult;

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
    const server: Server = (at) => (at === 50 ? answers(503) : answers(200));
    const { asked, progress } = await passing(HTTP, { server });
    expect(asked.map(({ at }) => at)).toEqual([0, 50, 100, 150]);
    expect(progress).toEqual([
      '200 from GET /ping',
      'not ready yet: 503 from GET /ping',
      '200 from GET /ping',
    ]);
  });

  test('waits for a slow server without piling up questions', async () => {
    const server: Server = () => ({ result: answers(200), tookMs: 1500 });
    const { asked, note } = await passing(HTTP, { server });
    expect(asked.map(({ at }) => at)).toEqual([0, 1500]);
    expect(note).toBe('ready after 3 s: 200 from GET /ping');
  });

  test('waits for a server that listens before it can serve', async () => {
    const server: Server = (at) => {
      if (at < 300) return fails('ENOENT (nothing of that name)');
      if (at < 4000) return { result: fails('timed out after 2 s waiting for an answer'), tookMs: 2000 };
      return answers(200);
    };
    const { progress, note } = await passing(HTTP, { server });
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
    const server: Server = (at) =>
      at < 3000 ? answers(503) : { result: fails('timed out after 100 ms'), tookMs: 100 };
    const gate: Gate = { ...HTTP, intervalMs: 1500, limitMs: 3100 };
    await expect(failing(gate, { server, asked })).resolves.toEqual({
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
    const server: Server = () => ({ result: fails('timed out after 2 s'), tookMs: 2000 });
    const { error, at } = await failing(HTTP, { server, exit: { at: 500, code: 137 } });
    expect(error).toEqual(new GateError('exited with code 137 after 500 ms'));
    expect(at).toBe(500);
  });

  test('sees an exit from before the gate', async () => {
    const details = { state: 'exited', exitCode: 1 } as const;
    const { error } = await failing(HTTP, { server: () => fails('ENOENT'), details: () => details });
    expect(error).toEqual(new GateError('exited with code 1 after 0 ms'));
  });

  test('sees an exit though the wait call was cut off', async () => {
    const details = (at: number) =>
      at < 2000 ? ({ state: 'running' } as const) : ({ state: 'exited', exitCode: 9 } as const);
    const { error } = await failing(HTTP, { server: () => fails('ENOENT'), details, waitFails: true });
    expect(error).toEqual(new GateError('exited with code 9 after 2 s'));
  });

  test('says that the container was removed', async () => {
    const { error } = await failing(HTTP, { server: () => fails('ENOENT'), details: () => null });
    expect(error).toEqual(new GateError('the container was removed after 0 ms'));
  });

  test('passes on that the agent is lost', async () => {
    const lost = new AgentError('the session is over');
    const server: Server = () => {
      throw lost;
    };
    expect((await failing(HTTP, { server })).error).toBe(lost);
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
  const server: Server = (at) => (at < 100 ? fails('ECONNREFUSED') : { ok: true, status: null, ms: 1 });
  const { note, asked } = await passing(TCP, { server });
  expect(note).toBe('ready after 150 ms: accepts connections');
  expect(asked[0]?.target).toEqual({ kind: 'tcp', host: 'shop-app0.2.next', port: 6379 });
});

describe('a command gate', () => {
  test('takes exit code 0 once', async () => {
    const runs: Runs = (at) => (at < 2000 ? { code: 2, output: 'starting\nno response\n' } : { code: 0 });
    const { note, progress } = await passing(COMMAND, { runs });
    expect(note).toBe('ready after 2 s: the command exited with 0');
    expect(progress).toEqual(['not ready yet: the command exited with 2: no response']);
  });

  test('repeats how the last run ended, and never shows the command', async () => {
    const { error } = await failing(COMMAND, { runs: () => ({ code: 2, output: 'no response' }) });
    expect(error.message).toBe('not ready after 10 s: last answer the command exited with 2: no response');
  });

  test('goes on after a run that hangs, but leaves few of them behind', async () => {
    let started = 0;
    const runs: Runs = () => {
      started += 1;
      return 'hangs';
    };
    const closed: number[] = [];
    const { error } = await failing(COMMAND, { runs, closed });
    expect(error.message).toBe('not ready after 10 s: last error 3 runs of the command did not end');
    expect(started).toBe(3);
    expect(closed).toHaveLength(3);
  });

  test('is passed by the run after one that hung', async () => {
    const { note } = await passing(COMMAND, { runs: (at) => (at === 0 ? 'hangs' : { code: 0 }) });
    expect(note).toBe('ready after 2 s: the command exited with 0');
  });

  test('takes an engine’s refusal for a failed run, and goes on', async () => {
    const runs: Runs = (at) => {
      if (at < 3000) throw new EngineError('conflict', 'exec', 'the container is paused');
      return { code: 0 };
    };
    const { progress, note } = await passing(COMMAND, { runs });
    expect(progress).toEqual(['not ready yet: the container is paused']);
    expect(note).toBe('ready after 3 s: the command exited with 0');
  });

  test('passes on that the engine is lost', async () => {
    const lost = new EngineError('unreachable', 'exec', 'connection refused');
    const runs: Runs = () => {
      throw lost;
    };
    expect((await failing(COMMAND, { runs })).error).toBe(lost);
  });

  test('refuses words whose socket is not filled in', async () => {
    const gate: Gate = { ...COMMAND, command: [`--unix-socket=${SOCKET_HOLE}`] };
    await expect(passing(gate, {})).rejects.toThrow('socket hole');
  });
});

describe('an engine gate', () => {
  test('takes the engine’s word for healthy', async () => {
    const details = (at: number) => ({ health: at < 3000 ? 'starting' : 'healthy' }) as const;
    const { note, progress } = await passing(ENGINE, { details });
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
    const details = (at: number) => ({ restartCount: at < 3000 ? 0 : 1 });
    const { note } = await passing(ENGINE, { details });
    expect(note).toBe('ready after 8 s: ran for 5 s');
  });

  test('never takes one that restarts again and again', async () => {
    const details = (at: number) => ({ restartCount: Math.floor(at / 2000) });
    const { error } = await failing(ENGINE, { details });
    expect(error.message).toBe(
      'not ready after 60 s: last answer runs, but not for 5 s yet, restarted 29 times',
    );
  });

  test('fails as soon as the container ends', async () => {
    const { error } = await failing(ENGINE, { exit: { at: 800, code: 0 } });
    expect(error).toEqual(new GateError('exited with code 0 after 800 ms'));
  });
});

/** What a run of the command does, begun at a time: it ends at once, or never. */
type Runs = (atMs: number) => { readonly code: number; readonly output?: string } | 'hangs';

interface Scene {
  readonly server?: Server;
  readonly asked?: ProbeRequest[];
  readonly runs?: Runs;
  /** Hears when each hung run is closed. */
  readonly closed?: number[];
  readonly exit?: { readonly at: number; readonly code: number };
  readonly waitFails?: boolean;
  readonly details?: (atMs: number) => Partial<ContainerDetails> | null;
}

async function passing(gate: Gate, scene: Scene) {
  const clock = virtualClock();
  const asked: { at: number; target: ProbeRequest['target']; timeoutMs: number }[] = [];
  const progress: string[] = [];
  const context = contextOf(clock, scene, {
    onAsk: ({ target, timeoutMs }) => asked.push({ at: clock.now(), target, timeoutMs }),
    onProgress: (line) => progress.push(line),
  });
  const { note } = await clock.run(passGate(gate, context, new AbortController().signal));
  return { note, asked, progress };
}

async function failing(gate: Gate, scene: Scene): Promise<{ error: Error; at: number }> {
  const clock = virtualClock();
  try {
    await clock.run(passGate(gate, contextOf(clock, scene), new AbortController().signal));
  } catch (error) {
    if (error instanceof Error) return { error, at: clock.now() };
    throw error;
  }
  throw new Error('the gate was passed');
}

function contextOf(
  clock: VirtualClock,
  scene: Scene,
  ears: { onAsk?: (request: ProbeRequest) => void; onProgress?: (line: string) => void } = {},
): GateContext {
  const agent: Pick<AgentSession, 'probe'> = {
    probe: async (request) => {
      ears.onAsk?.(request);
      scene.asked?.push(request);
      const said = scene.server?.(clock.now()) ?? fails('no server');
      if (!('result' in said)) return said;
      await clock.sleep(said.tookMs);
      return said.result;
    },
  };
  return {
    engine: engineOf(clock, scene),
    // The gate uses nothing else of it.
    agent: agent as AgentSession,
    containerId: 'c1',
    address: 'shop-app0.2.next',
    socketPath: '/stackc/v/socks/.app0.2',
    clock,
    onProgress: (line) => ears.onProgress?.(line),
  };
}

function engineOf(clock: VirtualClock, scene: Scene): Engine {
  const running = {
    state: 'running',
    health: 'none',
    restartCount: 0,
    startedAt: '2026-01-01T00:00:00Z',
  } as const;
  const engine: Pick<Engine, 'waitContainer' | 'inspectContainer' | 'exec'> = {
    waitContainer: async (_id, signal) => {
      if (scene.waitFails) throw new EngineError('cut-off', 'wait', 'the connection ended');
      if (scene.exit === undefined) return new Promise(() => undefined);
      await clock.sleep(scene.exit.at, signal);
      return scene.exit.code;
    },
    inspectContainer: async () => {
      const details = scene.details === undefined ? {} : scene.details(clock.now());
      // The gate reads no other field.
      return details === null ? null : ({ ...running, ...details } as ContainerDetails);
    },
    exec: async (_id, request) => {
      expect(request).toMatchObject({ tty: false, stdin: false });
      const run = scene.runs?.(clock.now()) ?? { code: 0 };
      return run === 'hangs'
        ? hungExec(() => scene.closed?.push(clock.now()))
        : endedExec(run.code, run.output ?? '');
    },
  };
  return engine as Engine;
}

function endedExec(code: number, output: string): ExecSession {
  return {
    stdout: chunks(output),
    stderr: chunks(''),
    exitCode: Promise.resolve(code),
    write: () => undefined,
    endInput: () => undefined,
    resize: async () => undefined,
    destroy: () => undefined,
  };
}

function hungExec(onDestroy: () => void): ExecSession {
  let cut: () => void = () => undefined;
  const hung = new Promise<never>((_resolve, reject) => {
    cut = () => reject(new EngineError('cut-off', 'exec', 'destroyed'));
  });
  hung.catch(() => undefined);
  const never = async function* (): AsyncIterable<Uint8Array> {
    yield await hung;
  };
  return {
    ...endedExec(0, ''),
    stdout: never(),
    exitCode: hung,
    destroy: () => {
      onDestroy();
      cut();
    },
  };
}

async function* chunks(text: string): AsyncIterable<Uint8Array> {
  if (text !== '') yield Buffer.from(text);
}
