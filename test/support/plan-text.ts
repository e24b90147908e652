import type { Plan } from '../../src/compiler/plan/plan.ts';

/** A whole plan, one line a change and a line a node, for literal comparison. */
export function planText(plan: Plan): string {
  const changes = plan.changes.map((change) => {
    const generations = change.from === change.to ? '' : ` ${change.from ?? '-'}→${change.to ?? '-'}`;
    const reasons = change.reasons
      .map((r) => `${r.kind} ${r.field} ${r.from ?? '-'}→${r.to ?? '-'}`)
      .join('; ');
    const waits = change.waitsFor.length > 0 ? ` <- ${change.waitsFor.join(', ')}` : '';
    return `${change.action} ${change.id}${generations}${reasons === '' ? '' : ` (${reasons})`}${waits}`;
  });
  const number = new Map(plan.nodes.map((node, i) => [node.id, i + 1]));
  const nodes = plan.nodes.map((node) => {
    const after = node.after.map((id) => number.get(id)).join(',');
    const undo = node.undo.length > 0 ? ` undo: ${node.undo.map((op) => op.kind).join(', ')}` : '';
    return `[${after}] #${number.get(node.id)} ${node.id}: ${node.op.kind}${undo}`;
  });
  return [...changes, '', ...nodes].join('\n');
}
