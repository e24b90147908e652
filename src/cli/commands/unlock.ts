import { labels } from '../../compiler/labels.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { execAgentConnector } from '../../runtime/agent/agent-connector.ts';
import { AgentError } from '../../runtime/agent/agent-session.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeNote } from '../output.ts';
import { holderWords } from '../render/holder.ts';
import { namedStack } from '../stack-name.ts';
import { demandStack } from '../stacks.ts';

/** `stack unlock`: takes the lock away from who holds it; whoever that is begins nothing more. */
export async function unlock(context: CommandContext, file: string | undefined): Promise<number> {
  const { stack, spec } = await namedStack(context, file);
  const { engine } = await context.connect();
  const name = agentName(stack, 'stack');
  const agents = await engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=agent`]);
  const free = `nobody holds the lock of stack \`${stack}\``;
  if (!agents.some((agent) => agent.name === name && agent.state === 'running')) {
    if (agents.length === 0 && spec === null) await demandStack(engine, stack);
    writeNote(context, `${free}: its agent does not run`);
    return exitCode.done;
  }
  try {
    const session = await execAgentConnector(engine).open(name);
    try {
      const holder = await session.holder();
      if (holder === null) {
        writeNote(context, free);
        return exitCode.done;
      }
      writeNote(context, `the stack is locked: ${holderWords(holder)}`);
      await confirm(context, {
        text: `Take the lock of stack \`${stack}\` away? Type \`yes\`:`,
        answers: ['yes'],
        stdinTaken: file === '-',
      });
      const isTaken = await session.unlock(holder.id);
      writeNote(context, isTaken ? 'it is free now' : 'it was given back meanwhile');
      return exitCode.done;
    } finally {
      session.close();
    }
  } catch (error) {
    if (error instanceof AgentError) throw new CommandFailure(exitCode.failed, error.message);
    throw error;
  }
}
