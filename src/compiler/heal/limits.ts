/** How patient healing is; every span in milliseconds. */
export interface HealLimits {
  /** From a sign that something broke to the healing: `docker restart`, a rename. At most 1 s until it is seen. */
  readonly settleMs: number;
  /** After the engine came up: it starts by itself what its policies say. */
  readonly engineGraceMs: number;
  /** How long the engine may call one unhealthy, beyond its own retries. */
  readonly unhealthyMs: number;
  /** So many ends within `loopMs` are a loop, whatever the engine's own policy makes of them. */
  readonly loopEnds: number;
  readonly loopMs: number;
  /** Between a healing and the next of the same instance: doubled each time, up to `longestMs`. */
  readonly backoffMs: number;
  readonly longestMs: number;
  /** So many healings within `quietMs`, and it is left alone until it has been quiet that long, or is applied. */
  readonly most: number;
  readonly quietMs: number;
  /** While somebody else changes the stack, and where nothing says what should run. */
  readonly lockedMs: number;
}

export const HEAL_LIMITS: HealLimits = {
  settleMs: 500,
  engineGraceMs: 15_000,
  unhealthyMs: 30_000,
  loopEnds: 10,
  loopMs: 10 * 60_000,
  backoffMs: 10_000,
  longestMs: 5 * 60_000,
  most: 5,
  quietMs: 60 * 60_000,
  lockedMs: 5_000,
};
