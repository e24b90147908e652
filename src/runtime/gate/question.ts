/**
 * What one try brought. `answer` comes from the program itself, `error` from the way to it; `words` says it to
 * people (`503 from GET /ping`, `ECONNREFUSED`).
 */
export interface Answer {
  readonly good: boolean;
  readonly kind: 'answer' | 'error';
  readonly words: string;
}

/** What a gate asks again and again. Times in milliseconds. */
export interface Question {
  /** From one try's start to the next one's; a longer try is followed at once. */
  readonly intervalMs: number;
  readonly limitMs: number;
  /** Good answers without another between them. */
  readonly inARow: number;
  /** One try, of at most `limitMs`. Rejects only when asking again makes no sense. */
  readonly ask: (limitMs: number, signal: AbortSignal) => Promise<Answer>;
  /** Lets go of what tries have left open. */
  readonly close: () => void;
}
