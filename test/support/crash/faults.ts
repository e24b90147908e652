/**
 * What befalls an apply: `stack` is killed, its agent is killed, its connection to the engine is cut and nobody lets it in
 * again, the engine restarts.
 */
export const faults = ['kill', 'agent', 'cut', 'restart'] as const;
export type Fault = (typeof faults)[number];

/** `before`: the step never reaches the engine. `during`: it does, and nobody hears what came of it. */
export const sides = ['before', 'during'] as const;
export type Side = (typeof sides)[number];

/** What befalls which step. */
export interface Blow {
  readonly fault: Fault;
  readonly side: Side;
  /** The step, counted from one. */
  readonly at: number;
}
