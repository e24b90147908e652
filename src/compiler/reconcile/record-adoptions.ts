import { recordLabels } from '../adopt/record.ts';
import type { ContainerKey, DesiredState } from '../desired/desired-state.ts';
import { containerKey } from '../desired/keys.ts';
import { adoptionName } from '../names.ts';
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
  after: readonly NodeId[],
): readonly Recorded[] {
  return observed.adoptions.flatMap((adoption): readonly Recorded[] => {
    const adopted = observed.containers.filter(({ id }) => adoption.containers.includes(id));
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

/**
 * The records as a plan for `selected` has them: one that it is to write names what is selected and is called by one of that, so
 * that a later plan writes another one for the others.
 */
export function selectedAdoptions(
  { stack }: Pick<DesiredState, 'stack'>,
  { adoptions, containers }: Pick<ObservedState, 'adoptions' | 'containers'>,
  selected: ReadonlySet<ContainerKey>,
): readonly ObservedAdoption[] {
  const left = new Set(
    containers
      .filter(({ application, container }) => !selected.has(containerKey(application, container)))
      .map(({ id }) => id),
  );
  return adoptions.flatMap((adoption): readonly ObservedAdoption[] => {
    if (adoption.isRecorded || !adoption.containers.some((id) => left.has(id))) return [adoption];
    const own = adoption.containers.filter((id) => !left.has(id));
    const [first] = own;
    return first === undefined
      ? []
      : [{ ...adoption, engineName: adoptionName(stack, first), containers: own }];
  });
}

/** Of the nodes and the change of a record. */
export function groupOf({ engineName }: ObservedAdoption): string {
  return `adoption ${engineName}`;
}
