import { containerKey } from '../desired/keys.ts';
import type {
  ContainerKey,
  DesiredContainer,
  DesiredState,
  InstanceKey,
  StopSpec,
} from '../desired/desired-state.ts';
import { foundOf } from '../desired/found.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { groupBy } from '../group-by.ts';
import { instanceEngineName } from '../names.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId } from '../plan/plan.ts';
import { clashes } from './handover.ts';
import { noticeWords, type noticesIn } from './notices.ts';
import { plainChange } from './plain-change.ts';
import { socketVolumes } from './sockets.ts';
import type { SocketScope } from './sockets.ts';
import { removeGenerations } from './tidy.ts';

/** An instance on the engine that the file does not name (any more). */
export interface DroppedInstance {
  readonly key: InstanceKey;
  readonly engineName: string;
  readonly containerKey: ContainerKey;
  readonly containers: readonly ObservedContainer[];
  readonly instance: string;
  /** The container is still in the file, with fewer instances. */
  readonly surplus: boolean;
  /** Instances of its container that stay. */
  readonly staying: number;
  /** Whose number is not that of the file's `containers`, but what was set last. */
  readonly isScaled: boolean;
  /** How it is stopped; null when the file says nothing of it. */
  readonly stop: StopSpec | null;
  /** Proxies find the instances of its container by themselves. */
  readonly isFound: boolean;
  /** The volumes in which its generations have sockets. */
  readonly socketVolumes: readonly string[];
  /** Containers of the file that need for themselves what this one holds. */
  readonly inTheWayOf: readonly ContainerKey[];
}

/** Finds them, in the order in which they go: by container, the highest instance first. `within` limits them to containers. */
export function droppedInstances(
  desired: DesiredState,
  observed: ObservedState,
  within: ReadonlySet<ContainerKey> | null,
): readonly DroppedInstance[] {
  const wanted = new Set<InstanceKey>();
  const daemons = new Map<ContainerKey, DesiredContainer>();
  for (const container of desired.containers) {
    if (container.mode === 'cron') continue;
    daemons.set(container.key, container);
    for (const instance of container.instances) wanted.add(instance.key);
  }
  const unnamed = observed.containers.filter(({ role, key }) => role === 'instance' && !wanted.has(key));
  const groups = groupBy(unnamed, (container) => container.key);
  const dropped: DroppedInstance[] = [];
  for (const [key, containers] of groups) {
    const first = containers[0];
    if (first === undefined) continue;
    const owner = containerKey(first.application, first.container);
    if (within !== null && !within.has(owner)) continue;
    dropped.push({
      key,
      engineName: instanceEngineName(desired.stack, first.application, first.instance),
      containerKey: owner,
      containers: [...containers].sort((a, b) => b.generation - a.generation),
      instance: first.instance,
      surplus: daemons.has(owner),
      staying: daemons.get(owner)?.instances.length ?? 0,
      isScaled: (daemons.get(owner)?.scale ?? null) !== null,
      stop: daemons.get(owner)?.template.stop ?? null,
      isFound: isFound(daemons.get(owner)),
      socketVolumes: socketVolumes(containers),
      inTheWayOf: clashes(containers, desired),
    });
  }
  const index = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0);
  return dropped.sort((a, b) =>
    a.containerKey === b.containerKey
      ? index(b.instance) - index(a.instance)
      : a.containerKey < b.containerKey
        ? -1
        : 1,
  );
}

function isFound(container: DesiredContainer | undefined): boolean {
  return container !== undefined && foundOf(container.template) !== null;
}

/** Adds their removal: one after the other within a container, containers side by side. */
export function removeDropped(
  builder: PlanBuilder,
  dropped: readonly DroppedInstance[],
  after: readonly NodeId[],
  sockets: SocketScope,
  noticeOf: ReturnType<typeof noticesIn>,
): { readonly ready: readonly NodeId[]; readonly changes: readonly Change[] } {
  const lastOf = new Map<ContainerKey, readonly NodeId[]>();
  const changes: Change[] = [];
  for (const [i, d] of dropped.entries()) {
    const [newest] = d.containers;
    const isLast = dropped[i + 1]?.containerKey !== d.containerKey;
    const notice =
      isLast || d.staying === 0 || newest?.state !== 'running' ? null : noticeOf(d.engineName, newest);
    const start = lastOf.get(d.containerKey) ?? after;
    const removed = removeGenerations(builder, d.key, d.engineName, d.containers, start, sockets, {
      stop: d.stop,
      stays: d.staying > 0,
      isFound: d.isFound,
      notice,
    });
    lastOf.set(d.containerKey, removed.last);
    const subject = {
      kind: 'instance',
      application: newest?.application ?? '',
      container: newest?.container ?? '',
      instance: d.instance,
    } as const;
    const field = d.surplus ? (d.isScaled ? 'scale' : 'containers') : 'file';
    const reasons = [{ kind: 'dropped', field, from: d.instance, to: null }] as const;
    const change = plainChange(
      d.key,
      subject,
      'remove',
      reasons,
      notice !== null && removed.isNoticed ? [noticeWords(notice)] : [],
    );
    changes.push({ ...change, from: newest?.generation ?? null });
  }
  return { ready: [...lastOf.values()].flat(), changes };
}
