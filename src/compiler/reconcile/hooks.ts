import type { DesiredHook, DesiredState } from '../desired/desired-state.ts';
import type { JournalRecord } from '../journal/record.ts';
import { revisionsOf } from '../journal/revisions.ts';
import { journalVolume } from '../names.ts';
import type { ObservedState } from '../observed/observed-state.ts';
import type { Operation } from '../plan/operation.ts';
import { PlanBuilder } from '../plan/plan-builder.ts';
import type { NodeId, Plan, PlanNode } from '../plan/plan.ts';
import { isWhole, keptRevisions } from '../revision/kept-revisions.ts';
import type { HookName } from '../spec/stack-spec.ts';

/** Hooks that come before all else, and are nodes; those that come after it are run when its end is known. */
const BEFORE: ReadonlySet<HookName> = new Set(['setup', 'before_apply', 'shutdown']);

/** Operations of which nobody feels anything. */
const NEEDED: ReadonlySet<Operation['kind']> = new Set([
  'checkpoint',
  'agent.build',
  'agent.create',
  'agent.start',
  'network.create',
  'volume.create',
]);

/**
 * Whether no apply of the stack has come to its end on this engine: none is written down (`records`; null: nobody can read
 * them), none is kept, and no instance is there, before the first of which all hooks have run.
 */
export function isFirstApply(
  stack: string,
  { kept, containers, volumes }: Pick<ObservedState, 'kept' | 'containers' | 'volumes'>,
  records: readonly JournalRecord[] | null,
): boolean {
  if (keptRevisions(stack, kept).length > 0 || containers.some(({ role }) => role === 'instance'))
    return false;
  // A stack that was destroyed but for its volumes has left its journal, and nobody who could read it.
  if (records === null) return !volumes.some(({ name }) => name === journalVolume(stack));
  return !revisionsOf(records).some((revision) => revision.command !== 'destroy' && isWhole(revision));
}

/** The plan of an apply with its hooks; `setup` only before the first. */
export function withHooks(
  plan: Plan,
  desired: DesiredState,
  { isFirst }: { readonly isFirst: boolean },
): Plan {
  return hooked(
    plan,
    desired,
    desired.hooks.filter(({ name }) => name !== 'shutdown' && (isFirst || name !== 'setup')),
  );
}

/** The plan of a destroy with its hook. */
export function withShutdown(plan: Plan, desired: DesiredState): Plan {
  return hooked(
    plan,
    desired,
    desired.hooks.filter(({ name }) => name === 'shutdown'),
  );
}

/**
 * ```
 * networks, volumes, agent, the images of hooks ── setup ── before_apply ── all else
 * ```
 * What comes before is what brings up the agent, which writes down that they are run, and what a run of a container needs:
 * nobody can feel any of it.
 */
function hooked(plan: Plan, desired: DesiredState, hooks: readonly DesiredHook[]): Plan {
  const planned = hooks.map(({ name, shown, container, timeoutMs }) => ({
    hook: name,
    command: shown,
    container,
    timeoutMs,
  }));
  const before = planned.filter(({ hook }) => BEFORE.has(hook));
  if (before.length === 0) return { ...plan, hooks: planned };
  const first = preparing(
    plan,
    desired,
    before.flatMap(({ container }) => container ?? []),
  );
  const builder = new PlanBuilder();
  let last = [...first];
  for (const hook of before) {
    const op = { kind: 'hook.run', ...hook } as const;
    last = [builder.add(`hook ${hook.hook}`, 'run', op, last, 'of the stack file')];
  }
  const rest = plan.nodes.filter(({ id }) => !first.has(id)).map((node) => behind(node, first, last));
  const nodes = [...plan.nodes.filter(({ id }) => first.has(id)), ...builder.nodes, ...rest];
  return { ...plan, nodes, hooks: planned };
}

/** Whoever waits for another one that waits for the hooks waits for them by that. */
function behind(node: PlanNode, first: ReadonlySet<NodeId>, hooks: readonly NodeId[]): PlanNode {
  return node.after.every((id) => first.has(id)) ? { ...node, after: [...node.after, ...hooks] } : node;
}

/** What may come before the hooks that run in these containers. */
function preparing(
  { nodes, agents }: Plan,
  { containers }: DesiredState,
  keys: readonly string[],
): ReadonlySet<NodeId> {
  const images = new Set(
    containers.flatMap(({ key, image }) => (keys.includes(key) ? [image.reference] : [])),
  );
  const isNeeded = (op: Operation): boolean => {
    // Builds come before all pulls, one after the other.
    if (op.kind === 'image.build' || op.kind === 'image.push') return images.size > 0;
    if (op.kind === 'image.pull') return images.has(op.reference);
    // In a destroy the agent is removed, too, and nobody takes its place.
    return op.kind === 'agent.remove' ? agents.length > 0 : NEEDED.has(op.kind);
  };
  const first = new Set<NodeId>();
  for (const { id, op, after, follows = [] } of nodes)
    if (isNeeded(op) && [...after, ...follows].every((before) => first.has(before))) first.add(id);
  return first;
}
