import { canonicalJson } from '../desired/canonical-json.ts';
import type { RecordedSpec } from '../desired/instance-spec.ts';
import { labels } from '../labels.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';

/** One container of a record: which it is, what it is of the stack, and how it was made. */
export interface Adopted {
  readonly id: string;
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly spec: RecordedSpec;
}

/** The labels of a record (ADR 0018): all that was adopted together, so that one call makes it all part of the stack. */
export function recordLabels(
  stack: string,
  adopted: readonly ObservedContainer[],
): Readonly<Record<string, string>> {
  const entries = adopted.flatMap(({ id, application, container, instance, spec }): readonly Adopted[] =>
    spec === null ? [] : [{ id, application, container, instance, spec }],
  );
  return {
    [labels.stack]: stack,
    [labels.role]: 'adopted',
    [labels.adopted]: canonicalJson({ version: 1, containers: entries }),
  };
}
