/** How patient scaling is beyond what the file says; spans in milliseconds. */
export interface ScaleLimits {
  /** From one look to the next. */
  readonly sampleMs: number;
  /** As a part of the target: what is above it by no more is at it. */
  readonly tolerance: number;
  /** After a change that failed: doubled each time, up to `longestMs`. */
  readonly backoffMs: number;
  readonly longestMs: number;
  /** While somebody else changes the stack. */
  readonly lockedMs: number;
  /** The longest wait before an instance goes again, after steps down that had to be taken back. */
  readonly regretMs: number;
}

export const SCALE_LIMITS: ScaleLimits = {
  sampleMs: 15_000,
  tolerance: 0.1,
  backoffMs: 30_000,
  longestMs: 30 * 60_000,
  lockedMs: 15_000,
  regretMs: 60 * 60_000,
};
