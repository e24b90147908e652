import { unreachable } from '../compiler/unreachable.ts';
import type { CronRunner } from '../runtime/cron/cron-runner.ts';
import type { AgentAnswer, AgentRequest } from './protocol.ts';
import { Refusal } from './refusal.ts';

/** Answers what the agent that runs the jobs can be asked, once it has taken them up. Never rejects. */
export async function answerCron(request: AgentRequest, runner: Promise<CronRunner>): Promise<AgentAnswer> {
  const { id } = request;
  try {
    return { id, ok: true, result: await perform(request, runner) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { id, ok: false, error: words };
  }
}

async function perform(request: AgentRequest, runner: Promise<CronRunner>): Promise<unknown> {
  switch (request.op) {
    case 'ping':
      return null;
    case 'cron-run':
      return (await runner).run(request.job, request.by);
    case 'cron-pause':
      await (await runner).pause(request.job, request.by);
      return null;
    case 'cron-resume':
      await (await runner).resume(request.job, request.by);
      return null;
    case 'probe':
    case 'publish':
    case 'hold':
    case 'keep':
    case 'restore':
    case 'unlink':
    case 'journal':
    case 'lease':
    case 'free':
    case 'holder':
    case 'unlock':
    case 'revision':
    case 'arrivals':
    case 'port-arrivals':
    case 'drain':
    case 'drain-ports':
    case 'listeners':
    case 'host':
    case 'point':
    case 'leave':
      throw new Refusal(`this agent runs jobs, and knows nothing of \`${request.op}\``);
    default:
      return unreachable(request);
  }
}
