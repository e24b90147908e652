import type { Operation } from './operation.ts';
import type { NodeId, PlanNode } from './plan.ts';

/** What a node may leave out. */
export interface NodeExtras {
  readonly undoScope?: string;
  readonly undo?: readonly Operation[];
  readonly destructive?: boolean;
  readonly follows?: readonly NodeId[];
}

/** Collects nodes; every `after` must have been added before, so the order of adding is an order of running. */
export class PlanBuilder {
  readonly #nodes: PlanNode[] = [];
  readonly #ids = new Set<string>();

  get nodes(): readonly PlanNode[] {
    return this.#nodes;
  }

  add(
    group: string,
    verb: string,
    op: Operation,
    after: readonly NodeId[],
    reason: string,
    extras: NodeExtras = {},
  ): NodeId {
    let id = nodeId(`${group} ${verb}`);
    for (let n = 2; this.#ids.has(id); n++) id = nodeId(`${group} ${verb} ${n}`);
    this.#ids.add(id);
    this.#nodes.push({
      id,
      op,
      after: [...new Set(after)],
      group,
      reason,
      destructive: extras.destructive ?? false,
      undoScope: extras.undoScope ?? null,
      undo: extras.undo ?? [],
      ...(extras.follows === undefined ? {} : { follows: extras.follows }),
    });
    return id;
  }

  /** One node to wait for instead of many: itself when there is only one. */
  join(group: string, name: string, nodes: readonly NodeId[]): readonly NodeId[] {
    if (nodes.length <= 1) return nodes;
    return [
      this.add(
        group,
        name,
        { kind: 'checkpoint', name: `${group} ${name}` },
        nodes,
        `${nodes.length} before it`,
      ),
    ];
  }
}

function nodeId(text: string): NodeId {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where the brand is made
  return text as NodeId;
}
