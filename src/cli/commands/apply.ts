import { randomUUID } from 'node:crypto';

import type { Diagnostic } from '../../compiler/diagnostic.ts';
import { DATABASE_MISSING } from '../../compiler/desired/resolve.ts';
import { PORT_TAKEN } from '../../compiler/reconcile/taken-ports.ts';
import type { JournalOptions } from '../../runtime/journal/apply-journal.ts';
import { applyBegin } from '../apply-begin.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData, writeDiagnostics } from '../output.ts';
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
  };

type ApplySelection = Omit<PlanSelection, 'askRegistry' | 'offline'>;

/**
 * `stack apply [FILE]`: shows the plan, asks, and walks it. A saved plan was approved when it was made: nothing is asked,
 * and nothing is done where it is no longer what would be done. Exit code 0, 1, 130 or 143 once there is a plan.
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
  const { demandCurrent, demandSavedAlone, asSaved } = await import('../saved/apply-saved.ts');
  demandSavedAlone(context, flags);
  return applyFile(asSaved(context, saved), {
    file: flags.file ?? saved.file.path,
    flags: { ...flags, ...saved.selection, allowRemoveAll: saved.selection.allow_remove_all },
    demandPlanned: (planned) => demandCurrent(argument, saved, planned),
  });
}

interface Asked {
  readonly file: string | undefined;
  readonly flags: ApplyFlags;
  /** Before the plan is shown. */
  readonly demandPlanned?: (planned: PlannedStack) => Promise<void>;
  /** Before it is walked. */
  readonly demandApproved?: (planned: PlannedStack) => Promise<void>;
}

async function applyFile(
  context: CommandContext,
  { file, flags, demandPlanned, demandApproved }: Asked,
): Promise<number> {
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
  await demandApproved?.(planned);
  const walk = {
    plan,
    desired: planned.desired,
    engine: connection.engine,
    auth: planned.auth,
    secrets: Object.values(planned.inputs.secrets).flatMap((read) => ('value' in read ? [read.value] : [])),
    journal: await journalOf(context, planned),
    wording: { completed: 'Applied', command: commandAgain(file, flags) },
  };
  if (flags.prove === null) return walkPlan(context, walk);
  const { walkWithProof } = await import('../prove.ts');
  return walkWithProof(context, walk, flags.prove);
}

async function approve(
  context: CommandContext,
  file: string | undefined,
  flags: ApplySelection,
  planned: PlannedStack,
): Promise<void> {
  await confirm(context, {
    text: `Apply this to stack \`${planned.plan.stack}\`? Type \`yes\`:`,
    answers: ['yes'],
    stdinTaken: planned.loaded.fromStdin,
  });
  if (!context.options.yes) await demandFresh(context, file, flags, planned);
}

async function journalOf(
  { io }: CommandContext,
  { loaded, inputs, desired }: PlannedStack,
): Promise<JournalOptions> {
  const masked = desired.containers.flatMap(({ template, instances }) =>
    [template, ...instances].flatMap(({ env }) => env.flatMap((own) => (own.masked ? [own.value] : []))),
  );
  const secrets = Object.values(inputs.secrets).flatMap((secret) =>
    'value' in secret ? [secret.value] : [],
  );
  return {
    applyId: randomUUID(),
    agent: null,
    begin: await applyBegin(io, 'apply', loaded),
    secrets: [...secrets, ...masked],
  };
}

/** What goes on with an apply that did not come to its end. */
function commandAgain(file: string | undefined, { include, force, only }: ApplySelection): string {
  const named = { include, force, only };
  const options = Object.entries(named).flatMap(([option, names]) =>
    names.map((name) => `--${option} ${name}`),
  );
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
