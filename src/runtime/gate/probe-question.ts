import type { HttpGate, TcpGate } from '../../compiler/desired/desired-state.ts';
import type { AgentSession, ProbeRequest, ProbeTarget } from '../agent/agent-session.ts';
import type { Answer, Question } from './question.ts';

/**
 * One good answer proves little: a server that is about to fall over, or a predecessor that still holds the path,
 * gives one too.
 */
const IN_A_ROW = 2;

/** Asks through the agent, with its own limit for each try. */
export function probeQuestion(
  gate: HttpGate | TcpGate,
  target: ProbeTarget,
  agent: Pick<AgentSession, 'probe'>,
): Question {
  const ask: ProbeRequest['ask'] =
    gate.kind === 'http' ? { kind: 'http', path: gate.path } : { kind: 'connect' };
  return {
    intervalMs: gate.intervalMs,
    limitMs: gate.limitMs,
    inARow: IN_A_ROW,
    ask: async (limitMs): Promise<Answer> => {
      const timeoutMs = Math.min(gate.timeoutMs, limitMs);
      const result = await agent.probe({ target, ask, timeoutMs });
      if (!result.ok) return { good: false, kind: 'error', words: result.error };
      if (gate.kind === 'tcp') return { good: true, kind: 'answer', words: 'accepts connections' };
      const status = result.status ?? 0;
      return {
        good: gate.status.some(([from, to]) => status >= from && status <= to),
        kind: 'answer',
        words: `${status} from GET ${gate.path}`,
      };
    },
    close: () => undefined,
  };
}
