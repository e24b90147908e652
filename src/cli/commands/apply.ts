import { randomUUID } from 'node:crypto';

import type { Diagnostic } from '../../compiler/diagnostic.ts';
import { DATABASE_MISSING } from '../../compiler/desired/resolve.ts';
import { agentName } from '../../compiler/reconcile/agents.ts';
import { PORT_TAKEN } from '../../compiler/reconcile/taken-ports.ts';
import { applyBegin, leaseOptions } from '../apply-begin.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData, writeDiagnostics, writeNote } from '../output.ts';
import type { ProveFlags } from '../prove.ts';
import { findSavedPlan } from '../saved/find.ts';
import { oneFile, type FileFlag } from '../usage.ts';
import { planStack, type PlannedStack, type PlanSelection } from '../plan-stack.ts';
import { hasWork, walkPlan } from '../walk-plan.ts';
import { writePlan } from './plan.ts';

/** Warnings of a plan that an apply must not pass over: containers would start without their database, or not at all. */
const FATAL: ReadonlySet<string> = new Set([DATABASE_MISSING, PORT_TAKEN]);

/** What `stack apply` is asked for. */
export type ApplyFlags = ApplySelection &
  FileFlag & {
    readonly prove: ProveFlags | null;
    readonly requireZeroDowntime: boolean;
    /** How long somebody else who changes the stack is waited for. */
    readonly lockTimeoutS: number;
  };

type ApplySelection = Omit<PlanSelection, 'askRegistry' | 'offline'>;

/**
 * `stack apply [FILE]`: shows the plan, asks, and walks it. A saved plan was approved when it was made: nothing is asked,
 * and nothing is done where it is no longer what would be done. Exit code 0, 1, 75, 130 or 143 once there is a plan.
 */
export async function apply(
  context: CommandContext,
  argument: string | undefined,
  flags: ApplyFlags,
): Promise<number> {
  const saved = argument === undefined ? null : await findSavedPlan(context, argument);
  if (argument === undefined || saved === null) {
    const file = oneFile(argument, flags);
    return applyFile(context, {
      file,
      flags,
      demandApproved: (planned) => approve(context, file, flags, planned),
    });
  }
  const { demandCurrent, demandSavedAlone, asSaved, stackFileOf } = await import('../saved/apply-saved.ts');
  demandSavedAlone(context, flags);
  return applyFile(asSaved(context, saved), {
    file: flags.file ?? stackFileOf(context, argument, saved),
    flags: { ...flags, ...saved.selection, allowRemoveAll: saved.selection.allow_remove_all },
    demandPlanned: (planned) => demandCurrent(argument, saved, planned),
  });
}

interface Asked {
  readonly file: string | undefined;
  readonly flags: ApplyFlags;
  /** Before the plan is shown. */
  readonly demandPlanned?: (planned: PlannedStack) => Promise<void>;
  /** Before it is walked; resolves to when the engine was looked at last, null: for the plan itself. */
  readonly demandApproved?: (planned: PlannedStack) => Promise<number | null>;
}

async function applyFile(context: CommandContext, asked: Asked): Promise<number> {
  const { file, flags, demandPlanned, demandApproved } = asked;
  const plannedAtMs = context.io.clock.now();
  const planned = await planStack(context, file, { ...flags, askRegistry: true, offline: false });
  demandComplete(planned);
  await demandPlanned?.(planned);
  await writeDiagnostics(context, planned.warnings, planned.loaded.source);
  await showPlan(context, planned);
  const { connection, plan } = planned;
  if (!hasWork(plan) || connection === null) return exitCode.done;
  if (flags.requireZeroDowntime) {
    const { requireZeroDowntime } = await import('../require-zero-downtime.ts');
    requireZeroDowntime(plan);
  }
  const observedAtMs = (await demandApproved?.(planned)) ?? plannedAtMs;
  const begin = await applyBegin(context.io, 'apply', planned.loaded);
  const journal = { applyId: randomUUID(), agent: null, begin };
  let isStale = false;
  const walk = {
    plan,
    desired: planned.desired,
    engine: connection.engine,
    auth: planned.auth,
    secrets: Object.values(planned.inputs.secrets).flatMap((read) => ('value' in read ? [read.value] : [])),
    journal,
    lease: leaseOptions(context, journal.applyId, journal.begin, {
      agent: agentName(plan.stack, 'stack'),
      observedAtMs,
      timeoutMs: flags.lockTimeoutS * 1000,
    }),
    onStale: () => {
      isStale = true;
    },
    wording: { completed: 'Applied', command: commandAgain(context, file, flags) },
  };
  const code = await (flags.prove === null
    ? walkPlan(context, walk)
    : (await import('../prove.ts')).walkWithProof(context, walk, flags.prove));
  // Whoever waited for the lock wants what is to be done after that.
  if (!isStale || flags.lockTimeoutS === 0) return code;
  writeNote(context, 'planning again');
  return applyFile(context, asked);
}

async function approve(
  context: CommandContext,
  file: string | undefined,
  flags: ApplySelection,
  planned: PlannedStack,
): Promise<number | null> {
  await confirm(context, {
    text: `Apply this to stack \`${planned.plan.stack}\`? Type \`yes\`:`,
    answers: ['yes'],
    stdinTaken: planned.loaded.fromStdin,
  });
  if (context.options.yes) return null;
  const nowMs = context.io.clock.now();
  await demandFresh(context, file, flags, planned);
  return nowMs;
}

/** What goes on with an apply that did not come to its end. */
function commandAgain(
  { options: { name } }: CommandContext,
  file: string | undefined,
  { include, force, only, allowRemoveAll }: ApplySelection,
): string {
  const named = { name: name === null ? [] : [name], include, force, only };
  const options = Object.entries(named).flatMap(([option, names]) =>
    names.map((one) => `--${option} ${one}`),
  );
  if (allowRemoveAll) options.push('--allow-remove-all');
  return ['stack apply', ...(file === undefined ? [] : [file]), ...options].join(' ');
}

/** While somebody read the plan, somebody else may have applied: nothing is done that was not shown. */
async function demandFresh(
  context: CommandContext,
  file: string | undefined,
  flags: ApplySelection,
  { plan }: PlannedStack,
): Promise<void> {
  const now = await planStack(context, file, { ...flags, askRegistry: false, offline: false });
  if (JSON.stringify(now.plan.nodes) === JSON.stringify(plan.nodes)) return;
  throw new CommandFailure(
    exitCode.failed,
    `stack \`${plan.stack}\` or its file has changed since this plan was made; nothing was done`,
    'run the command again: it shows what is to be done now',
  );
}

async function showPlan(context: CommandContext, planned: PlannedStack): Promise<void> {
  if (!context.options.json) return writePlan(context, planned);
  const { planJson } = await import('../render/plan-json.ts');
  const document = planJson(planned.plan, planned.warnings, planned.loaded.source.path);
  writeData(context, `${JSON.stringify({ type: 'plan', ...document })}\n`);
}

function demandComplete({ warnings, loaded }: PlannedStack): void {
  if (!warnings.some((warning) => FATAL.has(warning.code))) return;
  const diagnostics = warnings.map(
    (warning): Diagnostic => (FATAL.has(warning.code) ? { ...warning, severity: 'error' } : warning),
  );
  throw new DiagnosticsFailure(exitCode.failed, diagnostics, loaded.source);
}
