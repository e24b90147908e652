import { runningBalancers } from '../balancer/running.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { durationWords } from '../verdict/duration-words.ts';
import { judgeOf, viewOf, type Judge } from '../verdict/instance-balancers.ts';
import { whereabouts } from '../verdict/whereabouts.ts';

/** How long balancers take to see by their checks that an instance is gone whose path was taken away. */
export interface Notice {
  /** `haproxy0`. */
  readonly balancers: readonly string[];
  readonly ms: number;
}

/** What a check may be late on a busy machine. */
const SLACK_MS = 250;

/** An apply waits no longer than that between two that leave. */
export const MOST_NOTICE_MS = 10_000;

/** Where nobody is known to check. */
const FEW = 3;

/** Running balancers whose configuration was read. */
function judgesOf(observed: ObservedState): readonly Judge[] {
  return runningBalancers(observed).flatMap((balancer) => {
    const text = observed.balancers.get(balancer.container.id);
    return text === undefined ? [] : [judgeOf(balancer, text)];
  });
}

/**
 * Finds how many connections to a generation show that the balancers count on it: each comes once more when it has had as
 * many good checks as it wants.
 */
export function arrivalsIn(
  observed: ObservedState,
): (engineName: string, old: ObservedContainer | null) => number {
  const judges = judgesOf(observed);
  return (engineName, old) => {
    const place = whereabouts(engineName, old, null);
    const wanted = judges.flatMap((judge) => {
      const view = viewOf(judge, place);
      return view === null ? [] : [view.rise + 1];
    });
    return Math.max(
      FEW,
      wanted.reduce((sum, count) => sum + count, 0),
    );
  };
}

/** Finds how long to wait behind one that leaves; null where nobody checks it, or none has to be waited for that long. */
export function noticesIn(
  observed: ObservedState,
): (engineName: string, old: ObservedContainer) => Notice | null {
  const judges = judgesOf(observed);
  return (engineName, old) => {
    const place = whereabouts(engineName, old, null);
    const checking = judges.flatMap((judge) => {
      const downAfterMs = viewOf(judge, place)?.downAfterMs ?? null;
      return downAfterMs === null ? [] : [{ name: judge.balancer.container.instance, downAfterMs }];
    });
    const ms = Math.max(0, ...checking.map(({ downAfterMs }) => downAfterMs)) + SLACK_MS;
    if (checking.length === 0 || ms > MOST_NOTICE_MS) return null;
    return { balancers: [...new Set(checking.map(({ name }) => name))], ms };
  };
}

/** For the plan. */
export function noticeWords({ balancers, ms }: Notice): string {
  const names = balancers.map((name) => `\`${name}\``).join(' and ');
  return `the checks of ${names} get ${durationWords(ms)} to see that it is gone, before the next one goes`;
}
