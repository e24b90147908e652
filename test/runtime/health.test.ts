import { expect, test } from 'vitest';
import type { HttpGate } from '../../src/compiler/desired/desired-state.ts';
import { AgentError, type AgentSession, type ProbeResult } from '../../src/runtime/agent/agent-session.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { askHealth, type HealthQuestion } from '../../src/runtime/health.ts';
import { agentSession } from '../support/agent-session.ts';
import { memoryEngine } from '../support/memory-engine.ts';
import { plainConfig } from '../support/plain-config.ts';

const http: HttpGate = {
  kind: 'http',
  over: { port: 80 },
  path: '/ping',
  status: [[200, 299]],
  timeoutMs: 60_000,
  intervalMs: 50,
  limitMs: 60_000,
};

function question(containerId: string, change: Partial<HealthQuestion> = {}): HealthQuestion {
  return { containerId, gate: http, plane: 'stack', address: containerId, socketPath: null, ...change };
}

/** `answers` by host; a host without one never answers. */
async function ask(
  questions: readonly HealthQuestion[],
  answers: Readonly<Record<string, ProbeResult | AgentError>>,
  open?: () => Promise<AgentSession>,
) {
  const opened: string[] = [];
  const session = agentSession({
    probe: ({ target }) => {
      const answer = target.kind === 'tcp' ? answers[target.host] : undefined;
      if (answer === undefined) return new Promise(() => undefined);
      return answer instanceof AgentError ? Promise.reject(answer) : Promise.resolve(answer);
    },
    close: () => void opened.push('closed'),
  });
  const engine = memoryEngine({
    images: { a: {} },
    exec: ({ command }, play) => {
      play.stderr('broken\n');
      return command[0] === 'good' ? 0 : 3;
    },
  });
  const id = await engine.createContainer(plainConfig({ name: 'cmd', image: 'a' }));
  await engine.startContainer(id);
  const startedAt = performance.now();
  const report = await askHealth(questions, {
    engine,
    agents: {
      open: (name) => {
        opened.push(name);
        return open?.() ?? Promise.resolve(session);
      },
    },
    agentNames: new Map([['stack', 'shop-agent']]),
    clock: systemClock,
  });
  return {
    health: Object.fromEntries(report.health),
    problems: report.problems,
    opened,
    tookMs: performance.now() - startedAt,
  };
}

test('one question each, all in one session', async () => {
  const { health, problems, opened } = await ask(
    ['a', 'b', 'c', 'd'].map((id) => question(id)),
    {
      a: { ok: true, status: 204, ms: 1 },
      b: { ok: true, status: 503, ms: 1 },
      c: { ok: false, error: 'ECONNREFUSED' },
      d: new AgentError('the session is over'),
    },
  );
  expect(health).toEqual({
    a: { word: 'healthy', why: null },
    b: { word: 'unhealthy', why: '503 from GET /ping' },
    c: { word: 'no answer', why: 'ECONNREFUSED' },
    d: { word: 'no answer', why: 'the session is over' },
  });
  expect(problems).toEqual([]);
  await expect.poll(() => opened).toEqual(['shop-agent', 'closed']);
});

test('commands are run in the container, without an agent', async () => {
  const gate = (word: string) =>
    ({ kind: 'command', command: [word], timeoutMs: 1000, intervalMs: 1, limitMs: 1 }) as const;
  const well = await ask([question('cmd', { plane: null, gate: gate('good') })], {});
  expect(well.health).toEqual({ cmd: { word: 'healthy', why: null } });
  const ill = await ask([question('cmd', { plane: null, gate: gate('bad') })], {});
  expect(ill.health).toEqual({ cmd: { word: 'unhealthy', why: 'the command exited with 3: broken' } });
  expect(ill.opened).toEqual([]);
});

test('what does not answer is waited for two seconds, all together', async () => {
  const { health, tookMs } = await ask(
    ['a', 'b', 'c'].map((id) => question(id)),
    {
      b: { ok: true, status: 200, ms: 1 },
    },
  );
  const late = { word: 'no answer', why: 'not within 2 s' };
  expect(health).toEqual({ a: late, b: { word: 'healthy', why: null }, c: late });
  expect(tookMs).toBeLessThan(3500);
});

test('an agent that does not run, or cannot be asked, is said once, and nobody is called unhealthy', async () => {
  const none = await ask([question('a', { plane: 'host' }), question('b', { plane: 'host' })], {});
  expect(none).toMatchObject({
    health: {},
    problems: ['no agent of the stack runs; `stack apply` mends that'],
    opened: [],
  });
  const lost = () => Promise.reject(new AgentError('the agent speaks protocol 2'));
  const refused = await ask([question('a'), question('b')], {}, lost);
  expect(refused).toMatchObject({ health: {}, problems: ['the agent speaks protocol 2'] });
  const hung = await ask([question('a')], {}, () => new Promise(() => undefined));
  expect(hung.problems).toEqual([
    'the agent `shop-agent` did not answer within 2 s; it may be busy: ask again',
  ]);
});
