import type { DocumentNode } from '../../source/document.ts';
import type { Range } from '../../span.ts';
import type { StrategySpec } from '../container-spec.ts';
import type { Reader } from './reader.ts';

const ORDERS = ['auto', 'start-first', 'stop-first'] as const;

/** Reads `strategy`; absent it is `auto`, one instance at a time. `range` is the container's. */
export function readStrategy(node: DocumentNode | undefined, range: Range, reader: Reader): StrategySpec {
  if (node?.kind === 'scalar') {
    return { order: reader.choice(node, ORDERS, 'auto'), range: node.range, batch: 1, surge: null };
  }
  const fields = reader.fields(node);
  const order = fields.get('order')?.value;
  return {
    order: reader.choice(order, ORDERS, 'auto'),
    range: order?.range ?? node?.range ?? range,
    batch: reader.integer(fields.get('batch')?.value, 1, 1000) ?? 1,
    surge: reader.integer(fields.get('surge')?.value, 0, 1000),
  };
}
