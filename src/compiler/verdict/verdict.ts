/** What a change does to requests. Texts are short clauses without a full stop; names stand in backticks. */
export type Verdict =
  | { readonly kind: 'zero-downtime'; readonly mechanism: string }
  /** `avoid`: what to change in the file. `lengthMs`: null where it cannot be told. */
  | {
      readonly kind: 'gap';
      readonly reason: string;
      readonly avoid: string;
      readonly lengthMs: number | null;
    }
  /** `must`: what has to hold, and nothing here can see. */
  | { readonly kind: 'unproven'; readonly must: string };

/** How many instances of the container serve at the least while it is done, and of how many. */
export interface Capacity {
  readonly lowest: number;
  readonly of: number;
}

/** Everything the plan says about requests and one change. */
export interface Judgement {
  /** The rule that decided: stable, for tests and JSON. */
  readonly rule: string;
  readonly verdict: Verdict;
  /** Null for what takes no connections. */
  readonly capacity: Capacity | null;
  /** Who is touched besides, and how; sorted as given. */
  readonly touches: readonly string[];
}
