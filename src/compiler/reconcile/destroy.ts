import { containerKey } from '../desired/keys.ts';
import type { ContainerKey } from '../desired/desired-state.ts';
import { groupBy } from '../group-by.ts';
import type { ObservedAgent, ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { PlanBuilder } from '../plan/plan-builder.ts';
import { PLAN_FORMAT_VERSION } from '../plan/plan.ts';
import type { Change, NodeId, Plan } from '../plan/plan.ts';
import { instanceEngineName, journalVolume } from '../names.ts';
import { adoptedName } from './adopted.ts';
import { agentName } from './agents.ts';
import { plainChange } from './plain-change.ts';
import { groupOf } from './record-adoptions.ts';
import { mountedVolumes, socketPlace } from './sockets.ts';
import { existing } from './turn.ts';

/** What a destroy takes down: all of a stack's containers, agents and networks; data volumes only when asked for. */
export function destroyPlan(
  observed: ObservedState,
  request: { readonly stack: string; readonly volumes: boolean },
): Plan {
  const builder = new PlanBuilder();
  const changes: Change[] = [];
  const gone: NodeId[] = [];
  const stops = new Map<string, readonly NodeId[]>();
  const runs: NodeId[] = [];
  // Whoever would begin another run goes first.
  const starter = agentName(request.stack, 'engine');
  const begin = observed.agents
    .filter(({ name }) => name === starter)
    .map((agent) => removeAgent(builder, agent, [], changes));
  // It is on the networks and has the journal, whether or not there is a job left.
  gone.push(...begin);
  const cut = new Set(observed.jobRuns.filter(({ state }) => state === 'running').map(({ id }) => id));
  for (const { id, engineName } of [...observed.runs, ...observed.jobRuns]) {
    const group = `run ${engineName}`;
    const notes = cut.has(id)
      ? ['a run of a job that goes on: it is stopped, whether or not it is done']
      : [];
    changes.push(plainChange(group, { kind: 'run', name: engineName }, 'remove', [asked(engineName)], notes));
    const target = { kind: 'existing', id, generation: 0 } as const;
    const stop = builder.add(
      group,
      'stop',
      { kind: 'container.stop', target, timeoutS: null },
      begin,
      'destroy',
    );
    runs.push(stop);
    gone.push(
      builder.add(group, 'remove', { kind: 'container.remove', target, volumes: true }, [stop], 'destroy'),
    );
  }
  const usersOf = usersOfEach(request.stack, observed.containers);
  for (const container of inOrder(request.stack, observed.containers)) {
    // Whoever uses it stops first, and so does what runs once: a database outlives those who still write to it, and a
    // balancer that has ended gracefully leaves nothing to drain.
    const users = usersOf(container);
    const after = [...runs, ...users.flatMap((user) => stops.get(user.id) ?? [])];
    const subject =
      container.role === 'migration'
        ? ({ kind: 'migration', application: container.application, container: container.container } as const)
        : ({
            kind: 'instance',
            application: container.application,
            container: container.container,
            instance: container.instance,
          } as const);
    const id = `${container.role} ${container.engineName}`;
    const change = plainChange(id, subject, 'remove', [
      { kind: 'requested', field: 'destroy', from: container.engineName, to: null },
    ]);
    changes.push({ ...change, from: container.generation });
    const target = existing(container);
    const stop = builder.add(
      id,
      'stop',
      { kind: 'container.stop', target, timeoutS: null },
      after,
      'destroy',
    );
    stops.set(container.id, [stop]);
    gone.push(
      builder.add(
        id,
        'remove',
        // What others have made for it is not the stack's, whoever asks for volumes.
        { kind: 'container.remove', target, volumes: request.volumes && adoptedName(container) === null },
        [stop],
        'destroy',
      ),
    );
  }
  for (const template of observed.templates) {
    const { application, container, engineName } = template;
    const id = `job ${engineName}`;
    const subject = { kind: 'schedule', application, container } as const;
    changes.push(plainChange(id, subject, 'remove', [asked(engineName)]));
    const op = { kind: 'container.remove', target: existing(template), volumes: true } as const;
    gone.push(builder.add(id, 'remove', op, begin, 'destroy'));
  }
  // Last, so that it can write down all that comes before.
  const stopped = builder.join('instances', 'gone', gone.splice(0));
  const emptied = removeKept(builder, observed, forgetAll(builder, observed, stopped, changes), changes);
  for (const agent of observed.agents)
    if (agent.name !== starter) gone.push(removeAgent(builder, agent, emptied, changes));
  const empty = builder.join('containers', 'gone', observed.agents.length > 0 ? gone : emptied);
  for (const name of observed.ownNetworks) {
    changes.push(plainChange(`network ${name}`, { kind: 'network', name }, 'remove', [asked(name)]));
    builder.add(`network ${name}`, 'remove', { kind: 'network.remove', network: name }, empty, 'destroy');
  }
  for (const name of leavingVolumes(observed, request)) {
    const why = request.volumes ? '--volumes' : 'journal';
    changes.push(plainChange(`volume ${name}`, { kind: 'volume', name }, 'remove', [asked(why)]));
    const op = { kind: 'volume.remove', volume: name } as const;
    builder.add(`volume ${name}`, 'remove', op, empty, 'destroy', { destructive: true });
  }
  return {
    formatVersion: PLAN_FORMAT_VERSION,
    stack: request.stack,
    nodes: builder.nodes,
    changes,
    rolls: [],
    hooks: [],
    warnings: [],
    agents: [],
  };
}

function removeAgent(
  builder: PlanBuilder,
  { name, id }: ObservedAgent,
  after: readonly NodeId[],
  changes: Change[],
): NodeId {
  const group = `agent ${name}`;
  changes.push(plainChange(group, { kind: 'agent', name }, 'remove', [asked(name)]));
  return builder.add(group, 'remove', { kind: 'agent.remove', name, id }, after, 'destroy');
}

/** Whoever is cut off before that finds what was adopted again. */
function forgetAll(
  builder: PlanBuilder,
  { adoptions }: ObservedState,
  after: readonly NodeId[],
  changes: Change[],
): readonly NodeId[] {
  const gone = adoptions.map((adoption) => {
    const { engineName: name } = adoption;
    const group = groupOf(adoption);
    changes.push(plainChange(group, { kind: 'adoption', name }, 'remove', [asked(name)]));
    return builder.add(group, 'forget', { kind: 'adoption.forget', name }, after, 'destroy');
  });
  return gone.length === 0 ? after : builder.join('adoptions', 'gone', gone);
}

/** Whoever is cut off before that can still go back. */
function removeKept(
  builder: PlanBuilder,
  { kept }: ObservedState,
  after: readonly NodeId[],
  changes: Change[],
): readonly NodeId[] {
  if (kept.length === 0) return after;
  const id = 'kept';
  changes.push(plainChange(id, { kind: 'kept', name: 'kept revisions' }, 'remove', [asked('to go back by')]));
  const gone = kept.map(({ id: container, engineName, revision }) => {
    const target = { kind: 'existing', id: container, generation: revision ?? 0 } as const;
    const op = { kind: 'container.remove', target, volumes: true } as const;
    return builder.add(id, `remove ${engineName}`, op, after, 'destroy');
  });
  return builder.join(id, 'gone', gone);
}

/** The volumes that go with a destroy: all of them when asked for; the journal alone where there is nothing to keep it with. */
export function leavingVolumes(
  { volumes }: Pick<ObservedState, 'volumes'>,
  request: { readonly stack: string; readonly volumes: boolean },
): readonly string[] {
  const isJournal = (name: string) => name === journalVolume(request.stack);
  return request.volumes || volumes.every(({ name }) => isJournal(name))
    ? volumes.map(({ name }) => name)
    : [];
}

/** Data volumes that containers of the stack mount and that are not its own: no destroy removes them. */
export function foreignVolumes(observed: ObservedState): readonly string[] {
  const own = new Set(observed.volumes.map(({ name }) => name));
  const mounted = observed.containers
    .flatMap(({ spec }) => spec?.mounts ?? [])
    .filter(({ type, dataVolume, source }) => type === 'volume' && dataVolume !== null && !own.has(source));
  return [...new Set(mounted.map(({ source }) => source))].sort();
}

/**
 * Who uses a container, in the order given: those who link to it, and those who mount the volume that its socket lies in
 * and have none there themselves. A link leads to one instance, and stands for the whole container; links within a
 * container do not count.
 */
function usersOfEach(
  stack: string,
  containers: readonly ObservedContainer[],
): (container: ObservedContainer) => readonly ObservedContainer[] {
  // Links lead to an adopted one by its instance's name as well.
  const byName = new Map(
    containers.map((container) => {
      const { application, instance, engineName } = container;
      const isAdopted = container.phase === 'current' && adoptedName(container) !== null;
      return [isAdopted ? instanceEngineName(stack, application, instance) : engineName, container];
    }),
  );
  const ofContainer = ({ application, container }: ObservedContainer) => containerKey(application, container);
  const users = new Map<ContainerKey, Set<ObservedContainer>>();
  const add = (target: ObservedContainer, user: ObservedContainer) => {
    const known = users.get(ofContainer(target));
    if (known === undefined) users.set(ofContainer(target), new Set([user]));
    else known.add(user);
  };
  const serving = groupBy(
    containers.flatMap((container) => {
      const volume = socketVolume(container);
      return volume === null ? [] : [{ volume, container }];
    }),
    ({ volume }) => volume,
  );
  for (const user of containers) {
    for (const link of user.spec?.links ?? []) {
      const target = byName.get(link.target);
      if (target !== undefined && target.container !== user.container) add(target, user);
    }
    const own = socketVolume(user);
    for (const volume of mountedVolumes(user.spec)) {
      if (volume !== own) for (const { container } of serving.get(volume) ?? []) add(container, user);
    }
  }
  return (container) => [...(users.get(ofContainer(container)) ?? [])];
}

function socketVolume({ spec }: ObservedContainer): string | null {
  return socketPlace(spec, mountedVolumes(spec))?.volume ?? null;
}

function asked(what: string): Change['reasons'][number] {
  return { kind: 'requested', field: 'destroy', from: what, to: null };
}

/** Those who use others before those they use; names decide the rest, and where uses go in a circle. */
function inOrder(stack: string, containers: readonly ObservedContainer[]): readonly ObservedContainer[] {
  const byName = [...containers].sort((a, b) => (a.engineName < b.engineName ? -1 : 1));
  const usersOf = usersOfEach(stack, byName);
  const ordered = new Set<ObservedContainer>();
  const under = new Set<ObservedContainer>();
  const visit = (container: ObservedContainer) => {
    if (ordered.has(container) || under.has(container)) return;
    under.add(container);
    for (const user of usersOf(container)) visit(user);
    under.delete(container);
    ordered.add(container);
  };
  for (const container of byName) visit(container);
  return [...ordered];
}
