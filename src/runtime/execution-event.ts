import type { Operation } from '../compiler/plan/operation.ts';
import type { Holder } from './agent/agent-session.ts';
import type { NodeId, PlanNode } from '../compiler/plan/plan.ts';

/** Everything that happens while a plan is walked; renderers need nothing else. `atMs` is the clock's, `tookMs` elapsed. */
export type ExecutionEvent =
  | { readonly type: 'started'; readonly atMs: number; readonly nodes: number }
  | { readonly type: 'node-started'; readonly atMs: number; readonly node: PlanNode }
  /** What an operation tells on its way: a pull's progress, a migration's output, why a gate is not passed yet. */
  | { readonly type: 'node-progress'; readonly atMs: number; readonly node: PlanNode; readonly line: string }
  | {
      readonly type: 'node-finished';
      readonly atMs: number;
      readonly node: PlanNode;
      readonly tookMs: number;
      readonly note: string | null;
    }
  | {
      readonly type: 'node-failed';
      readonly atMs: number;
      readonly node: PlanNode;
      readonly tookMs: number;
      readonly failure: Failure;
    }
  /** Given up in the middle when told to stop; how far it came, only the engine knows. */
  | {
      readonly type: 'node-stopped';
      readonly atMs: number;
      readonly node: PlanNode;
      readonly tookMs: number;
    }
  /** `because` is the failed node that it waited for, directly or not. */
  | {
      readonly type: 'node-skipped';
      readonly atMs: number;
      readonly node: PlanNode;
      readonly because: NodeId;
    }
  /** A container has failed: what was replaced of it goes back, in this order. */
  | {
      readonly type: 'back-started';
      readonly atMs: number;
      readonly container: string;
      /** Their ids. */
      readonly changes: readonly string[];
    }
  | { readonly type: 'undo-started'; readonly atMs: number; readonly group: string; readonly because: NodeId }
  | {
      readonly type: 'undo-finished';
      readonly atMs: number;
      readonly group: string;
      /** What was really done, in order: a container that never ran was not stopped. */
      readonly done: readonly Operation[];
      readonly failures: readonly Failure[];
    }
  /** The lock is held, and it is written down that this begins: all but what the agent needs comes after that. */
  | { readonly type: 'begun'; readonly atMs: number; readonly revision: number | null }
  /** Nothing was done: somebody else changes the stack (`holder`), or has changed it since the plan was made (null). */
  | { readonly type: 'locked'; readonly atMs: number; readonly holder: Holder | null }
  /** The lock was taken away: nothing more is begun. */
  | { readonly type: 'lock-lost'; readonly atMs: number; readonly holder: Holder | null }
  /** Nothing was done, since the journal cannot be begun; `why` for people. */
  | { readonly type: 'not-begun'; readonly atMs: number; readonly why: string }
  /** Nothing was done, since it would fail: what is wrong, a sentence each. */
  | { readonly type: 'not-ready'; readonly atMs: number; readonly problems: readonly string[] }
  /** The journal lacks operations of this apply; `why` for people. */
  | { readonly type: 'journal-lost'; readonly atMs: number; readonly why: string }
  /** The apply goes on, and cannot be gone back to, or gone on with by `stack resume`; `why` for people. */
  | { readonly type: 'not-kept'; readonly atMs: number; readonly why: string }
  | {
      readonly type: 'finished';
      readonly atMs: number;
      readonly tookMs: number;
      readonly done: number;
      readonly failed: number;
      readonly skipped: number;
      readonly interrupted: boolean;
    };

/** A failed operation. */
export interface Failure {
  readonly message: string;
  /** The engine's own words, where the message has better ones. */
  readonly detail: string | null;
  readonly help: string | null;
  /** The container's last lines where they help. */
  readonly log: readonly string[];
}
