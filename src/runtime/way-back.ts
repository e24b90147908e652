import { groupBy } from '../compiler/group-by.ts';
import type { Operation } from '../compiler/plan/operation.ts';
import type { Plan, PlanNode } from '../compiler/plan/plan.ts';

/** Takes operations back, in order; `node` is the one that failed, or did not get its turn. Never rejects. */
export type TakeBack = (node: PlanNode, operations: readonly Operation[]) => Promise<void>;

interface HeldUp {
  readonly because: PlanNode;
  readonly back: (node: PlanNode) => readonly Operation[];
}

/**
 * What has begun in each undo scope, and its way back: last first, and once. A scope goes back when one of its nodes fails,
 * when it was begun before its turn and does not get it, and in a retreat.
 */
export class WayBack {
  readonly #takeBack: TakeBack;
  /** Nodes at which a scope that may begin before its turn waits for others. */
  readonly #turns: ReadonlySet<PlanNode>;
  readonly #scopes: ReadonlyMap<string, readonly PlanNode[]>;
  readonly #begun = new Map<string, PlanNode[]>();
  readonly #done = new Map<string, number>();
  readonly #underWay = new Map<string, number>();
  readonly #heldUp = new Map<string, HeldUp>();
  readonly #takenBack = new Set<string>();
  readonly #going: Promise<void>[] = [];

  constructor({ nodes }: Plan, takeBack: TakeBack) {
    this.#takeBack = takeBack;
    this.#scopes = groupBy(
      nodes.filter(({ undoScope }) => undoScope !== null),
      ({ undoScope }) => undoScope ?? '',
    );
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
    if (result === 'done') this.#done.set(scope, (this.#done.get(scope) ?? 0) + 1);
    if (result === 'failed') await this.#go(node, ({ undo }) => undo);
    this.#underWay.set(scope, (this.#underWay.get(scope) ?? 1) - 1);
    await this.#goOnceQuiet(scope);
  }

  /** A node does not start. What was begun before its turn goes as soon as nothing of it is under way. */
  holdUp(node: PlanNode): void {
    const { undoScope: scope } = node;
    if (scope !== null && this.isTurn(node)) this.#holdUp(scope, { because: node, back: unused });
  }

  /** What is not complete goes as soon as nothing of it is under way: the new version is not to be had. */
  retreat(): void {
    for (const [scope, begun] of this.#begun) {
      const all = this.#scopes.get(scope) ?? [];
      const because = begun.at(-1);
      if (because === undefined || this.#done.get(scope) === all.length) continue;
      const hadItsTurn = all.every((node) => !this.isTurn(node) || begun.includes(node));
      this.#holdUp(scope, { because, back: hadItsTurn ? ({ undo }) => undo : unused });
    }
  }

  /** When all is taken back that goes. */
  async over(): Promise<void> {
    await Promise.all(this.#going);
  }

  #holdUp(scope: string, heldUp: HeldUp): void {
    if (this.#heldUp.has(scope)) return;
    this.#heldUp.set(scope, heldUp);
    this.#going.push(this.#goOnceQuiet(scope));
  }

  async #goOnceQuiet(scope: string): Promise<void> {
    const heldUp = this.#heldUp.get(scope);
    if (heldUp !== undefined && (this.#underWay.get(scope) ?? 0) === 0)
      await this.#go(heldUp.because, heldUp.back);
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
