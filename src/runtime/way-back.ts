import type { Operation } from '../compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../compiler/plan/plan.ts';

/** Takes operations back, in order; `node` is the one that failed, or did not get its turn. Never rejects. */
export type TakeBack = (node: PlanNode, operations: readonly Operation[]) => Promise<void>;

/**
 * What has begun in each undo scope, and its way back: last first, and once. A scope goes back when one of its nodes fails,
 * or when it was begun before its turn and does not get it.
 */
export class WayBack {
  readonly #takeBack: TakeBack;
  /** Nodes at which a scope that may begin before its turn waits for others. */
  readonly #turns: ReadonlySet<PlanNode>;
  readonly #begun = new Map<string, PlanNode[]>();
  readonly #underWay = new Map<string, number>();
  readonly #heldUp = new Map<string, PlanNode>();
  readonly #takenBack = new Set<string>();
  readonly #going: Promise<void>[] = [];

  constructor({ nodes }: Plan, takeBack: TakeBack) {
    this.#takeBack = takeBack;
    const groupOf = new Map(nodes.map(({ id, group }) => [id, group]));
    this.#turns = new Set(
      nodes.filter(
        ({ undoScope, group, after }) => undoScope !== null && after.some((id) => groupOf.get(id) !== group),
      ),
    );
  }

  /** Whether a node waits for others than its own instance. */
  isTurn(node: PlanNode): boolean {
    return this.#turns.has(node);
  }

  /** Whether nothing more of the node's scope is to start. */
  isHeldUp({ undoScope }: PlanNode): boolean {
    return undoScope !== null && this.#heldUp.has(undoScope);
  }

  /** A node is about to run. */
  begin(node: PlanNode): void {
    const { undoScope: scope } = node;
    if (scope === null) return;
    this.#begun.set(scope, [...(this.#begun.get(scope) ?? []), node]);
    this.#underWay.set(scope, (this.#underWay.get(scope) ?? 0) + 1);
  }

  /** A node is over; a failed one takes its scope back. */
  async end(node: PlanNode, result: 'done' | 'failed' | 'left'): Promise<void> {
    const { undoScope: scope } = node;
    if (scope === null) return;
    if (result === 'failed') await this.#go(node, ({ undo }) => undo);
    this.#underWay.set(scope, (this.#underWay.get(scope) ?? 1) - 1);
    const turn = this.#heldUp.get(scope);
    if (turn !== undefined) await this.#goUnused(turn);
  }

  /** A node does not start. What was begun before its turn goes as soon as nothing of it is under way. */
  holdUp(node: PlanNode): void {
    const { undoScope: scope } = node;
    if (scope === null || !this.isTurn(node) || this.#heldUp.has(scope)) return;
    this.#heldUp.set(scope, node);
    this.#going.push(this.#goUnused(node));
  }

  /** When all is taken back that goes. */
  async over(): Promise<void> {
    await Promise.all(this.#going);
  }

  async #goUnused(turn: PlanNode): Promise<void> {
    if ((this.#underWay.get(turn.undoScope ?? '') ?? 0) === 0) await this.#go(turn, unused);
  }

  async #go(because: PlanNode, back: (node: PlanNode) => readonly Operation[]): Promise<void> {
    const { undoScope: scope } = because;
    if (scope === null || this.#takenBack.has(scope)) return;
    this.#takenBack.add(scope);
    const operations = (this.#begun.get(scope) ?? []).toReversed().flatMap(back);
    if (operations.length > 0) await this.#takeBack(because, operations);
  }
}

/** A container that was never asked has nothing to tell: it is not kept as one that failed. */
function unused({ op, undo }: PlanNode): readonly Operation[] {
  if (op.kind !== 'container.create') return undo;
  const { instance, generation } = op;
  return [{ kind: 'container.remove', target: { kind: 'created', instance, generation }, volumes: true }];
}
