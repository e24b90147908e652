import { setMaxListeners } from 'node:events';

import type { BackTurn, NodeId, Plan, PlanNode, Roll } from '../compiler/plan/plan.ts';
import type { Outcome } from './walk.ts';

/** What a roll has come to. */
interface State {
  readonly roll: Roll;
  /** Nodes of its changes, but for removals of old generations, of which it is not known what becomes of them. */
  open: number;
  /** What has failed; null: nothing so far. */
  failed: NodeId | null;
  isGoingBack: boolean;
  /** A turn could not be taken back: no other instance stops, to follow or to go back. */
  isStuck: boolean;
  /** Changes whose new generations have ended: they have nothing to lose. */
  readonly ended: Set<string>;
  /** An old generation is being removed: there is no way back any more. */
  isOver: boolean;
  /** Ends what only waits. */
  readonly cut: AbortController;
}

/** Operations that only wait, and take nobody's place while they do. */
export function isWait({ op }: PlanNode): boolean {
  return op.kind === 'container.monitor' || op.kind === 'canary.bake';
}

/**
 * Which containers have failed, what is still begun of them, and when those go back that do: as soon as nothing else is going to
 * happen to them.
 */
export class Rolls {
  readonly #byChange = new Map<string, State>();
  readonly #states: readonly State[];
  readonly #outcome = new Map<NodeId, Outcome>();
  readonly #goBack: (turns: readonly BackTurn[], roll: Roll) => void;

  /** `goBack` gets the turns of what is to go back: those that have ended first, then the last replaced first. */
  constructor({ rolls, nodes }: Plan, goBack: (turns: readonly BackTurn[], roll: Roll) => void) {
    this.#goBack = goBack;
    this.#states = rolls.map((roll) => ({
      roll,
      open: 0,
      failed: null,
      isGoingBack: false,
      isStuck: false,
      ended: new Set(),
      isOver: false,
      cut: new AbortController(),
    }));
    for (const { cut } of this.#states) setMaxListeners(0, cut.signal);
    for (const state of this.#states) for (const id of state.roll.changes) this.#byChange.set(id, state);
    for (const node of nodes) {
      const state = this.#byChange.get(node.group);
      if (state !== undefined && !isRemoval(node, state)) state.open += 1;
    }
  }

  /** Ends a node that only waits. */
  cutOf(node: PlanNode): AbortSignal {
    return this.#byChange.get(node.group)?.cut.signal ?? new AbortController().signal;
  }

  /** Nobody wants to know any more how what is watched does. */
  cutAll(): void {
    for (const { cut } of this.#states) cut.abort();
  }

  /** A node is about to run. */
  begin(node: PlanNode): void {
    const state = this.#byChange.get(node.group);
    if (state !== undefined && isRemoval(node, state)) state.isOver = true;
  }

  /** What has failed of the node's container, so that nothing more of it is begun; null: it may begin. */
  heldBy(node: PlanNode): NodeId | null {
    const state = this.#byChange.get(node.group);
    if (state === undefined || state.failed === null) return null;
    return state.roll.onFailure === 'continue' && !state.isStuck ? null : state.failed;
  }

  /** Whether a node does not run though the turn of its instance has begun: the container goes back. */
  isMoot(node: PlanNode): boolean {
    const state = this.#byChange.get(node.group);
    return state?.isGoingBack === true && (isWait(node) || isRemoval(node, state));
  }

  /** A node has failed. What is left over of an old generation once the new one is current is no failure of the new one. */
  fail(node: PlanNode): void {
    const state = this.#byChange.get(node.group);
    if (state === undefined || (node.undoScope === null && !isWait(node))) return;
    state.failed ??= node.id;
    if (node.op.kind === 'container.monitor') state.ended.add(node.group);
    this.#turnBack(state);
  }

  /** What the node's turn has done could not be taken back: the next one would be one too many. */
  stick(node: PlanNode): void {
    const state = this.#byChange.get(node.group);
    if (state === undefined) return;
    state.failed ??= node.id;
    state.isStuck = true;
  }

  /** The new version is not to be had: all go back that can. */
  retreat(): void {
    for (const state of this.#states) {
      this.#turnBack(state);
      this.#look(state);
    }
  }

  /** It is known what became of a node. */
  over(node: PlanNode, outcome: Outcome): void {
    this.#outcome.set(node.id, outcome);
    const state = this.#byChange.get(node.group);
    if (state === undefined || isRemoval(node, state)) return;
    state.open -= 1;
    this.#look(state);
  }

  #turnBack(state: State): void {
    if (state.roll.onFailure !== 'rollback' || state.isOver) return;
    state.isGoingBack = true;
    state.cut.abort();
  }

  #look(state: State): void {
    if (!state.isGoingBack || state.open > 0) return;
    state.open = Number.POSITIVE_INFINITY;
    const turns = state.roll.back.filter(({ order, nodes: [first] }) => {
      if (state.isStuck && order === 'stop-first') return false;
      return first?.after.every((id) => this.#outcome.get(id) === 'done') === true;
    });
    const [ended, others] = [true, false].map((wanted) =>
      turns.filter(({ change }) => state.ended.has(change) === wanted).toReversed(),
    );
    if (turns.length > 0) this.#goBack([...(ended ?? []), ...(others ?? [])], state.roll);
  }
}

function isRemoval({ op }: PlanNode, { roll }: State): boolean {
  return (
    op.kind === 'container.remove' &&
    op.target.kind === 'existing' &&
    roll.back.some(({ old }) => op.target.kind === 'existing' && op.target.id === old)
  );
}
