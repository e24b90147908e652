import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import type { AgentSession, Handed } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import type { Sessions } from './sessions.ts';

/** What is done to the files of a socket's directory. */
export type SocketOp = Extract<
  Operation,
  {
    kind:
      | 'socket.publish'
      | 'socket.hold'
      | 'socket.release'
      | 'socket.keep'
      | 'socket.restore'
      | 'socket.unlink';
  }
>;

/** Has the agent of this name do it. Gives a note where there is something to tell. */
export async function changeSocket(op: SocketOp, agent: string, sessions: Sessions): Promise<string | null> {
  const at = agentVolumePath(op.volume, op.path);
  const ask = <T>(question: (session: AgentSession) => Promise<T>) => sessions.ask(agent, question);
  const about = (name: string) => `${at}/${name}`;
  switch (op.kind) {
    case 'socket.hold': {
      const { link, as, back, kept, limitS } = op;
      const hold = (session: AgentSession) =>
        session.hold(at, link, { as, back, kept, limitMs: limitS * 1000 });
      await ask(hold);
      // One that is started anew holds again what its first process held.
      sessions.remember(agent, about(link), hold);
      return null;
    }
    case 'socket.release':
      sessions.forget(agent, about(op.link));
      return handedWords(await ask((session) => session.publish(at, op.link, op.to, op.limitS * 1000)));
    case 'socket.publish':
      sessions.forget(agent, about(op.link));
      await ask((session) => session.publish(at, op.link, op.to));
      return null;
    case 'socket.keep':
      await ask((session) => session.keep(at, op.name, op.as));
      return null;
    case 'socket.restore':
      sessions.forget(agent, about(op.name));
      await ask((session) => session.restore(at, op.name, op.from));
      return null;
    case 'socket.unlink':
      sessions.forget(agent, about(op.name));
      await ask((session) => session.unlink(at, op.name));
      return null;
    default:
      return unreachable(op);
  }
}

function handedWords(handed: Handed | null): string {
  if (handed === null || handed.held === 0) return 'nothing was held';
  const { held, longestMs } = handed;
  const what = held === 1 ? '1 connection was' : `${held} connections were`;
  return `${what} held, ${held === 1 ? '' : 'the longest '}for ${elapsed(longestMs)}`;
}
