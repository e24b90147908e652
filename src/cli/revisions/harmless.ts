import type { Operation } from '../../compiler/plan/operation.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import type { PlannedStack } from '../plan-stack.ts';

/** What upkeep does never: data that is gone would seem to be there, and the data would be another. */
const NEVER: readonly Operation['kind'][] = [
  'volume.create',
  'volume.remove',
  'image.build',
  'image.push',
  'migration.run',
  'hook.run',
];

/** Fails with 1 where keeping up a revision would take more than that; `what`: what cannot be done, `a healing`: what does not do it. */
export function demandHarmless({ plan }: PlannedStack, what: string): void {
  const never = plan.nodes.find(({ op }) => NEVER.includes(op.kind));
  if (never === undefined) return;
  throw new CommandFailure(
    exitCode.failed,
    `${what} without \`${never.group}\`; nothing was done`,
    '`stack plan` shows what an apply would do, `stack apply` does it',
  );
}

/** Fails with 1 where an agent of another version would have to go: whoever acts by itself replaces none. */
export function demandOwnAgent({ plan, observed }: PlannedStack, who: string): void {
  const running = new Set(observed.agents.filter(({ state }) => state === 'running').map(({ id }) => id));
  const replaced = plan.nodes.find(({ op }) => op.kind === 'agent.remove' && running.has(op.id));
  if (replaced === undefined) return;
  throw new CommandFailure(
    exitCode.failed,
    `the \`${replaced.group}\` that runs is not this version's, and ${who} replaces none; nothing was done`,
    '`stack apply` with this version replaces it',
  );
}
