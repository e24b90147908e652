import type { Remark, Value } from './value.ts';

/** A container's entry without its references to others, in the order in which it is written. */
export interface Description {
  readonly fields: ReadonlyMap<string, Value>;
  readonly remarks: readonly Remark[];
}
