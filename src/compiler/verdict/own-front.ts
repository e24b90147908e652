import type { DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { VerdictFacts } from './facts.ts';
import type { Judge } from './instance-balancers.ts';
import type { PlanScene } from './plan-scene.ts';

/** The old generation's configuration counts: it is the one that others are connected to, and that stops. */
export function sharingFacts(
  { judges, observed }: PlanScene,
  old: ObservedContainer | null,
  instance: DesiredInstance | null,
): VerdictFacts['sharing'] {
  if (old === null || old.spec?.network !== 'host') return null;
  const judge = judges.find(({ balancer }) => balancer.container.id === old.id);
  return {
    program: judge?.balancer.program ?? null,
    front: frontOf(judge),
    migrates: observed.migrates,
    sameUser: instance === null || old.spec.user === instance.spec.user,
    takesOver:
      judge?.balancer.program === 'haproxy' &&
      [...(instance?.entrypoint ?? []), ...(instance?.command ?? [])].includes('-x'),
  };
}

function frontOf(judge: Judge | undefined): NonNullable<VerdictFacts['sharing']>['front'] {
  if (judge === undefined) return { kind: 'none' };
  const { front, why } = judge;
  return front === null ? { kind: 'unread', why: why ?? '' } : { kind: 'read', view: front };
}
