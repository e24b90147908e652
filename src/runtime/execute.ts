import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { Plan, PlanNode } from '../compiler/plan/plan.ts';
import type { AgentConnector } from './agent/agent-session.ts';
import type { Clock } from './clock.ts';
import { describeFailure } from './describe-failure.ts';
import type { Engine, RegistryAuth } from './engine.ts';
import { EngineError } from './engine.ts';
import { EventQueue } from './event-queue.ts';
import type { ExecutionEvent, Failure } from './execution-event.ts';
import { Performer } from './perform/performer.ts';
import { walk } from './walk.ts';

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
  /** Operations under way at the same time; default 10. */
  readonly parallelism?: number;
  /** Aborted: no further instance is begun; those under way are brought to their end. */
  readonly finish?: AbortSignal;
  /** Aborted: operations under way are given up where they stand. */
  readonly stop?: AbortSignal;
}

/**
 * Walks a plan. It decides nothing: it runs each node when those before it are done, and when one fails takes the
 * done nodes of its undo scope back, last first. Failures are events, never exceptions.
 */
export function execute(plan: Plan, options: ExecuteOptions): AsyncIterable<ExecutionEvent> {
  const events = new EventQueue<ExecutionEvent>();
  const run = new Execution(plan, options, (event) => events.push(event));
  run.walk().then(
    () => events.end(),
    (error: unknown) => events.fail(error),
  );
  return events;
}

class Execution {
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #emit: (event: ExecutionEvent) => void;
  readonly #performer: Performer;
  /** Nodes that have started, by undo scope, in the order of their starts. */
  readonly #begun = new Map<string, PlanNode[]>();
  readonly #groups = new Set<string>();

  constructor(plan: Plan, options: ExecuteOptions, emit: (event: ExecutionEvent) => void) {
    this.#plan = plan;
    this.#options = options;
    this.#emit = emit;
    this.#performer = new Performer(plan, options);
  }

  async walk(): Promise<void> {
    const { clock, parallelism = 10, finish, stop } = this.#options;
    const startedAt = clock.now();
    this.#emit({ type: 'started', atMs: startedAt, nodes: this.#plan.nodes.length });
    const outcome = await walk(this.#plan.nodes, {
      parallelism,
      run: (node) => this.#run(node),
      onSkip: (node, because) => this.#emit({ type: 'node-skipped', atMs: clock.now(), node, because }),
      mayStart: (node) =>
        stop?.aborted !== true &&
        (finish?.aborted !== true || this.#groups.has(node.group) || node.op.kind === 'checkpoint'),
    });
    this.#performer.close();
    const results = [...outcome.values()];
    const total = (wanted: (typeof results)[number]) => results.filter((r) => r === wanted).length;
    this.#emit({
      type: 'finished',
      atMs: clock.now(),
      tookMs: clock.now() - startedAt,
      done: total('done'),
      failed: total('failed'),
      skipped: this.#plan.nodes.length - total('done') - total('failed'),
      interrupted: finish?.aborted === true || stop?.aborted === true,
    });
  }

  async #run(node: PlanNode): Promise<boolean> {
    const { clock } = this.#options;
    if (node.op.kind === 'checkpoint') return true;
    this.#groups.add(node.group);
    const begunAt = clock.now();
    if (node.undoScope !== null) {
      const scope = this.#begun.get(node.undoScope);
      if (scope === undefined) this.#begun.set(node.undoScope, [node]);
      else scope.push(node);
    }
    this.#emit({ type: 'node-started', atMs: begunAt, node });
    try {
      const progress = (line: string) => this.#emit({ type: 'node-progress', atMs: clock.now(), node, line });
      const note = await this.#performer.perform(node.op, progress);
      this.#emit({ type: 'node-finished', atMs: clock.now(), node, tookMs: clock.now() - begunAt, note });
      return true;
    } catch (error) {
      const failure = await describeFailure(error, node.op, this.#options.engine, (op) =>
        this.#performer.idOf(op),
      );
      this.#emit({ type: 'node-failed', atMs: clock.now(), node, tookMs: clock.now() - begunAt, failure });
      // Told to stop at once: the operator wants the engine left alone. The next plan sees what is there.
      if (this.#options.stop?.aborted !== true) await this.#undo(node);
      return false;
    }
  }

  async #undo(failed: PlanNode): Promise<void> {
    if (failed.undoScope === null) return;
    const begun = this.#begun.get(failed.undoScope) ?? [];
    const operations = begun.toReversed().flatMap((node) => node.undo);
    if (operations.length === 0) return;
    const { clock } = this.#options;
    this.#emit({ type: 'undo-started', atMs: clock.now(), group: failed.group, because: failed.id });
    const failures: Failure[] = [];
    for (const op of operations) {
      try {
        await this.#performer.perform(op, () => {});
      } catch (error) {
        // What was never made, or is gone, needs no undo.
        if (error instanceof EngineError && error.kind === 'not-found') continue;
        failures.push(await describeFailure(error, op, this.#options.engine, () => null));
      }
    }
    this.#emit({ type: 'undo-finished', atMs: clock.now(), group: failed.group, failures });
  }
}
