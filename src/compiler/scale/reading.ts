/** What was measured of one source at one look. */
export interface Reading {
  /** Of it for one instance, above 0. */
  readonly target: number;
  /** All of it, over all instances that serve and were measured; null: it could not be measured. */
  readonly total: number | null;
  /** Instances that serve and were not measured. */
  readonly missing: number;
}

/** One look at a container. */
export interface Look {
  readonly atMs: number;
  /** Instances that it is to have now. */
  readonly count: number;
  /** Of these, how many serve. */
  readonly serving: number;
  /** In the order of its sources. */
  readonly readings: readonly Reading[];
}

/**
 * How many instances a look asks for. `up`: by what is known; null: nothing is. `down`: what would do for certain, which is never
 * fewer than there are while something is not known, or somebody is still starting.
 */
export interface Want {
  readonly atMs: number;
  readonly up: number | null;
  readonly down: number;
}

/** What a look asks for: of several sources the one that wants the most. What is above its target by no more than `tolerance` is at it. */
export function wantOf({ atMs, count, serving, readings }: Look, tolerance: number): Want {
  const known = readings.flatMap(({ target, total, missing }) =>
    total === null
      ? []
      : [
          {
            up: wanted(total, target, count, tolerance),
            // Whoever was not measured may have as much to do as anybody.
            down: wanted(total + missing * target, target, count, tolerance),
          },
        ],
  );
  if (known.length === 0) return { atMs, up: null, down: count };
  const up = Math.max(...known.map((each) => each.up));
  const down = Math.max(...known.map((each) => each.down));
  const isSure = known.length === readings.length && serving >= count;
  return { atMs, up, down: isSure ? down : Math.max(down, count) };
}

/** Ten times 0.1 is not 1. */
const ROUNDING = 1e-9;

function wanted(total: number, target: number, count: number, tolerance: number): number {
  const ratio = total / (target * count);
  // Downwards it takes room for all of it without one: that is distance enough from the way up.
  return ratio > 1 && ratio <= 1 + tolerance + ROUNDING ? count : Math.ceil(total / target - ROUNDING);
}
