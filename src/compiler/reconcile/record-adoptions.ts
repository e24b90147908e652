import { recordLabels } from '../adopt/record.ts';
import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import { containerKey } from '../desired/keys.ts';
import type { ObservedAdoption, ObservedState } from '../observed/observed-state.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId, PlanRequest } from '../plan/plan.ts';

/** One record, as it is planned. */
export interface Recorded extends Pick<Change, 'id' | 'notes'> {
  /** The containers that it names, for people. */
  readonly names: string;
  readonly node: NodeId;
}

/**
 * Writes down what becomes generation 0, before anything is done to it: all of it by one call, so that an apply that is cut off has
 * adopted either everything or nothing.
 */
export function recordAdoptions(
  builder: PlanBuilder,
  { stack }: Pick<DesiredState, 'stack'>,
  observed: ObservedState,
  { agentImage: image }: Pick<PlanRequest, 'agentImage'>,
  selected: ReadonlySet<ContainerKey>,
  after: readonly NodeId[],
): readonly Recorded[] {
  return observed.adoptions.flatMap((adoption): readonly Recorded[] => {
    const adopted = observed.containers.filter(
      ({ id, application, container }) =>
        adoption.containers.includes(id) && selected.has(containerKey(application, container)),
    );
    if (adoption.isRecorded || adopted.length === 0) return [];
    const id = groupOf(adoption);
    const op = {
      kind: 'adoption.record',
      name: adoption.engineName,
      image,
      labels: recordLabels(stack, adopted),
    } as const;
    const node = builder.add(id, 'adopt', op, after, 'from here on they are part of the stack');
    const projects = observed.foreign
      .filter((one) => adopted.some((taken) => taken.id === one.id))
      .flatMap(({ compose }) => compose?.project ?? []);
    const notes = [...new Set(projects)].map(
      (project) =>
        `\`docker compose\` must not be run for project \`${project}\` any more: it would make them anew`,
    );
    return [{ id, node, notes, names: adopted.map(({ engineName }) => engineName).join(', ') }];
  });
}

/** Of the nodes and the change of a record. */
export function groupOf({ engineName }: ObservedAdoption): string {
  return `adoption ${engineName}`;
}
