import { describe, expect, test } from 'vitest';

import { execAgentConnector } from '../../../src/runtime/agent/agent-connector.ts';
import {
  AgentError,
  AgentLostError,
  AgentRefusedError,
  type AgentSession,
  type ProbeRequest,
} from '../../../src/runtime/agent/agent-session.ts';
import { EngineError, type Engine, type ExecRequest, type ExecSession } from '../../../src/runtime/engine.ts';

const HELLO = '{"hello":"stackc-agent","protocol":10}\n';
const PROBE: ProbeRequest = {
  target: { kind: 'tcp', host: 'app', port: 80 },
  ask: { kind: 'http', path: '/' },
  timeoutMs: 1000,
};
const GOOD = { ok: true, status: 200, ms: 1 };

describe('open', () => {
  test('starts the agent’s session without a terminal', async () => {
    const peer = scriptedPeer();
    const opening = execAgentConnector(peer.engine).open('shop-agent');
    peer.says(HELLO);
    await opening;
    expect(peer.asked).toEqual([
      ['shop-agent', { command: ['sh', '/stackc/session.sh'], tty: false, stdin: true }],
    ]);
  });

  test('refuses an agent of another protocol, and says what to do', async () => {
    const { error, peer } = await refused('{"hello":"stackc-agent","protocol":1}\n');
    expect(error.message).toBe(
      'the agent `shop-agent` speaks protocol 1, this stackc speaks 10: run `stack agent build`, then apply again',
    );
    expect(peer.destroyed).toBe(true);
  });

  test.each(['ready\n', '{"hello":"world"}\n', '[1]\n', '\n'])(
    'refuses another program that says %j',
    async (line) => {
      const { error } = await refused(line);
      expect(error.message).toContain('what answers in `shop-agent` is no agent of stackc');
    },
  );

  test('says why the program could not start', async () => {
    const peer = scriptedPeer();
    const opening = execAgentConnector(peer.engine).open('shop-agent');
    peer.says('OCI runtime exec failed: exec: "node": executable file not found in $PATH');
    peer.ends(127);
    await expect(opening).rejects.toThrow(
      'the session with the agent `shop-agent` is over ' +
        '(exit code 127: OCI runtime exec failed: exec: "node": executable file not found in $PATH)',
    );
  });

  test('does not wait for ever for a hello', async () => {
    const { engine } = scriptedPeer();
    await expect(
      execAgentConnector(engine, { helloMs: 20, answerMs: 20 }).open('shop-agent'),
    ).rejects.toEqual(new AgentError('the agent did not say hello within 20 ms'));
  });

  test.each(['not-found', 'conflict'] as const)('says that the container does not run (%s)', async (kind) => {
    const peer = scriptedPeer({ fails: new EngineError(kind, 'exec', 'no such container') });
    await expect(execAgentConnector(peer.engine).open('shop-agent')).rejects.toEqual(
      new AgentLostError('the agent `shop-agent` does not run (no such container): apply again'),
    );
  });

  test('passes on that the engine is lost', async () => {
    const lost = new EngineError('unreachable', 'exec', 'refused');
    await expect(execAgentConnector(scriptedPeer({ fails: lost }).engine).open('shop-agent')).rejects.toBe(
      lost,
    );
  });
});

describe('a session', () => {
  test('matches answers to questions, whatever their order and their pieces', async () => {
    const { session, peer } = await opened();
    const first = session.probe(PROBE);
    const second = session.publish('/stackc/v/socks', 'app0.sock', '.app0.2');
    const third = session.unlink('/stackc/v/socks', '.app0.1');
    expect(peer.heard()).toEqual([
      { id: 1, op: 'probe', ...PROBE },
      { id: 2, op: 'publish', directory: '/stackc/v/socks', link: 'app0.sock', to: '.app0.2', waitMs: 0 },
      { id: 3, op: 'unlink', directory: '/stackc/v/socks', name: '.app0.1' },
    ]);
    const answers = [
      { id: 3, ok: false, error: 'ÄRGER: it stays' },
      { id: 2, ok: true, result: null },
      { id: 1, ok: true, result: GOOD },
    ];
    for (const byte of Buffer.from(answers.map((each) => `${JSON.stringify(each)}\n`).join('')))
      peer.says(Uint8Array.of(byte));
    await expect(third).rejects.toEqual(new AgentRefusedError('ÄRGER: it stays'));
    await expect(second).resolves.toBeNull();
    await expect(first).resolves.toEqual(GOOD);
  });

  test('fails all that is under way, and all that comes later, when it ends', async () => {
    const { session, peer } = await opened();
    const both = [session.probe(PROBE), session.unlink('/stackc/v/x', 'y')];
    peer.complains('FATAL ERROR: heap out of memory\n');
    peer.ends(134);
    const over = new AgentLostError(
      'the session with the agent `shop-agent` is over (exit code 134: FATAL ERROR: heap out of memory)',
    );
    for (const each of both) await expect(each).rejects.toEqual(over);
    await expect(session.probe(PROBE)).rejects.toEqual(over);
    expect(peer.destroyed).toBe(true);
  });

  test('passes a refusal on, and goes on', async () => {
    const { session, peer } = await opened();
    const full = session.unlink('/stackc/v/x', 'y');
    peer.says('{"id":1,"ok":false,"error":"ENOSPC"}\n');
    await expect(full).rejects.toEqual(new AgentRefusedError('ENOSPC'));
    const done = session.unlink('/stackc/v/x', 'z');
    peer.says('{"id":2,"ok":true,"result":null}\n');
    await expect(done).resolves.toBeUndefined();
  });

  test('fails when the connection is cut', async () => {
    const { session, peer } = await opened();
    const probe = session.probe(PROBE);
    peer.cut(new EngineError('cut-off', 'exec', 'ECONNRESET'));
    await expect(probe).rejects.toThrow('is over (the connection ended: ECONNRESET)');
  });

  test('does not hang when the agent does', async () => {
    const { session } = await opened({ helloMs: 1000, answerMs: 20 });
    await expect(session.unlink('/stackc/v/x', 'y')).rejects.toThrow('did not answer `unlink` within 20 ms');
    await expect(session.probe({ ...PROBE, timeoutMs: 30 })).rejects.toThrow(
      'did not answer `probe` within 50 ms',
    );
  });

  test.each([
    'noise\n',
    '{"id":1,"ok":"yes"}\n',
    '{"id":1,"ok":false}\n',
    '{"id":null,"ok":false,"error":"the line is no JSON"}\n',
  ])('ends on %j', async (line) => {
    const { session, peer } = await opened();
    const probe = session.probe(PROBE);
    peer.says(line);
    // Whoever waits may have had no part in it, and asks again.
    await expect(probe).rejects.toBeInstanceOf(AgentLostError);
    expect(peer.destroyed).toBe(true);
  });

  test('ends on a line without an end', async () => {
    const { session, peer } = await opened();
    const probe = session.probe(PROBE);
    for (let sent = 0; sent < 3; sent += 1) peer.says('x'.repeat(1024 * 1024));
    peer.says('\n');
    await expect(probe).rejects.toThrow('is no agent of stackc: null');
  });

  test.each([{}, null, { ms: 1 }, { missing: [], unresolved: [], down: 'app/app0', ms: 1 }])(
    'refuses what no haproxy can have made of it: %j',
    async (result) => {
      const { session, peer } = await opened();
      const asked = [
        session.leave({ socket: '/stackc/v/admin/sock', servers: ['app/app0'], state: 'drain' }),
        session.point({ socket: '/s', servers: [], host: 'h', ready: true, timeoutMs: 5 }),
        session.drainPorts({ pid: 1, ports: [80], quietMs: 5, timeoutMs: 5 }),
      ];
      for (const id of [1, 2, 3]) peer.says(`${JSON.stringify({ id, ok: true, result })}\n`);
      for (const each of asked) await expect(each).rejects.toThrow('makes no sense');
    },
  );

  test.each([{}, null, { kind: 'begun' }, { kind: 'queued', askedMs: 1 }, { run: '17' }])(
    'refuses what no agent that runs jobs can have told: %j',
    async (result) => {
      const { session, peer } = await opened();
      const by = { user: 'deploy', host: 'laptop' };
      const asked = session.cronRun('shop/backup', by);
      peer.says(`${JSON.stringify({ id: 1, ok: true, result })}\n`);
      await expect(asked).rejects.toThrow('makes no sense');
    },
  );

  test('asks for what is to be done with a job', async () => {
    const { session, peer } = await opened();
    const by = { user: 'deploy', host: 'laptop' };
    const asked = [
      session.cronRun('shop/backup', by),
      session.cronPause('shop/backup', by),
      session.cronResume('shop/backup', by),
    ] as const;
    for (const [index, result] of [{ kind: 'begun', run: 17 }, null, null].entries()) {
      peer.says(`${JSON.stringify({ id: index + 1, ok: true, result })}\n`);
    }
    expect(await Promise.all(asked)).toEqual([{ kind: 'begun', run: 17 }, undefined, undefined]);
  });

  test.each([{}, null, { ok: true }, { ok: false }, { ok: true, status: '200', ms: 1 }])(
    'refuses a result that makes no sense: %j',
    async (result) => {
      const { session, peer } = await opened();
      const probe = session.probe(PROBE);
      peer.says(`${JSON.stringify({ id: 1, ok: true, result })}\n`);
      await expect(probe).rejects.toThrow('makes no sense');
    },
  );

  test('ignores an answer that nobody waits for any more', async () => {
    const { session, peer } = await opened();
    peer.says('{"id":99,"ok":true,"result":null}\n');
    const probe = session.probe(PROBE);
    peer.says(`${JSON.stringify({ id: 1, ok: true, result: GOOD })}\n`);
    await expect(probe).resolves.toEqual(GOOD);
  });

  test('lets go of everything when it is closed', async () => {
    const { session, peer } = await opened();
    const probe = session.probe(PROBE);
    session.close();
    await expect(probe).rejects.toEqual(
      new AgentLostError('the session with the agent `shop-agent` was closed'),
    );
    await expect(session.probe(PROBE)).rejects.toThrow('was closed');
    expect(peer).toMatchObject({ destroyed: true, inputEnded: true });
  });
});

async function opened(
  patience?: Parameters<typeof execAgentConnector>[1],
): Promise<{ session: AgentSession; peer: Peer }> {
  const peer = scriptedPeer();
  const opening = execAgentConnector(peer.engine, patience).open('shop-agent');
  peer.says(HELLO);
  return { session: await opening, peer };
}

async function refused(line: string): Promise<{ error: Error; peer: Peer }> {
  const peer = scriptedPeer();
  const opening = execAgentConnector(peer.engine).open('shop-agent');
  peer.says(line);
  try {
    await opening;
  } catch (error) {
    if (error instanceof AgentError) return { error, peer };
    throw error;
  }
  throw new Error('the session was opened');
}

interface Peer {
  readonly engine: Pick<Engine, 'exec'>;
  readonly asked: [string, ExecRequest][];
  readonly destroyed: boolean;
  readonly inputEnded: boolean;
  heard(): unknown[];
  says(output: string | Uint8Array): void;
  complains(output: string): void;
  ends(code: number): void;
  cut(error: Error): void;
}

/** The far side of one exec session, played by the test. */
function scriptedPeer({ fails }: { readonly fails?: EngineError } = {}): Peer {
  const stdout = channel();
  const stderr = channel();
  let input = '';
  let exit: ((code: number) => void) | undefined;
  const peer = {
    asked: [] as [string, ExecRequest][],
    destroyed: false,
    inputEnded: false,
    heard: () =>
      input
        .split('\n')
        .filter((line) => line !== '')
        .map((line): unknown => JSON.parse(line)),
    says: (output: string | Uint8Array) =>
      stdout.push(typeof output === 'string' ? Buffer.from(output) : output),
    complains: (output: string) => stderr.push(Buffer.from(output)),
    ends: (code: number) => {
      stdout.end();
      stderr.end();
      exit?.(code);
    },
    cut: (error: Error) => {
      stdout.end(error);
      stderr.end(error);
    },
  };
  const session: ExecSession = {
    stdout: stdout.chunks(),
    stderr: stderr.chunks(),
    exitCode: new Promise((resolve, reject) => {
      exit = resolve;
      stdout.onError(reject);
    }),
    write: async (chunk) => {
      input += String(chunk);
    },
    endInput: () => {
      peer.inputEnded = true;
    },
    resize: async () => undefined,
    destroy: () => {
      peer.destroyed = true;
    },
  };
  const engine: Pick<Engine, 'exec'> = {
    exec: async (id, request) => {
      peer.asked.push([id, request]);
      if (fails !== undefined) throw fails;
      return session;
    },
  };
  return Object.assign(peer, { engine });
}

interface Channel {
  push(chunk: Uint8Array): void;
  end(error?: Error): void;
  onError(listener: (error: Error) => void): void;
  chunks(): AsyncIterable<Uint8Array>;
}

/** An async iterable that the test feeds. */
function channel(): Channel {
  const queue: Uint8Array[] = [];
  const listeners: ((error: Error) => void)[] = [];
  let over: { readonly error: Error | undefined } | undefined;
  let wake: (() => void) | undefined;
  return {
    push: (chunk) => {
      queue.push(chunk);
      wake?.();
    },
    end: (error) => {
      over = { error };
      if (error !== undefined) for (const listener of listeners) listener(error);
      wake?.();
    },
    onError: (listener) => void listeners.push(listener),
    chunks: async function* () {
      for (;;) {
        const chunk = queue.shift();
        if (chunk !== undefined) yield chunk;
        else if (over?.error !== undefined) throw over.error;
        else if (over !== undefined) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
