/** What a change does to requests. Texts are short clauses without a full stop; names stand in backticks. */
export type Verdict =
  | { readonly kind: 'zero-downtime'; readonly mechanism: string }
  /** `avoid`: what to change in the file. */
  | {
      readonly kind: 'gap';
      readonly reason: string;
      readonly avoid: string;
      readonly length: GapLength;
    }
  /** `must`: what has to hold, and nothing here can see. */
  | { readonly kind: 'unproven'; readonly must: string };

/** How long a gap lasts, as clients see it. */
export type GapLength =
  /** `by`: where that is known from (`as measured at the last apply`). */
  | { readonly kind: 'about'; readonly ms: number; readonly by: string }
  /** Requests under way are cut off; who comes a moment later is served. */
  | { readonly kind: 'instant' }
  /** It does not end by itself. */
  | { readonly kind: 'lasting'; readonly until: string }
  /** Not measured yet, and bounded by `parts`. `measured`: the next apply does. */
  | {
      readonly kind: 'at-most';
      readonly ms: number;
      readonly parts: readonly { readonly ms: number; readonly what: string }[];
      readonly measured: boolean;
    };

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
