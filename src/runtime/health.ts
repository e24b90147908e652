import type { Gate } from '../compiler/desired/desired-state.ts';
import type { AgentSpec } from '../compiler/plan/agent-spec.ts';
import { AgentError, type AgentConnector, type AgentSession } from './agent/agent-session.ts';
import type { Clock } from './clock.ts';
import { elapsed } from './elapsed.ts';
import { EngineError, type Engine } from './engine.ts';
import { questionOf } from './gate.ts';
import type { Answer } from './gate/question.ts';
import { within } from './within.ts';

type Plane = AgentSpec['plane'];

/** For all instances together: whoever looks at a stack waits no longer. */
const LIMIT_MS = 2000;

/** One instance that can be asked, and how. */
export interface HealthQuestion {
  readonly containerId: string;
  readonly gate: Gate;
  /** The agent that asks; null for a command in the container. */
  readonly plane: Plane | null;
  readonly address: string;
  readonly socketPath: string | null;
}

/** What came of asking; `why` is null when all is well. */
export interface Health {
  readonly word: 'healthy' | 'unhealthy' | 'no answer';
  readonly why: string | null;
}

/** What asking takes. */
export interface HealthOptions {
  readonly engine: Pick<Engine, 'exec' | 'inspectContainer'>;
  readonly agents: AgentConnector;
  /** Names of the agents that run. */
  readonly agentNames: ReadonlyMap<Plane, string>;
  readonly clock: Clock;
}

/** The answers by container id, and why some were not asked. */
export interface HealthReport {
  readonly health: ReadonlyMap<string, Health>;
  readonly problems: readonly string[];
}

/** Asks every instance its gate's question once, all at the same time, in one session with each agent. Never rejects for an instance or an agent. */
export async function askHealth(
  questions: readonly HealthQuestion[],
  { engine, agents, agentNames, clock }: HealthOptions,
): Promise<HealthReport> {
  const over = new AbortController();
  const endsAt = clock.now() + LIMIT_MS;
  const problems: string[] = [];
  const sessions = new Map<Plane, Promise<AgentSession | null>>();
  const sessionOf = (plane: Plane): Promise<AgentSession | null> => {
    const known = sessions.get(plane);
    if (known !== undefined) return known;
    const opening = openSession(agents, agentNames.get(plane), problems);
    sessions.set(plane, opening);
    return opening;
  };
  const health = new Map<string, Health>();
  await Promise.all(
    questions.map(async ({ gate, plane, containerId, address, socketPath }) => {
      const agent = plane === null ? null : await sessionOf(plane);
      if (plane !== null && agent === null) return;
      const question = questionOf(gate, { engine, agent, containerId, address, socketPath, clock });
      const leftMs = Math.ceil(endsAt - clock.now());
      try {
        const asking = leftMs <= 0 ? LATE : question.ask(leftMs, over.signal);
        health.set(
          containerId,
          healthOf(await within(Math.max(0, leftMs), Promise.resolve(asking), () => LATE)),
        );
      } catch (error) {
        health.set(containerId, { word: 'no answer', why: wordsOf(error) });
      } finally {
        question.close();
      }
    }),
  );
  over.abort();
  for (const session of sessions.values()) session.then((open) => open?.close()).catch(() => undefined);
  return { health, problems };
}

const LATE: Answer = { good: false, kind: 'error', words: `not within ${elapsed(LIMIT_MS)}` };

async function openSession(
  agents: AgentConnector,
  name: string | undefined,
  problems: string[],
): Promise<AgentSession | null> {
  if (name === undefined) {
    problems.push('no agent of the stack runs; `stack apply` mends that');
    return null;
  }
  const opening = agents.open(name);
  opening.catch(() => undefined);
  try {
    return await within(LIMIT_MS, opening, () => {
      // Should it come after all, nobody wants it any more.
      opening.then((late) => late.close()).catch(() => undefined);
      throw new AgentError(
        `the agent \`${name}\` did not answer within ${elapsed(LIMIT_MS)}; it may be busy: ask again`,
      );
    });
  } catch (error) {
    problems.push(wordsOf(error));
    return null;
  }
}

function healthOf({ good, kind, words }: Answer): Health {
  if (good) return { word: 'healthy', why: null };
  return { word: kind === 'answer' ? 'unhealthy' : 'no answer', why: words };
}

function wordsOf(error: unknown): string {
  if (error instanceof AgentError || error instanceof EngineError) return error.message;
  throw error;
}
