import type { DesiredContainer, DesiredInstance, Gate } from '../compiler/desired/desired-state.ts';
import type { RecordedSpec } from '../compiler/desired/instance-spec.ts';
import type { ObservedContainer } from '../compiler/observed/observed-state.ts';
import { compare } from '../compiler/reconcile/compare.ts';
import { filledGate } from '../runtime/gate/filled-gate.ts';

/** What the file says of an instance. */
export interface Wanted {
  readonly container: DesiredContainer;
  readonly instance: DesiredInstance;
}

/**
 * What a generation is asked when somebody looks at it: the file's question where it is as the file says, else its own, since
 * it listens where it was made to and not where its successor will. Commands are never recorded (they may hold secrets): the
 * file's serves for both. Null: nothing.
 */
export function askedGate(
  container: ObservedContainer,
  recorded: RecordedSpec,
  wanted: Wanted | undefined,
): Gate | null {
  if (wanted === undefined || container.phase !== 'current') return recorded.gate ?? null;
  const gate = filledGate(wanted.instance, container.generation);
  const { replace, reload } = compare(wanted.container, wanted.instance, container);
  const isAsWritten = replace.length === 0 && reload === null;
  // Labels of earlier versions do not tell.
  if (isAsWritten || recorded.gate === undefined) return gate;
  return recorded.gate === null && gate.kind === 'command' ? gate : recorded.gate;
}
