import type { Edge } from '../../graph.ts';
import type { Range } from '../../span.ts';
import type { WrittenContainer } from '../container-spec.ts';
import type { Problems } from '../problems.ts';

/** One reference from a container to another. */
export type Hop = Edge<WrittenContainer, { readonly key: string; readonly range: Range }>;

/** Reports cycles hop by hop, each hop with its place. */
export function reportCycles(cycles: readonly (readonly Hop[])[], what: string, problems: Problems): void {
  for (const hops of cycles) {
    const [first, ...rest] = hops;
    if (first === undefined) continue;
    const names = [...hops.map((hop) => hop.from.name), first.from.name].join(' → ');
    const message =
      rest.length === 0
        ? `\`${first.from.name}\` needs itself (\`${first.label.key}\`)`
        : `${what} run in a circle: ${names}`;
    problems.error('STK306', message, first.label.range, {
      related: rest.map((hop) => ({
        range: hop.label.range,
        message: `\`${hop.from.name}\` needs \`${hop.to.name}\` (\`${hop.label.key}\`)`,
      })),
      help: 'one of them has to do without the other',
    });
  }
}
