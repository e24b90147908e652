import { runningBalancers } from '../balancer/running.ts';
import { tellersIn } from '../balancer/tellers.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import type { Times } from '../journal/times.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import { isPending } from '../plan/plan.ts';
import type { Change, Plan } from '../plan/plan.ts';
import { judgeOf } from './instance-balancers.ts';
import { judge } from './judge.ts';
import { factsOf } from './plan-facts.ts';
import { planScene, type PlanScene } from './plan-scene.ts';
import type { Judgement } from './verdict.ts';

/**
 * Whether a plan has a change of an instance that balancers may have to be told of, or whose verdict depends on their
 * configurations or on earlier times.
 */
export function asksEngine({ changes }: Plan): boolean {
  return changes.some((change) => change.subject.kind === 'instance' && isPending(change));
}

/** What plans are judged by. */
export interface Known {
  readonly desired: DesiredState;
  /** A balancer whose configuration is not among its `balancers` counts as unread. */
  readonly observed: ObservedState;
  /** What earlier applies have measured, by `application/container`. */
  readonly times: ReadonlyMap<string, Times>;
}

/** The plan with what each of its changes does to requests. */
export function withVerdicts(plan: Plan, { desired, observed, times }: Known): Plan {
  const judges = runningBalancers(observed).map((balancer) =>
    judgeOf(
      balancer,
      observed.balancers.get(balancer.container.id) ?? { kind: 'unread', why: 'nobody looked' },
    ),
  );
  const scene = planScene({ plan, desired, observed, judges, times, find: tellersIn(observed) });
  return {
    ...plan,
    changes: plan.changes.map((change) => ({ ...change, judgement: judgementOf(scene, change) })),
  };
}

function judgementOf(scene: PlanScene, change: Change): Judgement | null {
  const facts = factsOf(scene, change);
  if (facts === null) return null;
  const judgement = judge(facts);
  // That something new takes nothing away needs no words.
  const isQuiet = facts.action === 'create' || facts.action === 'start';
  const isPlain = judgement.verdict.kind === 'zero-downtime' && judgement.touches.length === 0;
  return isQuiet && isPlain ? null : judgement;
}
