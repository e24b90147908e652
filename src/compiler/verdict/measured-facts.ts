import type { DesiredInstance } from '../desired/desired-state.ts';
import { stopPrint } from '../journal/stop-print.ts';
import { NO_TIMES, type Times } from '../journal/times.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { Change } from '../plan/plan.ts';
import type { VerdictFacts } from './facts.ts';
import type { PlanScene } from './plan-scene.ts';

/** What the engine gives a container that was created without a stop timeout. */
export const ENGINES_STOP_S = 10;

/** An instance that starts when another has stopped for it. */
export interface Successor {
  readonly instance: string;
  readonly desired: DesiredInstance | null;
  readonly times: Times;
}

/** The instance before whose start it stops, by the plan's own nodes. */
export function successorOf(
  { plan: { nodes }, desired, times }: PlanScene,
  change: Change,
): Successor | null {
  if (change.action !== 'remove' || change.subject.kind !== 'instance') return null;
  const { instance } = change.subject;
  const node = nodes.find(
    ({ op, group }) =>
      op.kind === 'container.stop' &&
      op.target.kind === 'leaving' &&
      op.target.instance === instance &&
      group.startsWith(`${change.id.slice(0, change.id.indexOf('/'))}/`),
  );
  if (node === undefined) return null;
  const container = desired.containers.find(({ instances }) =>
    instances.some(({ key }) => key === node.group),
  );
  return {
    instance: node.group.slice(node.group.indexOf('/') + 1),
    desired: container?.instances.find(({ key }) => key === node.group) ?? null,
    times: times.get(container?.key ?? '') ?? NO_TIMES,
  };
}

/** What the last stop was like counts while the same program gets the same signal, and no longer to end. */
export function lastStopFacts(
  { lastStop }: Times,
  old: ObservedContainer | null,
  now: { readonly stopMs: number; readonly drainMs: number },
): VerdictFacts['lastStop'] {
  const spec = old?.spec ?? null;
  if (lastStop === null || spec === null || lastStop.made !== stopPrint(spec)) return null;
  const { forced, limitMs, open, drainedMs } = lastStop;
  const hasLonger =
    now.stopMs > (limitMs ?? ENGINES_STOP_S * 1000) ||
    (open !== null && open > 0 && now.drainMs > Math.ceil((drainedMs ?? 0) / 1000) * 1000);
  return hasLonger ? null : { forced, open };
}
