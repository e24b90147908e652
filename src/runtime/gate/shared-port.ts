import type { AgentSession, Listener } from '../agent/agent-session.ts';
import type { Clock } from '../clock.ts';
import type { Answer, Question } from './question.ts';

/** Ports that the generation before this one listens on as well, and who listened there before this one started. */
export interface SharedPorts {
  readonly ports: readonly number[];
  readonly before: readonly Listener[];
}

/** So seldom may all good answers have come from the old generation, and the new one be as bad as it likes. */
const CHANCE = 1 / 1000;

/** A question about a port that is shared. */
export interface SharedPortQuestion extends Question {
  /** What to say of a container that ended: whether it got as far as to listen; null: it did. */
  readonly unheard: () => string | null;
}

/**
 * Asks only when somebody listens who did not before, and then as often as it takes: the kernel deals the connections
 * out to all listeners of a port alike, so that with as many old ones as new ones ten good answers in a row come from old
 * ones alone once in a thousand times. `dealt`: the answers come over the port at all.
 */
export function sharedPortQuestion(
  question: Question,
  { ports, before }: SharedPorts,
  {
    agent,
    clock,
    dealt,
  }: {
    readonly agent: Pick<AgentSession, 'listeners'>;
    readonly clock: Clock;
    readonly dealt: boolean;
  },
): SharedPortQuestion {
  const known = new Set(before.map(({ inode }) => inode));
  let silent: number | null = ports[0] ?? null;
  const unheard = () =>
    silent === null
      ? null
      : `nothing new listens on port ${silent} of the host: both generations need \`SO_REUSEPORT\` and the same user, and haproxy no \`-x\``;
  return {
    ...question,
    inARow: 1,
    unheard,
    ask: async (limitMs, signal): Promise<Answer> => {
      const endsAt = clock.now() + limitMs;
      const { listening } = await agent.listeners(ports);
      silent =
        ports.find((port) => !listening.some((one) => one.port === port && !known.has(one.inode))) ?? null;
      const missing = unheard();
      if (missing !== null) return { good: false, kind: 'error', words: missing };
      const times = dealt ? Math.max(...ports.map((port) => answersWanted(port, listening, known))) : 1;
      for (let asked = 1; ; asked++) {
        const answer = await question.ask(Math.max(1, Math.ceil(endsAt - clock.now())), signal);
        if (!answer.good) return answer;
        if (asked === times) return { ...answer, words: inWords(answer, times) };
        if (clock.now() >= endsAt)
          return { ...answer, good: false, words: `${answer.words}, ${asked} of ${times} times` };
      }
    },
  };
}

function inWords({ words }: Answer, times: number): string {
  return times === 1 ? words : `${words}, ${times} times in a row`;
}

function answersWanted(port: number, listening: readonly Listener[], known: ReadonlySet<number>): number {
  const all = listening.filter((one) => one.port === port);
  const old = all.filter(({ inode }) => known.has(inode)).length;
  return old === 0 ? 2 : Math.max(2, Math.ceil(Math.log(CHANCE) / Math.log(old / all.length)));
}
