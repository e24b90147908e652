import { Proof, type ProofFailure, type ProofReport } from '../runtime/prove/proof.ts';
import type { ExecutionEvent } from '../runtime/execution-event.ts';
import type { NodeId, PlanNode } from '../compiler/plan/plan.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import type { CommandContext, Interruption } from './io.ts';
import { writeData, writeNote } from './output.ts';
import { operationText } from './render/operation.ts';
import { changeNames } from './render/subject.ts';
import { proofJson, proofLine, renderProof, type SeenFailure } from './render/proof.ts';
import { walkPlan, type Walk } from './walk-plan.ts';

/** What `--prove` asks. */
export interface ProveFlags {
  readonly url: URL;
  readonly ratePerS: number;
  readonly method: string;
  /** `after`: the apply is to mend what fails now, and only what comes after its last change is judged. */
  readonly judgedFrom: 'before' | 'after';
}

/** How long is asked before the first change and after the last one. */
const MARGIN_MS = 2000;
/** How long balancers may take to see that what they lead to is well again. */
const MENDED_MS = 30_000;
/** A front door that takes longer has failed. */
const TIMEOUT_MS = 10_000;

/**
 * Walks a plan while real requests go through the front door, and tells what came of them. They must succeed before the
 * first change; the first one that fails later ends the walk: instances that are not replaced by then are taken back. An apply
 * that mends is judged only by what comes after it. The exit code is 1 with a failed request that is judged.
 */
export async function walkWithProof(
  context: CommandContext,
  walk: Walk,
  { url, ratePerS, method, judgedFrom }: ProveFlags,
): Promise<number> {
  const { io } = context;
  const failed = new AbortController();
  const seen: SeenFailure[] = [];
  const underWay = underWayOf(walk);
  const onFailure = (failure: ProofFailure): void => {
    seen.push({ ...failure, underWay: underWay.now() });
    failed.abort();
  };
  const proof = new Proof({
    url,
    method,
    ratePerS,
    judgedFrom,
    timeoutMs: TIMEOUT_MS,
    clock: io.clock,
    onFailure,
  });
  proof.start();
  try {
    writeNote(
      context,
      `asking ${url.href} ${ratePerS} times a second, for ${MARGIN_MS / 1000} s before the first change`,
    );
    const signal = await pause(context, failed.signal, MARGIN_MS);
    if (signal !== null) return exitCodeOf(signal);
    if (judgedFrom === 'before') await demandAnswers(proof, url);
    else writeNote(context, notJudged(proof.report()));
    proof.enter('during');
    const code = await walkPlan(context, {
      ...walk,
      wording: { ...walk.wording, ended: () => (failed.signal.aborted ? endedWords(walk) : null) },
      watch: { retreat: failed.signal, note: underWay.note, line: () => proofLine(proof.report()) },
    });
    if (judgedFrom === 'after' && code === exitCode.done) await mended(context, proof);
    proof.enter('after');
    if (!failed.signal.aborted) await pause(context, failed.signal, MARGIN_MS);
    const report = await proof.stop();
    show(context, report, seen);
    if (seen.length > 0) walk.results?.blame('requests failed while it was deployed');
    return code === exitCode.done && seen.length > 0 ? exitCode.failed : code;
  } finally {
    await proof.stop();
  }
}

function show(context: CommandContext, report: ProofReport, seen: readonly SeenFailure[]): void {
  if (context.options.json) writeData(context, `${JSON.stringify(proofJson(report, seen))}\n`);
  else for (const line of renderProof(report, seen)) writeNote(context, line);
}

/** Those that were replaced before have the new version. */
function endedWords({ wording }: Walk): { readonly what: string; readonly next: string } {
  return {
    what: 'Ended by a request that failed',
    next: `To go back, put the file back and \`${wording.command}\` without \`--prove\`.`,
  };
}

/** Nothing has been changed so far, and a front door that fails by itself proves nothing. */
async function demandAnswers(proof: Proof, url: URL): Promise<void> {
  const { failures } = proof.report();
  const [first] = failures;
  if (first === undefined) return;
  throw new CommandFailure(
    exitCode.failed,
    `${url.href} fails before anything is changed: ${first.what}`,
    'nothing was changed; if this apply is to mend that, `--prove-after` judges only what comes after it',
  );
}

function notJudged({ phases: { before } }: ProofReport): string {
  const fails = before.failed === 0 ? 'none fails' : `${before.failed} of ${before.sent} requests fail`;
  return `${fails} before anything is changed; only what comes after the last change is judged`;
}

/** Waits until the front door gives a good answer, but not for ever. */
async function mended(context: CommandContext, proof: Proof): Promise<void> {
  const { clock } = context.io;
  const endsAt = clock.now() + MENDED_MS;
  const never = new AbortController().signal;
  while (!proof.isWell && clock.now() < endsAt) if ((await pause(context, never, 50)) !== null) return;
}

/** The time is over, a request failed, or somebody interrupted (which is told). */
async function pause({ io }: CommandContext, failed: AbortSignal, ms: number): Promise<Interruption | null> {
  let interruption: Interruption | null = null;
  const cut = new AbortController();
  const end = (): void => cut.abort();
  const letGo = io.onSignal((signal) => {
    interruption = signal;
    end();
  });
  failed.addEventListener('abort', end);
  if (failed.aborted) end();
  await io.clock.sleep(ms, cut.signal).catch(() => undefined);
  failed.removeEventListener('abort', end);
  letGo();
  return interruption;
}

/** Follows the events of a walk: which operations are under way at a moment. */
function underWayOf({ plan }: Walk): {
  readonly note: (event: ExecutionEvent) => void;
  readonly now: () => readonly string[];
} {
  const nameOf = changeNames(plan);
  const running = new Map<NodeId, PlanNode>();
  return {
    note: (event) => {
      if (event.type === 'node-started') running.set(event.node.id, event.node);
      else if ('node' in event && event.type !== 'node-progress') running.delete(event.node.id);
    },
    now: () => [...running.values()].map(({ group, op }) => `${nameOf(group)} ${operationText(op)}`),
  };
}
