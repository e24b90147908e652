import { changesAnything } from '../../compiler/plan/plan.ts';
import { exitCode } from '../exit-code.ts';
import { DiagnosticsFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { styleFor, writeData, writeDiagnostics } from '../output.ts';
import { planStack, type PlannedStack, type PlanSelection } from '../plan-stack.ts';
import { lastApply, noteLastApply, unfinishedJson, type LastApply } from '../last-apply.ts';
import { diagnosticsJson, OUTPUT_FORMAT_VERSION } from '../render/diagnostics-json.ts';

/** What `stack plan` is asked for. */
export type PlanFlags = Omit<PlanSelection, 'askRegistry'> & {
  readonly detailedExitCode: boolean;
  readonly requireZeroDowntime: boolean;
  /** Where the plan is saved; null: nowhere. */
  readonly out: string | null;
};

/** `stack plan [FILE]`: shows what apply would do, and changes nothing. */
export async function plan(
  context: CommandContext,
  file: string | undefined,
  flags: PlanFlags,
): Promise<number> {
  const { out } = flags;
  const saving = out === null ? null : await import('../saved/save.ts');
  if (out !== null) saving?.demandSavable(context, out, file);
  const planned = context.options.json
    ? await showJson(context, file, flags)
    : await show(context, file, flags);
  if (typeof planned === 'number') return planned;
  if (flags.requireZeroDowntime) {
    const { requireZeroDowntime } = await import('../require-zero-downtime.ts');
    requireZeroDowntime(planned.plan);
  }
  if (out !== null) await saving?.savePlan(context, out, planned, flags);
  return flags.detailedExitCode && changesAnything(planned.plan) ? exitCode.pending : exitCode.done;
}

async function show(
  context: CommandContext,
  file: string | undefined,
  flags: PlanFlags,
): Promise<PlannedStack> {
  const planned = await planStack(context, file, { ...flags, askRegistry: true });
  await writeDiagnostics(context, planned.warnings, planned.loaded.source);
  await writePlan(context, planned);
  await noteLastApply(context, await lastOf(planned));
  return planned;
}

/** Offline nobody knows, and where nothing is left to do, nobody has to. */
async function lastOf({
  connection,
  observed,
  journal,
  plan: { stack },
}: PlannedStack): Promise<LastApply | null> {
  if (connection === null || journal === null) return null;
  return lastApply(connection.engine, stack, observed, journal);
}

/** Shows a plan to people. */
export async function writePlan(context: CommandContext, { plan: made }: PlannedStack): Promise<void> {
  const { renderPlan } = await import('../render/plan.ts');
  writeData(context, renderPlan(made, styleFor(context, context.io.stdout)));
}

async function showJson(
  context: CommandContext,
  file: string | undefined,
  flags: PlanFlags,
): Promise<PlannedStack | number> {
  const write = (document: object) => writeData(context, `${JSON.stringify(document, null, 2)}\n`);
  try {
    const planned = await planStack(context, file, { ...flags, askRegistry: true });
    const { planJson } = await import('../render/plan-json.ts');
    const unfinished = await unfinishedJson(await lastOf(planned));
    write({ ...planJson(planned.plan, planned.warnings, planned.loaded.source.path), unfinished });
    return planned;
  } catch (error) {
    // A document in any case: a program that reads it learns why there is no plan.
    if (!(error instanceof DiagnosticsFailure)) throw error;
    write({
      format_version: OUTPUT_FORMAT_VERSION,
      stack: null,
      diagnostics: diagnosticsJson(error.diagnostics, error.source?.path ?? file ?? null),
    });
    return error.exitCode;
  }
}
