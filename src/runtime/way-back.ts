import type { Operation } from '../compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../compiler/plan/plan.ts';

/** Takes operations back, in order; `node` is the one that failed, or did not get its turn. Never rejects. */
export type TakeBack = (node: PlanNode, operations: readonly Operation[]) => Promise<void>;

/** How far the nodes of one undo scope have come. */
interface Scope {
  readonly nodes: PlanNode[];
  readonly begun: PlanNode[];
  done: number;
  underWay: number;
  /** Nothing more of it is to start, and this is its way back. */
  heldUp: (() => Promise<void>) | null;
  isTakenBack: boolean;
}

/**
 * What has begun in each undo scope, and its way back: last first, and once. A scope goes back when one of its nodes fails,
 * when it was begun before its turn and does not get it, and in a retreat.
 */
export class WayBack {
  readonly #takeBack: TakeBack;
  /** Nodes at which a scope that may begin before its turn waits for others. */
  readonly #turns = new Set<PlanNode>();
  readonly #scopes = new Map<string, Scope>();
  /** Those that themselves lead to old generations. */
  readonly #backScopes = new Set<string>();
  readonly #going: Promise<void>[] = [];

  constructor({ nodes: planned, rolls }: Plan, takeBack: TakeBack) {
    this.#takeBack = takeBack;
    const back = rolls.flatMap((roll) => roll.back.flatMap((turn) => turn.nodes));
    const nodes = [...planned, ...back];
    for (const { undoScope } of back) if (undoScope !== null) this.#backScopes.add(undoScope);
    const groupOf = new Map(nodes.map(({ id, group }) => [id, group]));
    for (const node of nodes) {
      if (node.undoScope === null) continue;
      const scope = this.#scopes.get(node.undoScope);
      if (scope !== undefined) scope.nodes.push(node);
      else this.#scopes.set(node.undoScope, blank(node));
      if (node.after.some((id) => groupOf.get(id) !== node.group)) this.#turns.add(node);
    }
  }

  /** Whether a node waits for others than its own instance. */
  isTurn(node: PlanNode): boolean {
    return this.#turns.has(node);
  }

  /** Whether nothing more of the node's scope is to start. */
  isHeldUp(node: PlanNode): boolean {
    return (this.#scopeOf(node)?.heldUp ?? null) !== null;
  }

  /** A node is about to run. */
  begin(node: PlanNode): void {
    const scope = this.#scopeOf(node);
    if (scope === null) return;
    scope.begun.push(node);
    scope.underWay += 1;
  }

  /** A node is over; a failed one takes its scope back. */
  async end(node: PlanNode, result: 'done' | 'failed' | 'left'): Promise<void> {
    const scope = this.#scopeOf(node);
    if (scope === null) return;
    if (result === 'done') scope.done += 1;
    // Nothing is wrong with one whose forerunner has ended.
    if (result === 'failed')
      await this.#go(scope, node, node.op.kind === 'forerunners.alive' ? unused : byUndo);
    scope.underWay -= 1;
    if (scope.underWay === 0) await scope.heldUp?.();
  }

  /** A node does not start. What was begun before its turn goes as soon as nothing of it is under way. */
  holdUp(node: PlanNode): void {
    const scope = this.#scopeOf(node);
    if (scope !== null && this.isTurn(node)) this.#holdUp(scope, node, unused);
  }

  /** What is not complete goes as soon as nothing of it is under way: the new version is not to be had. */
  retreat(): void {
    for (const [name, scope] of this.#scopes) {
      if (this.#backScopes.has(name)) continue;
      const because = scope.begun.at(-1);
      if (because === undefined || scope.done === scope.nodes.length) continue;
      const hadItsTurn = scope.nodes.every((node) => !this.isTurn(node) || scope.begun.includes(node));
      this.#holdUp(scope, because, hadItsTurn ? byUndo : unused);
    }
  }

  /** When all is taken back that goes. */
  async over(): Promise<void> {
    await Promise.all(this.#going);
  }

  #scopeOf({ undoScope }: PlanNode): Scope | null {
    return undoScope === null ? null : (this.#scopes.get(undoScope) ?? null);
  }

  #holdUp(scope: Scope, because: PlanNode, back: typeof byUndo): void {
    if (scope.heldUp !== null) return;
    scope.heldUp = () => this.#go(scope, because, back);
    if (scope.underWay === 0) this.#going.push(scope.heldUp());
  }

  async #go(scope: Scope, because: PlanNode, back: typeof byUndo): Promise<void> {
    if (scope.isTakenBack) return;
    scope.isTakenBack = true;
    const operations = scope.begun.toReversed().flatMap(back);
    if (operations.length > 0) await this.#takeBack(because, operations);
  }
}

function blank(first: PlanNode): Scope {
  return { nodes: [first], begun: [], done: 0, underWay: 0, heldUp: null, isTakenBack: false };
}

function byUndo({ undo }: PlanNode): readonly Operation[] {
  return undo;
}

/** A container that was never asked has nothing to tell: it is not kept as one that failed. */
function unused({ op, undo }: PlanNode): readonly Operation[] {
  if (op.kind !== 'container.create') return undo;
  const { instance, generation } = op;
  return [{ kind: 'container.remove', target: { kind: 'created', instance, generation }, volumes: true }];
}
