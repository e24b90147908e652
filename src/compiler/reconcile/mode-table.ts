import type { DeployMode } from '../desired/desired-state.ts';

/**
 * Where an instance stands. `differs` wins over `reload` (only files that a running program reads again differ),
 * that over `adjust` (only what is changed in place differs), and all over
 * `paused` and `stopped`, which are about a container that is as the file says.
 */
export type Status =
  | 'missing'
  | 'same'
  | 'adjust'
  | 'reload'
  | 'stopped'
  | 'paused'
  | 'differs'
  | 'differs-stopped';

/** What is done about it. */
export type Decision =
  | 'create'
  | 'leave'
  | 'update'
  | 'reload'
  | 'start'
  | 'unpause'
  | 'replace'
  | 'hold'
  | 'start-held';

/** Decisions by which a container is started. */
export const STARTING: ReadonlySet<Decision> = new Set(['create', 'replace', 'start', 'start-held']);

/** Deploy mode × status → decision. `--include` reads the `auto` row for a `manual` container. */
export const modeTable: Readonly<Record<Exclude<DeployMode, 'cron'>, Readonly<Record<Status, Decision>>>> = {
  auto: {
    missing: 'create',
    same: 'leave',
    adjust: 'update',
    reload: 'reload',
    stopped: 'start',
    paused: 'unpause',
    differs: 'replace',
    'differs-stopped': 'replace',
  },
  manual: {
    missing: 'create',
    same: 'leave',
    adjust: 'hold',
    reload: 'hold',
    stopped: 'start',
    paused: 'unpause',
    differs: 'hold',
    'differs-stopped': 'start-held',
  },
};

/** What is decided about a generation that runs and goes on; every other one is published by its start. */
export const STAYING: ReadonlySet<Decision> = new Set(['leave', 'update', 'reload', 'unpause', 'hold']);
