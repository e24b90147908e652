import { configPaths } from '../balancer/running.ts';
import type { DesiredInstance } from '../desired/desired-state.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { VerdictFacts } from './facts.ts';
import { judgeOf, type Judge } from './instance-balancers.ts';
import type { PlanScene } from './plan-scene.ts';
import { filesOf } from './reload-facts.ts';

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
    nextShares: judge === undefined ? null : nextShares(judge, observed, instance),
    migrates: observed.migrates,
    sameUser: instance === null || old.spec.user === instance.spec.user,
    takesOver:
      judge?.balancer.program === 'haproxy' &&
      [...(instance?.entrypoint ?? []), ...(instance?.command ?? [])].includes('-x'),
  };
}

/**
 * By `files` and the words of the new generation, and by what lies in the container that runs. Another image may bring
 * another configuration: that of the one that runs counts.
 */
function nextShares(
  { balancer }: Judge,
  { balancers }: PlanScene['observed'],
  instance: DesiredInstance | null,
): boolean | null {
  const text = balancers.get(balancer.container.id);
  if (instance === null || text?.kind !== 'read') return null;
  const { entrypoint, command } = balancer.container;
  const words = [...(instance.entrypoint ?? entrypoint ?? []), ...(instance.command ?? command ?? [])];
  const { paths } = configPaths(balancer.program, words);
  const files = new Map([...text.files, ...filesOf(instance)]);
  // Several, or a folder, may stand for one path.
  const main = paths.join(' ') === balancer.paths.paths.join(' ') ? text.main : paths;
  if (main.some((path) => !files.has(path))) return null;
  const container = { ...balancer.container, entrypoint: words, command: null };
  return judgeOf({ ...balancer, container }, { kind: 'read', main, files }).front?.sharesPorts ?? null;
}

function frontOf(judge: Judge | undefined): NonNullable<VerdictFacts['sharing']>['front'] {
  if (judge === undefined) return { kind: 'none' };
  const { front, why } = judge;
  return front === null ? { kind: 'unread', why: why ?? '' } : { kind: 'read', view: front };
}
