import { agentName } from '../compiler/reconcile/agents.ts';
import type { StackJobs } from './cron/jobs.ts';
import { listed } from './render/text.ts';

/** What the agent with the engine's socket is wanted for. */
export interface Wanted {
  readonly jobs: boolean;
  /** Whether it is there to heal; `besides`: it heals as well. */
  readonly heals: boolean | 'besides';
  readonly scales: boolean;
  readonly metrics: boolean;
}

/** What does not happen since the agent that should do it does not run, and what to do; null: it runs, or nobody wants it. */
export function whyIdle(stack: string, { agent }: Pick<StackJobs, 'agent'>, wanted: Wanted): string | null {
  const idle = [
    ...(wanted.jobs ? ['no job runs'] : []),
    ...(wanted.heals === true ? ['nothing is healed'] : []),
    ...(wanted.scales ? ['nothing is scaled by itself'] : []),
    ...(wanted.metrics ? ['no metrics are served'] : []),
  ];
  if (idle.length === 0 || agent?.state === 'running') return null;
  const { name, state } = agent ?? { name: agentName(stack, 'engine'), state: 'gone' };
  const does = wanted.jobs && idle.length === 1 ? 'starts them' : 'does it';
  const besides = wanted.heals === 'besides' ? '; nothing is healed meanwhile' : '';
  return `${listed(idle, 'and')}: the agent that ${does}, \`${name}\`, is ${state}; \`stack apply\` brings it back${besides}`;
}
