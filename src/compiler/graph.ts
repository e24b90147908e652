/** A directed edge: `from` needs `to` first. `label` travels along, for messages. */
export interface Edge<N, L> {
  readonly from: N;
  readonly to: N;
  readonly label: L;
}

/** An order in which everything comes after what it needs, and the cycles that were cut to get one. */
export interface Sorted<N, L> {
  readonly order: readonly N[];
  /** Each as its hops, the last one back to where the first starts. */
  readonly cycles: readonly (readonly Edge<N, L>[])[];
}

/**
 * Sorts so that everything comes after what it needs. Otherwise the given order stands: each node comes as early as
 * the first that was given needs it. Walks depth first on a stack of its own, so that a long chain cannot overflow the
 * program's. Linear in nodes and edges.
 */
export function topologicalSort<N, L>(
  nodes: Iterable<N>,
  needs: (node: N) => readonly Edge<N, L>[],
): Sorted<N, L> {
  const done = new Set<N>();
  // Nodes on the way to the present one, with their places in `path`.
  const open = new Map<N, number>();
  const order: N[] = [];
  const cycles: (readonly Edge<N, L>[])[] = [];
  for (const root of nodes) {
    if (done.has(root)) continue;
    const path: { readonly node: N; readonly edges: readonly Edge<N, L>[]; next: number }[] = [];
    const enter = (node: N) => {
      open.set(node, path.length);
      path.push({ node, edges: needs(node), next: 0 });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = top.edges[top.next++];
      if (edge === undefined) {
        path.pop();
        open.delete(top.node);
        done.add(top.node);
        order.push(top.node);
        continue;
      }
      const start = open.get(edge.to);
      if (start !== undefined) {
        // The edge just taken in every node from there on is a hop of the cycle.
        const hops = path.slice(start).flatMap((step) => step.edges[step.next - 1] ?? []);
        cycles.push(hops);
      } else if (!done.has(edge.to)) {
        enter(edge.to);
      }
    }
  }
  return { order, cycles };
}
