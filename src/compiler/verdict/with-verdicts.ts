import { runningBalancers, type BalancerText } from '../balancer/running.ts';
import type { DesiredState } from '../desired/desired-state.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { Change, Plan } from '../plan/plan.ts';
import { judgeOf } from './instance-balancers.ts';
import { judge } from './judge.ts';
import { factsOf } from './plan-facts.ts';
import type { PlanScene } from './plan-scene.ts';
import type { Judgement } from './verdict.ts';

/** Whether a plan has a change whose verdict a balancer's configuration may decide. */
export function asksBalancers({ changes }: Plan): boolean {
  return changes.some(
    ({ subject, action }) =>
      subject.kind === 'instance' && (action === 'replace' || action === 'remove' || action === 'create'),
  );
}

/**
 * The plan with what each of its changes does to requests. `texts`: the configurations of the balancers that run, by
 * the container's id; what is not among them counts as unread.
 */
export function withVerdicts(
  plan: Plan,
  desired: DesiredState,
  observed: ObservedState,
  texts: ReadonlyMap<string, BalancerText>,
): Plan {
  const judges = runningBalancers(observed).map((balancer) =>
    judgeOf(balancer, texts.get(balancer.container.id) ?? { kind: 'unread', why: 'nobody looked' }),
  );
  const scene = { plan, desired, observed, judges };
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
