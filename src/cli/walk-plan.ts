import type { DesiredState } from '../compiler/desired/desired-state.ts';
import type { Plan } from '../compiler/plan/plan.ts';
import type { BuildWorld } from '../runtime/build/build-image.ts';
import type { ExecutionEvent } from '../runtime/execution-event.ts';
import type { Engine } from '../runtime/engine.ts';
import type { AuthLookup } from '../runtime/inputs/image-facts.ts';
import type { JournalOptions } from '../runtime/journal/apply-journal.ts';
import type { KeepOptions } from '../runtime/revisions/revision-keeper.ts';
import type { HookWorld } from '../runtime/hooks/run-hook.ts';
import type { DeployResults } from '../runtime/notify/deploy-result.ts';
import type { LeaseOptions } from '../runtime/lease/apply-lease.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import type { CommandContext, Interruption } from './io.ts';
import type { Wording } from './render/apply-report.ts';

/** How often the time of what runs is drawn anew, in milliseconds. */
const TICK_MS = 120;

/** What a plan is walked with. */
export interface Walk {
  readonly plan: Plan;
  /** Null for a plan that creates nothing. */
  readonly desired: DesiredState | null;
  readonly engine: Engine;
  readonly auth: AuthLookup;
  /** Never shown, whoever writes them. */
  readonly secrets: readonly string[];
  readonly wording: Wording;
  /** Null: nothing is recorded. */
  readonly journal: JournalOptions | null;
  readonly lease: LeaseOptions;
  /** Absent: nothing is kept to go back by. */
  readonly keep?: KeepOptions;
  /** Called when nothing was done, since the plan is not of what is there now. */
  readonly onStale?: () => void;
  /** Called once it is sure to begin, with its revision; null: it is not written down. */
  readonly onBegin?: (revision: number | null) => void;
  readonly watch?: WalkWatch;
  /** Who is to be told what came of it. */
  readonly results?: DeployResults;
  /** Where its hooks are run; absent: it has none. */
  readonly hooks?: HookWorld;
  /** Where its images are built; absent: it builds none. */
  readonly builds?: BuildWorld;
}

/** Somebody who watches a walk, and may end it. */
export interface WalkWatch {
  /** Takes back what is not replaced yet, and starts nothing more. */
  readonly retreat: AbortSignal;
  readonly note: (event: ExecutionEvent) => void;
  /** For the bottom of a terminal, drawn with the time. */
  readonly line: () => string;
}

/** Whether a plan has anything to do on an engine. */
export function hasWork(plan: Plan): boolean {
  return plan.nodes.some((node) => node.op.kind !== 'checkpoint');
}

/**
 * Walks a plan and shows it. The first SIGINT or SIGTERM (SIGHUP counts as one) lets what is under way come to its end, the second stops
 * now, the third does not even wait for that. The exit code: 0, 1, 75 (somebody else changes the stack), 130 or 143.
 */
export async function walkPlan(context: CommandContext, walk: Walk): Promise<number> {
  const { io, options } = context;
  // Loaded here: a plan with nothing to do never pays for any of it.
  const [{ execute }, { execAgentConnector }, { buildAgentImage }, { eventView }] = await Promise.all([
    import('../runtime/execute.ts'),
    import('../runtime/agent/agent-connector.ts'),
    import('../runtime/agent/agent-image.ts'),
    import('./event-view.ts'),
  ]);
  const view = eventView(context, walk.plan, walk.wording);
  const finish = new AbortController();
  const stop = new AbortController();
  let interruption: Interruption | null = null;
  const watched = walk.watch?.retreat;
  const endEarly = (): void => finish.abort();
  watched?.addEventListener('abort', endEarly);
  if (watched?.aborted === true) endEarly();
  const letGo = io.onSignal((signal) => {
    if (stop.signal.aborted) return io.exit(exitCodeOf(signal));
    if (finish.signal.aborted) return stop.abort();
    interruption = signal;
    finish.abort();
    view.say('finishing what is under way; once more stops now');
  });
  const ticking = setInterval(() => view.tick(io.clock.now(), walk.watch?.line() ?? null), TICK_MS);
  let code: number = exitCode.failed;
  let left = 0;
  let isLocked = false;
  try {
    const events = execute(walk.plan, {
      desired: walk.desired,
      engine: walk.engine,
      agents: execAgentConnector(walk.engine),
      buildAgent: async (onOutput) => void (await buildAgentImage(walk.engine, {}, onOutput)),
      auth: walk.auth,
      clock: io.clock,
      secrets: walk.secrets,
      parallelism: options.parallelism,
      lease: walk.lease,
      ...(walk.journal === null ? {} : { journal: walk.journal }),
      ...(walk.keep === undefined ? {} : { keep: walk.keep }),
      ...(walk.hooks === undefined ? {} : { hooks: walk.hooks }),
      ...(walk.builds === undefined ? {} : { builds: walk.builds }),
      finish: finish.signal,
      ...(watched === undefined ? {} : { retreat: watched }),
      stop: stop.signal,
    });
    for await (const event of events) {
      walk.watch?.note(event);
      walk.results?.note(event);
      view.show(event);
      if (event.type === 'begun') walk.onBegin?.(event.revision);
      if (event.type === 'locked' || event.type === 'lock-lost') isLocked = true;
      if (event.type === 'locked' && event.holder === null) walk.onStale?.();
      if (event.type !== 'finished') continue;
      code = isLocked ? exitCode.locked : event.failed > 0 ? exitCode.failed : exitCode.done;
      left = event.skipped;
    }
  } finally {
    clearInterval(ticking);
    letGo();
    watched?.removeEventListener('abort', endEarly);
    view.close();
  }
  // A signal that came when all was done has interrupted nothing.
  return interruption === null || (left === 0 && code === exitCode.done) ? code : exitCodeOf(interruption);
}
