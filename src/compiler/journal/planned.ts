import type { Plan } from '../plan/plan.ts';
import type { PlanRecord } from './record.ts';

/** Operations of one line, so that no line is too long for the agent. */
const OPERATIONS_A_LINE = 100;

/** A plan as the journal keeps it, in as many parts as it takes. */
export function plannedRecords(
  apply: string,
  { changes, nodes }: Pick<Plan, 'changes' | 'nodes'>,
): readonly PlanRecord[] {
  const operations = nodes
    .filter(({ op }) => op.kind !== 'checkpoint')
    .map(({ id, group, op }) => ({ id: String(id), group, op }));
  const planned = changes
    .filter(({ action }) => action !== 'none')
    .map(({ id, action, from, to, reasons }) => ({
      id,
      action,
      from,
      to,
      fields: reasons.map(({ field }) => field),
    }));
  const parts: PlanRecord[] = [];
  for (let at = 0; at < Math.max(1, operations.length, planned.length); at += OPERATIONS_A_LINE) {
    const end = at + OPERATIONS_A_LINE;
    parts.push({
      type: 'plan',
      apply,
      changes: planned.slice(at, end),
      operations: operations.slice(at, end),
    });
  }
  return parts;
}
