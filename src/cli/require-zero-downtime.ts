import type { Plan } from '../compiler/plan/plan.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { changeNames } from './render/subject.ts';
import { listed } from './render/text.ts';

/** Fails with 1 where a change of the plan is a gap, or nothing proves that it is none (`--require-zero-downtime`). */
export function requireZeroDowntime(plan: Plan): void {
  const nameOf = changeNames(plan);
  const named = (kind: 'gap' | 'unproven') =>
    plan.changes
      .filter(({ judgement }) => judgement?.verdict.kind === kind)
      .map(({ id }) => `\`${nameOf(id)}\``);
  const [gaps, unproven] = [named('gap'), named('unproven')];
  const parts = [
    ...(gaps.length === 0 ? [] : [`a gap for ${listed(gaps, 'and')}`]),
    ...(unproven.length === 0 ? [] : [`nothing proven for ${listed(unproven, 'and')}`]),
  ];
  if (parts.length > 0) throw new CommandFailure(exitCode.failed, `not zero downtime: ${parts.join(', ')}`);
}
