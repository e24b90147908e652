import type { DesiredContainer, DesiredInstance, DesiredState } from '../desired/desired-state.ts';
import { fixedPorts, portsOverlap } from '../desired/host-port.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import { groupBy } from '../group-by.ts';
import type { PlanRequest, Reason } from '../plan/plan.ts';
import { unreachable } from '../unreachable.ts';
import { currentName } from './adopted.ts';
import { compare } from './compare.ts';
import type { Difference } from './compare.ts';
import { linkDrift } from './links.ts';
import { modeTable, STARTING, STAYING } from './mode-table.ts';
import type { Decision, Status } from './mode-table.ts';
import { replacedBy } from './replaced-by.ts';
import { byServing } from './serving.ts';
import { standing } from './standing.ts';
import { publishedSuccessor } from './successor.ts';
import type { Standing } from './standing.ts';

/** What is to become of one instance, and all that it was decided on. */
export interface Decided {
  readonly container: DesiredContainer;
  readonly instance: DesiredInstance;
  readonly standing: Standing;
  readonly difference: Difference;
  readonly decision: Decision;
  readonly reasons: readonly Reason[];
  /** Where the published name leads when it is not to the current generation, though that one runs and stays. */
  readonly link: Reason | null;
  /** The new generation, which an apply made and published before it was cut off: only the rest is left to do. */
  readonly successor: ObservedContainer | null;
}

const NO_DIFFERENCE: Difference = { replace: [], update: [], reload: null, files: [] };

/** Looks every instance of the file up in the mode table. Order: that of the desired state. */
export function decide(
  desired: DesiredState,
  observed: ObservedState,
  request: PlanRequest,
): readonly Decided[] {
  const instances = observed.containers.filter((container) => container.role === 'instance');
  const byKey = groupBy(instances, (container) => container.key);
  const traces = tracesOf(observed);
  const included = new Set([...request.include, ...desired.included]);
  const forced = new Set(request.force);
  const decided: Decided[] = [];
  for (const container of desired.containers) {
    // Its runs come and go by the clock: `templates.ts`.
    if (container.mode === 'cron') continue;
    for (const instance of container.instances) {
      const stands = standing(instance.engineName, byKey.get(instance.key) ?? []);
      decided.push(
        decideOne(container, instance, stands, observed, {
          included: named(included, container, instance),
          forced:
            named(forced, container, instance) &&
            !(request.goesOn === true && isReplaced(container, instance, stands)),
          vanished:
            traces.links.has(instance.engineName) ||
            instance.index < (traces.highest.get(container.key) ?? 0),
        }),
      );
    }
  }
  return decided;
}

/** Whether an apply that was cut off has made the current generation, which is as the file says. */
function isReplaced(container: DesiredContainer, instance: DesiredInstance, stands: Standing): boolean {
  const { current } = stands;
  if (current === null || replacedBy(stands) === null) return false;
  return compare(container, instance, current).replace.length === 0;
}

/** Whether a container, one of its instances, or either behind the application's name was named. */
export function named(
  names: ReadonlySet<string>,
  container: DesiredContainer,
  instance: DesiredInstance,
): boolean {
  return (
    names.size > 0 &&
    (names.has(container.name) ||
      names.has(instance.name) ||
      names.has(container.key) ||
      names.has(instance.key))
  );
}

function decideOne(
  described: DesiredContainer,
  instance: DesiredInstance,
  stands: Standing,
  observed: ObservedState,
  {
    included,
    forced,
    vanished,
  }: { readonly included: boolean; readonly forced: boolean; readonly vanished: boolean },
): Decided {
  const current = stands.current;
  const container = besideItself(described, instance, current);
  const difference = current === null ? NO_DIFFERENCE : compare(container, instance, current);
  const status = statusOf(current, difference);
  const mode = container.mode === 'manual' && !included && !forced ? 'manual' : 'auto';
  const byTable = modeTable[mode][status];
  const successor = forced ? null : publishedSuccessor(container, instance, stands, observed.links);
  const decision = decisionFor(byTable, { current, forced, successor });
  if (successor === null) {
    // With stop-first an old one runs beside one that does not only where an apply was going back.
    const toOld = container.strategy.order === 'stop-first' ? STARTING.has(decision) : decision === 'replace';
    const serving = byServing(instance.engineName, stands, observed.links, toOld);
    if (serving !== stands)
      return decideOne(described, instance, serving, observed, { included, forced, vanished });
  }
  const link = STAYING.has(decision) ? linkDrift(instance.engineName, stands, observed.links) : null;
  return {
    container,
    instance,
    standing: stands,
    difference,
    decision,
    successor,
    reasons: [
      ...(successor === null ? [] : [cutOff(current, successor)]),
      ...nameReasons(instance, stands),
      ...(link === null ? [] : [link]),
      ...(successor !== null && current === null
        ? []
        : reasonsFor(decision, current, difference, { forced, vanished })),
    ],
    link,
  };
}

/** Ports of the host that change are no obstacle: both generations can have their own. */
export function besideItself(
  container: DesiredContainer,
  { spec }: DesiredInstance,
  current: ObservedContainer | null,
): DesiredContainer {
  const { strategy } = container;
  if (!strategy.onlyPorts || current === null || current.spec === null) return container;
  const before = fixedPorts(current.spec.ports);
  if (fixedPorts(spec.ports).some((port) => before.some((old) => portsOverlap(old, port)))) return container;
  const why = 'each generation has its own port of the host';
  return { ...container, strategy: { ...strategy, order: 'start-first', why } };
}

function decisionFor(
  byTable: Decision,
  {
    current,
    forced,
    successor,
  }: Pick<Decided, 'successor'> & {
    readonly current: ObservedContainer | null;
    readonly forced: boolean;
  },
): Decision {
  if (successor !== null) return current === null ? 'create' : 'replace';
  return forced && current !== null ? 'replace' : byTable;
}

function cutOff(current: ObservedContainer | null, { generation }: ObservedContainer): Reason {
  const from = current === null ? null : `generation ${current.generation}`;
  const to = `generation ${generation}, which serves already`;
  return { kind: 'leftover', field: 'switch that was cut off', from, to };
}

function statusOf(current: ObservedContainer | null, difference: Difference): Status {
  if (current === null) return 'missing';
  const runs = current.state === 'running' || current.state === 'restarting' || current.state === 'paused';
  if (current.state === 'dead' || current.state === 'removing') return 'differs-stopped';
  if (difference.replace.length > 0) return runs ? 'differs' : 'differs-stopped';
  if (!runs) return 'stopped';
  if (current.state === 'paused') return 'paused';
  if (difference.reload !== null) return 'reload';
  return difference.update.length > 0 ? 'adjust' : 'same';
}

function reasonsFor(
  decision: Decision,
  current: ObservedContainer | null,
  difference: Difference,
  { forced, vanished }: { readonly forced: boolean; readonly vanished: boolean },
): readonly Reason[] {
  const asked: readonly Reason[] = forced
    ? [{ kind: 'requested', field: '--force', from: null, to: null }]
    : [];
  switch (decision) {
    case 'create':
      return vanished
        ? [{ kind: 'drift', field: 'container', from: 'removed by hand', to: 'running' }]
        : [{ kind: 'missing', field: 'container', from: null, to: null }];
    case 'replace':
      return [
        ...asked,
        ...stateReasons(current),
        ...difference.replace,
        ...difference.files,
        ...difference.update,
      ];
    case 'hold':
    case 'reload':
      return [...difference.replace, ...difference.files, ...difference.update];
    case 'start-held':
      return [...stateReasons(current), ...difference.replace, ...difference.update];
    case 'start':
    case 'unpause':
      return [...stateReasons(current), ...difference.update];
    case 'update':
      return difference.update;
    case 'leave':
      return [];
    default:
      return unreachable(decision);
  }
}

function nameReasons({ engineName }: DesiredInstance, { current, rescue }: Standing): readonly Reason[] {
  return current === null || rescue !== 'renamed'
    ? []
    : [{ kind: 'drift', field: 'name', from: current.engineName, to: currentName(current, engineName) }];
}

/** A container that is not running although nobody asked stackc for it. */
function stateReasons(current: ObservedContainer | null): readonly Reason[] {
  if (current === null || current.state === 'running' || current.state === 'restarting') return [];
  const code =
    current.state === 'exited' && current.exitCode !== null ? ` with code ${current.exitCode}` : '';
  return [{ kind: 'drift', field: 'state', from: `${current.state}${code}`, to: 'running' }];
}

/**
 * What the engine still tells of instances that are gone: links that lead to them, and siblings of a higher index
 * (a count that shrinks takes the highest first). No trace is no proof that it was never there.
 */
function tracesOf(observed: ObservedState): {
  readonly links: ReadonlySet<string>;
  readonly highest: ReadonlyMap<string, number>;
} {
  const links = new Set<string>();
  const highest = new Map<string, number>();
  for (const { role, application, container, instance, spec } of observed.containers) {
    if (role !== 'instance') continue;
    for (const { target } of spec?.links ?? []) links.add(target);
    const key = `${application}/${container}`;
    highest.set(key, Math.max(highest.get(key) ?? 0, Number(instance.slice(container.length)) || 0));
  }
  return { links, highest };
}
