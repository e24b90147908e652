import { setMaxListeners } from 'node:events';

import type { Told } from '../compiler/journal/record.ts';
import type { Operation } from '../compiler/plan/operation.ts';
import type { BackTurn, NodeId, Plan, PlanNode, Roll } from '../compiler/plan/plan.ts';
import { ApplyFrame, type Progress } from './apply-frame.ts';
import { describeFailure } from './describe-failure.ts';
import { EngineError } from './engine.ts';
import { EventQueue } from './event-queue.ts';
import type { ExecutionEvent, Failure } from './execution-event.ts';
import type { Ended } from './journal/apply-journal.ts';
import { maskSecrets, type Mask } from './mask-secrets.ts';
import { Performer } from './perform/performer.ts';
import { Sessions } from './perform/sessions.ts';
import { never } from './perform/readiness.ts';
import { isWait, Rolls } from './rolls.ts';
import { WayBack } from './way-back.ts';
import { walk, type Outcome } from './walk.ts';
import type { ExecuteOptions } from './execute-options.ts';

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
  readonly #sessions: Sessions;
  readonly #frame: ApplyFrame;
  readonly #results = { done: 0, failed: 0 };
  #startedAt = 0;
  readonly #mask: Mask;
  readonly #groups = new Set<string>();
  readonly #wayBack: WayBack;
  readonly #rolls: Rolls;
  /** Containers that are going back. */
  readonly #goings: Promise<void>[] = [];
  readonly #backOutcome = new Map<NodeId, Outcome>();
  readonly #backNodes: PlanNode[] = [];

  constructor(plan: Plan, options: ExecuteOptions, emit: (event: ExecutionEvent) => void) {
    this.#plan = plan;
    this.#options = options;
    this.#emit = emit;
    this.#mask = maskSecrets(options.secrets ?? [], options.desired);
    this.#sessions = new Sessions(options.agents, options.engine, options.clock);
    this.#performer = new Performer(plan, options, this.#sessions);
    this.#wayBack = new WayBack(plan, (node, operations) => this.#takeBack(node, operations));
    this.#rolls = new Rolls(plan, (turns, roll) => {
      this.#goings.push(this.#goBack(turns, roll));
    });
    this.#frame = new ApplyFrame(plan, options, {
      sessions: this.#sessions,
      emit,
      mask: this.#mask,
      onLost: () => this.#rolls.cutAll(),
    });
  }

  async walk(): Promise<void> {
    const { clock, parallelism = 10, finish, stop } = this.#options;
    // One listener for each operation under way, which are as many as there are instances that are watched.
    for (const signal of [finish, stop]) if (signal !== undefined) setMaxListeners(0, signal);
    const startedAt = clock.now();
    this.#startedAt = startedAt;
    this.#emit({ type: 'started', atMs: startedAt, nodes: this.#plan.nodes.length });
    this.#performer.open();
    await this.#frame.open();
    const retreat = () => {
      this.#wayBack.retreat();
      this.#rolls.retreat();
    };
    this.#options.retreat?.addEventListener('abort', retreat, { once: true });
    const cut = () => this.#rolls.cutAll();
    for (const signal of [finish, stop]) signal?.addEventListener('abort', cut, { once: true });
    const outcome = await walk(this.#plan.nodes, {
      parallelism,
      isWait,
      run: (node) => this.#run(node),
      onSkip: (node, because) => {
        this.#emit({ type: 'node-skipped', atMs: clock.now(), node, because });
        this.#wayBack.holdUp(node);
      },
      mayStart: (node) => this.#mayStart(node),
      onOver: (node, result) => this.#rolls.over(node, result),
    });
    for (let known = -1; known !== this.#goings.length; ) {
      known = this.#goings.length;
      await Promise.all(this.#goings);
    }
    this.#options.retreat?.removeEventListener('abort', retreat);
    await this.#wayBack.over();
    const results = [...outcome.values(), ...this.#backOutcome.values()];
    await this.#frame.close(outcome, this.#progress);
    this.#sessions.close();
    const total = (wanted: (typeof results)[number]) => results.filter((r) => r === wanted).length;
    this.#emit({
      type: 'finished',
      atMs: clock.now(),
      tookMs: clock.now() - startedAt,
      done: total('done'),
      // Nothing that was asked for came about.
      failed: total('failed') + (this.#frame.isClosed ? 1 : 0),
      skipped: this.#plan.nodes.length + this.#backNodes.length - total('done') - total('failed'),
      interrupted: finish?.aborted === true || stop?.aborted === true,
    });
  }

  get #progress(): Progress {
    const all = [...this.#plan.nodes, ...this.#backNodes].filter(({ op }) => op.kind !== 'checkpoint').length;
    return { ...this.#results, all, startedAt: this.#startedAt };
  }

  /** The id of what has failed: this one is skipped for it. */
  #mayStart(node: PlanNode): boolean | NodeId {
    if (this.#frame.isClosed || this.#isStopped) return false;
    const failed = this.#rolls.heldBy(node);
    if (this.#wayBack.isHeldUp(node) || this.#rolls.isMoot(node)) return failed ?? false;
    const isEnding = this.#options.finish?.aborted === true && node.op.kind !== 'checkpoint';
    if (!isEnding && failed === null) return true;
    this.#wayBack.holdUp(node);
    const goesOn = this.#groups.has(node.group) && !this.#wayBack.isTurn(node) && !(isEnding && isWait(node));
    return goesOn || (failed ?? false);
  }

  /**
   * Takes those of a container that were replaced back to their old generations, one after the other. Where one cannot, the
   * others stay as they are.
   */
  async #goBack(turns: readonly BackTurn[], { container }: Roll): Promise<void> {
    await this.#wayBack.over();
    if (this.#frame.isLost || this.#isStopped) return;
    const nodes = turns.flatMap((turn) => turn.nodes);
    this.#backNodes.push(...nodes);
    this.#frame.journal?.plan(nodes);
    const changes = turns.map(({ change }) => change);
    this.#emit({ type: 'back-started', atMs: this.#options.clock.now(), container, changes });
    for (const turn of turns) {
      const own = new Set(turn.nodes.map(({ id }) => id));
      const outcome = await walk(
        turn.nodes.map((node) => ({ ...node, after: node.after.filter((id) => own.has(id)) })),
        {
          parallelism: 1,
          run: (node) => this.#run(node),
          onSkip: (node, because) =>
            this.#emit({ type: 'node-skipped', atMs: this.#options.clock.now(), node, because }),
          mayStart: () => !this.#frame.isLost && !this.#isStopped,
        },
      );
      for (const [id, result] of outcome) this.#backOutcome.set(id, result);
      const isInterrupted = this.#options.finish?.aborted === true && this.#options.retreat?.aborted !== true;
      if (isInterrupted || [...outcome.values()].some((result) => result !== 'done')) return;
    }
  }

  async #run(node: PlanNode): Promise<'done' | 'failed' | 'left'> {
    if (node.op.kind === 'checkpoint') return 'done';
    if (!(await this.#frame.mayRun(node))) return 'left';
    this.#groups.add(node.group);
    this.#wayBack.begin(node);
    this.#rolls.begin(node);
    const result = await this.#perform(node);
    if (result !== 'left') this.#results[result] += 1;
    if (result === 'failed') this.#rolls.fail(node);
    await this.#wayBack.end(node, result);
    return result;
  }

  async #perform(node: PlanNode): Promise<'done' | 'failed' | 'left'> {
    const { clock } = this.#options;
    await this.#frame.journal?.ahead(node);
    if (this.#frame.isLost) return 'left';
    await this.#frame.letGoOf(node, this.#progress);
    const begunAt = clock.now();
    this.#emit({ type: 'node-started', atMs: begunAt, node });
    let isOver = false;
    const progress = (line: string) => {
      // What was given up may still have something to say.
      if (!isOver) this.#emit({ type: 'node-progress', atMs: clock.now(), node, line: this.#mask(line) });
    };
    let told: Told | null = null;
    const onTold = (what: Told) => {
      told = what;
    };
    const record = (result: Ended['result'], tookMs: number, failure: Failure | null = null) =>
      this.#frame.journal?.note(node, { atMs: begunAt, tookMs, result, told, failure });
    try {
      const cut = isWait(node) ? this.#rolls.cutOf(node) : never();
      const hear = { onProgress: progress, onTold, cut, revision: this.#frame.revision };
      const note = await this.#untilStop(node.op, this.#performer.perform(node.op, hear));
      this.#emit({ type: 'node-finished', atMs: clock.now(), node, tookMs: clock.now() - begunAt, note });
      record('done', clock.now() - begunAt);
      return 'done';
    } catch (error) {
      isOver = true;
      const tookMs = clock.now() - begunAt;
      if (node.op.kind === 'agent.create' && error instanceof EngineError && error.kind === 'conflict') {
        this.#frame.refuse();
        return 'left';
      }
      // Given up, not failed. No undo either: the operator wants the engine left alone, and the next plan sees what is there.
      if (this.#isGivenUp(node)) {
        record('stopped', tookMs);
        this.#emit({ type: 'node-stopped', atMs: clock.now(), node, tookMs });
        return 'left';
      }
      const failure = await this.#describe(error, node.op, (op) =>
        // Nobody waits for a log any more once all is given up.
        this.#isStopped ? null : this.#performer.idOf(op),
      );
      record('failed', tookMs, failure);
      this.#emit({ type: 'node-failed', atMs: clock.now(), node, tookMs, failure });
      return 'failed';
    }
  }

  async #describe(error: unknown, op: Operation, idOf: (op: Operation) => string | null): Promise<Failure> {
    const apart = this.#performer.apartFrom(op);
    const { message, detail, help, log } = await describeFailure(
      error,
      op,
      this.#options.engine,
      idOf,
      apart,
    );
    const masked = (text: string | null) => (text === null ? null : this.#mask(text));
    return {
      message: this.#mask(message),
      detail: masked(detail),
      help: masked(help),
      log: log.map(this.#mask),
    };
  }

  #isGivenUp(node: PlanNode): boolean {
    if (this.#isStopped || (isWait(node) && this.#rolls.cutOf(node).aborted)) return true;
    const isOurs = node.op.kind === 'hook.run' || node.op.kind === 'image.build';
    return isOurs && this.#options.finish?.aborted === true;
  }

  get #isStopped(): boolean {
    return this.#options.stop?.aborted === true;
  }

  /**
   * Waits for an operation, but no longer than until the stop: a pull, a build or a graceful stop goes on in the
   * engine, or ends with our connection.
   */
  async #untilStop<T>(op: Operation, work: Promise<T>): Promise<T> {
    const { stop } = this.#options;
    if (stop === undefined) return work;
    let giveUp = () => {};
    const stopped = new Promise<never>((_, reject) => {
      giveUp = () => reject(new EngineError('cut-off', op.kind, 'given up when told to stop'));
      stop.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([work, stopped]);
    } finally {
      stop.removeEventListener('abort', giveUp);
    }
  }

  async #takeBack(because: PlanNode, operations: readonly Operation[]): Promise<void> {
    const { id, group } = because;
    if (this.#isStopped || this.#frame.isLost) return;
    const { clock } = this.#options;
    await this.#frame.journal?.ahead(because, true);
    const atMs = clock.now();
    this.#emit({ type: 'undo-started', atMs, group, because: id });
    const done: Operation[] = [];
    const failures: Failure[] = [];
    for (const op of operations) {
      if (this.#isStopped) break;
      try {
        if (await this.#untilStop(op, this.#performer.takeBack(op))) done.push(op);
      } catch (error) {
        failures.push(await this.#describe(error, op, () => null));
        // What brings the old generation back comes before what takes the new one away: an engine that restarts in between
        // must find one of them that it starts, and that is published.
        if (isGone(error)) break;
      }
    }
    if (failures.length > 0) this.#rolls.stick(because);
    this.#frame.journal?.noteBack(id, { atMs, result: failures.length > 0 ? 'failed' : 'done' });
    this.#emit({ type: 'undo-finished', atMs: clock.now(), group, done, failures });
  }
}

/** There is no engine to ask. */
function isGone(error: unknown): boolean {
  return error instanceof EngineError && (error.kind === 'unreachable' || error.kind === 'cut-off');
}
