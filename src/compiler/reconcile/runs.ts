import type { ObservedContainer, ObservedRun, ObservedState } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import { isOfPart } from '../plan/plan.ts';
import type { Change, NodeId, PlanRequest } from '../plan/plan.ts';
import type { PendingMigration } from './migrations.ts';
import { plainChange } from './plain-change.ts';
import { fileName, socketPlace, unlink, type SocketScope } from './sockets.ts';
import { existing } from './turn.ts';

/** The containers of `stack run` that nobody waits for; what `--only` leaves out is left alone. */
export function abandonedRuns(observed: ObservedState, request: PlanRequest): readonly ObservedRun[] {
  return isOfPart(request) ? [] : observed.runs.filter(({ abandoned }) => abandoned);
}

/** Whose run it is, for people: of no container are those of ours that an apply sends to the packet filter (`errandConfig`). */
export function senderOf({ container }: Pick<ObservedRun, 'container'>): string {
  return container === '' ? 'an apply' : '`stack run`';
}

/** Removes what is left over from `stack run` or an apply, and the socket that it may have bound. */
export function tidyRuns(
  builder: PlanBuilder,
  runs: readonly ObservedRun[],
  after: readonly NodeId[],
  sockets: SocketScope,
): readonly Change[] {
  return runs.map((run) => {
    const { id, engineName, state, spec } = run;
    const group = `run ${engineName}`;
    const target = { kind: 'existing', id, generation: 0 } as const;
    let last = after;
    const add = (verb: string, op: Operation) => {
      last = [builder.add(group, verb, op, last, 'left over')];
    };
    if (state === 'running' || state === 'paused' || state === 'restarting') {
      add('stop', { kind: 'container.stop', target, timeoutS: null });
    }
    const place = socketPlace(spec, sockets.reach);
    if (place !== null) add('clear', unlink(place, fileName(place)));
    add('remove', { kind: 'container.remove', target, volumes: true });
    const subject = { kind: 'run', name: engineName } as const;
    return plainChange(group, subject, 'tidy', [], [`left over from ${senderOf(run)}`]);
  });
}

/**
 * The migrations that an apply made and was cut off from before their start, and that no run of this plan replaces: the record
 * of nothing. What `--only` leaves out is left alone.
 */
export function unstartedMigrations(
  { containers }: ObservedState,
  request: PlanRequest,
  pending: readonly PendingMigration[],
): readonly ObservedContainer[] {
  if (isOfPart(request)) return [];
  const replaced = new Set(pending.flatMap(({ earlier }) => earlier));
  return containers.filter(
    (one) => one.role === 'migration' && one.state === 'created' && !replaced.has(one),
  );
}

/** Removes migrations that were never started. */
export function tidyMigrations(
  builder: PlanBuilder,
  unstarted: readonly ObservedContainer[],
  after: readonly NodeId[],
): readonly Change[] {
  return unstarted.map((one) => {
    const { application, container, engineName } = one;
    const group = `migration ${engineName}`;
    const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
    builder.add(group, 'remove', op, after, 'left over');
    const subject = { kind: 'migration', application, container } as const;
    return plainChange(group, subject, 'tidy', [], [`removes ${engineName}, which was never started`]);
  });
}
