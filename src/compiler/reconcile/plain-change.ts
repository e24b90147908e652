import type { Action, Change, Reason, Subject } from '../plan/plan.ts';

/** A change without generations. */
export function plainChange(
  id: string,
  subject: Subject,
  action: Action,
  reasons: readonly Reason[],
  notes: readonly string[] = [],
): Change {
  return {
    id,
    subject,
    action,
    reasons,
    from: null,
    to: null,
    strategy: null,
    gate: null,
    makes: null,
    waitsFor: [],
    notes,
    judgement: null,
  };
}
