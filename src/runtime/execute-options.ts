import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { BuildWorld } from './build/build-image.ts';
import type { AgentConnector } from './agent/agent-session.ts';
import type { Clock } from './clock.ts';
import type { Engine, RegistryAuth } from './engine.ts';
import type { HookWorld } from './hooks/run-hook.ts';
import type { LeaseOptions } from './lease/apply-lease.ts';
import type { JournalOptions } from './journal/apply-journal.ts';
import type { KeepOptions } from './revisions/revision-keeper.ts';

/** What a plan is executed with. */
export interface ExecuteOptions {
  /** Null for a plan that creates nothing (destroy). */
  readonly desired: DesiredState | null;
  readonly engine: Engine;
  readonly agents: AgentConnector;
  /** Builds the agent's image; needed only by plans that do. */
  readonly buildAgent: (onOutput: (line: string) => void) => Promise<void>;
  /** Credentials for a pull, by image reference. */
  readonly auth: (reference: string) => Promise<RegistryAuth | null>;
  readonly clock: Clock;
  /** Masked in whatever containers, the engine and the agent have written; absent: none is known. */
  readonly secrets?: readonly string[];
  /** Absent: anybody else may change the stack meanwhile. */
  readonly lease?: LeaseOptions;
  /** Absent: nothing is recorded. */
  readonly journal?: JournalOptions;
  /** Absent: nothing is kept to go back by. */
  readonly keep?: KeepOptions;
  /** Where hooks are run; absent: the plan has none. */
  readonly hooks?: HookWorld;
  /** Where images are built; absent: the plan builds none. */
  readonly builds?: BuildWorld;
  /** Operations under way at the same time; default 10. */
  readonly parallelism?: number;
  /** Aborted: no further instance is begun; those under way are brought to their end. */
  readonly finish?: AbortSignal;
  /** Aborted, with `finish`: instances that are not replaced by then are taken back instead. */
  readonly retreat?: AbortSignal;
  /** Aborted: operations under way are given up where they stand. */
  readonly stop?: AbortSignal;
}
