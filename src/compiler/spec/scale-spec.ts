import type { Timetable } from '../cron/calendar.ts';
import type { Range } from '../span.ts';
import type { Reference } from './container-spec.ts';
import type { Template } from './template.ts';

/** How the number of a container's instances follows load or time, as written or by default (ADR 0024). */
export interface ScaleSpec {
  /** Of `scale` in the file. */
  readonly range: Range;
  /** 1 to `max`. */
  readonly min: number;
  /** `min` to 1000. */
  readonly max: number;
  /** Of the value of `max`. */
  readonly maxRange: Range;
  readonly sources: readonly ScaleSource[];
  readonly pace: ScalePace;
  readonly schedule: readonly ScaleHours[];
}

/** How fast the number follows. */
export interface ScalePace {
  readonly up: ScaleStep;
  readonly down: ScaleStep;
  /** Between a change, by whomever, and the next; 0 to a day. */
  readonly cooldownMs: number;
}

/** One direction. */
export interface ScaleStep {
  /** Instances at once, at least 1. */
  readonly step: number;
  /** How long the load must have asked for it without a break; 0: one look is enough. */
  readonly afterMs: number;
}

/** Limits that hold from a time on, until those of the next; always within the container's own. */
export interface ScaleHours {
  readonly when: Timetable;
  readonly min: number;
  readonly max: number;
}

/** Something that is measured, and how much of it one instance is to have. */
export type ScaleSource = {
  /** Above 0. */
  readonly target: number;
  readonly range: Range;
} & (
  | { readonly kind: 'cpu' }
  | { readonly kind: 'memory' }
  /** Null: the container's own `balancer`. */
  | { readonly kind: 'requests'; readonly balancer: Reference | null }
  | { readonly kind: 'waiting'; readonly balancer: Reference | null }
  | {
      readonly kind: 'lists';
      readonly redis: Reference;
      readonly lists: readonly string[];
      readonly port: number | null;
      readonly password: Template | null;
    }
  /** `container` null: the container itself. */
  | {
      readonly kind: 'command';
      readonly container: Reference | null;
      readonly command: readonly Template[];
      readonly timeoutMs: number;
    }
);
