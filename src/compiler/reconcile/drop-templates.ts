import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import { containerKey } from '../desired/keys.ts';
import { groupBy } from '../group-by.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId, Reason, Subject } from '../plan/plan.ts';
import { idleAgent } from './agents.ts';
import { plainChange } from './plain-change.ts';
import { keyOf } from './templates.ts';
import { existing } from './turn.ts';

const NOT_ENDED = 'its run that goes on comes to its own end';
const STAYS = 'stays to write that down, and goes with the next apply after it';

/**
 * Removes the templates of jobs that the file no longer has, and with the last one who starts them; runs go on to their end, and
 * while one does, who writes that down stays: a later plan removes it.
 */
export function dropTemplates(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  within: ReadonlySet<ContainerKey> | null,
  after: readonly NodeId[],
): readonly Change[] {
  const { templates, jobRuns } = observed;
  const isRunning = (key: ContainerKey) =>
    jobRuns.some((run) => run.state === 'running' && containerKey(run.application, run.container) === key);
  const idle = within === null ? idleAgent(desired, observed) : null;
  const stays = idle?.isBusy === true ? [`\`${idle.agent.name}\` ${STAYS}`] : [];
  const notEnded = [NOT_ENDED, ...stays];
  const wanted = new Set<string>(desired.containers.flatMap(({ job, key }) => (job === null ? [] : [key])));
  const gone = groupBy(
    templates.filter((one) => !wanted.has(keyOf(one)) && within?.has(keyOf(one)) !== false),
    keyOf,
  );
  const removed: NodeId[] = [];
  const changes = [...gone].map(([key, all]) => {
    const group = `job ${key}`;
    for (const one of all) {
      const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
      removed.push(builder.add(group, `remove ${one.generation}`, op, after, 'not in the file'));
    }
    const [{ application, container } = { application: '', container: '' }] = all;
    const subject: Subject = { kind: 'schedule', application, container };
    const reason: Reason = { kind: 'dropped', field: 'file', from: container, to: null };
    return plainChange(group, subject, 'remove', [reason], isRunning(key) ? notEnded : []);
  });
  if (idle === null || idle.isBusy) return changes;
  const { name, id } = idle.agent;
  const group = `agent ${name}`;
  const reason: Reason = { kind: 'dropped', field: 'agent', from: name, to: null };
  // Last: an apply that fails before that leaves jobs as they were.
  const op = { kind: 'agent.remove', name, id } as const;
  builder.add(group, 'remove', op, removed.length > 0 ? removed : after, 'nobody needs it');
  return [...changes, plainChange(group, { kind: 'agent', name }, 'remove', [reason])];
}
