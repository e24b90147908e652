import { exitCode } from '../exit-code.ts';
import { DiagnosticsFailure } from '../failure.ts';
import type { CommandContext } from '../io.ts';
import { writeData, writeDiagnostics } from '../output.ts';
import { diagnosticsJson, OUTPUT_FORMAT_VERSION } from '../render/diagnostics-json.ts';
import { plural } from '../render/text.ts';
import { loadSpec, type LoadedSpec } from '../stack-file.ts';

/** `stack validate [FILE]`: everything that can be said of a file without an engine. Exit code 0 or 65. */
export async function validate(context: CommandContext, file: string | undefined): Promise<number> {
  if (context.options.json) return validateJson(context, file);
  const loaded = await loadSpec(context, file);
  await writeDiagnostics(context, loaded.warnings, loaded.source);
  const { containers, instances } = count(loaded);
  const size = `${plural(containers, 'container')}, ${plural(instances, 'instance')}`;
  const warnings = loaded.warnings.length === 0 ? '' : `, with ${plural(loaded.warnings.length, 'warning')}`;
  writeData(context, `${loaded.source.path}: valid: stack \`${loaded.spec.name}\`, ${size}${warnings}\n`);
  return exitCode.done;
}

async function validateJson(context: CommandContext, file: string | undefined): Promise<number> {
  const document = (stack: string | null, diagnostics: readonly unknown[]) =>
    writeData(
      context,
      `${JSON.stringify({ format_version: OUTPUT_FORMAT_VERSION, valid: stack !== null, stack, diagnostics }, null, 2)}\n`,
    );
  try {
    const loaded = await loadSpec(context, file);
    document(loaded.spec.name, diagnosticsJson(loaded.warnings, loaded.source.path));
    return exitCode.done;
  } catch (error) {
    if (!(error instanceof DiagnosticsFailure)) throw error;
    document(null, diagnosticsJson(error.diagnostics, error.source?.path ?? file ?? null));
    return error.exitCode;
  }
}

function count({ spec }: LoadedSpec): { readonly containers: number; readonly instances: number } {
  const all = spec.applications.flatMap((application) => application.containers);
  const daemons = all.filter((container) => container.mode !== 'cron');
  return { containers: all.length, instances: daemons.reduce((sum, container) => sum + container.count, 0) };
}
