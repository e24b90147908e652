import type { Diagnostic } from '../../compiler/diagnostic.ts';
import { causeOf } from '../../compiler/plan/cause.ts';
import { isPending, type Plan } from '../../compiler/plan/plan.ts';
import { worstKind } from '../../compiler/verdict/words.ts';
import { countActions } from './actions.ts';
import { diagnosticsJson } from './diagnostics-json.ts';
import { snakeCase } from './snake-case.ts';

/** The plan as one JSON value: the same facts that the human renderer gets, field names in snake_case. */
export function planJson(plan: Plan, diagnostics: readonly Diagnostic[], file: string | null): object {
  return {
    format_version: plan.formatVersion,
    stack: plan.stack,
    changes: plan.changes.map((change) => snakeCase({ ...change, cause: causeOf(change) })),
    nodes: plan.nodes.map(snakeCase),
    rolls: plan.rolls.map(snakeCase),
    hooks: plan.hooks.map(snakeCase),
    ...(plan.counts === undefined ? {} : { counts: plan.counts.map(snakeCase) }),
    ...(plan.noted === undefined ? {} : { noted: plan.noted }),
    summary: planSummary(plan),
    diagnostics: diagnosticsJson(diagnostics, file),
  };
}

/** The counts of a plan; `pending` is what `--detailed-exitcode` goes by. */
function planSummary(plan: Plan): object {
  return {
    pending: plan.changes.filter(isPending).length + (plan.noted === undefined ? 0 : 1),
    // The worst of all changes; null where none touches requests.
    requests: worstKind(plan.changes.flatMap(({ judgement }) => judgement?.verdict ?? [])),
    actions: Object.fromEntries(countActions(plan.changes)),
  };
}
