import { resolve } from '../../../src/compiler/desired/resolve.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { HostFacts, ResolvedInputs } from '../../../src/compiler/desired/resolved-inputs.ts';
import type { Compiled, Diagnostic } from '../../../src/compiler/diagnostic.ts';
import { parse } from '../../../src/compiler/source/parse.ts';
import { SourceFile } from '../../../src/compiler/source/source-file.ts';
import { compile, type CompileOptions } from '../../../src/compiler/spec/compile.ts';
import type { StackSpec } from '../../../src/compiler/spec/stack-spec.ts';

/** A YAML or JSON text in which `«` and `»` enclose the place that a diagnostic must underline. */
export interface Marked {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Takes the marks out. Without marks the place is none: start and end are -1. */
export function unmark(marked: string): Marked {
  const start = marked.indexOf('«');
  const end = marked.indexOf('»') - 1;
  return start === -1
    ? { text: marked, start: -1, end: -1 }
    : { text: marked.replace('«', '').replace('»', ''), start, end };
}

/** Parses and compiles; a text that does not parse is a mistake of the test. */
export function compileText(text: string, options: CompileOptions = {}): Compiled<StackSpec> {
  const source = new SourceFile('stack.yaml', text, text.startsWith('{') ? 'json' : 'yaml');
  const document = parse(source);
  if (!document.ok) throw new Error(document.diagnostics.map((d) => d.message).join('\n'));
  return compile(document.value, options);
}

/** The spec, or a failure that shows the errors. */
export function spec(text: string, options: CompileOptions = {}): StackSpec {
  const compiled = compileText(text, options);
  if (!compiled.ok) throw new Error(brief(compiled.diagnostics).join('\n'));
  return compiled.value;
}

/** Inputs that know nothing but a host. */
export const inputs: ResolvedInputs & { readonly host: HostFacts } = {
  images: {},
  env: {},
  secrets: {},
  host: { name: 'web1', publicIp: null, logDriver: 'json-file' },
  dataMounts: {},
  files: {},
  builds: {},
};

/** The desired state, or a failure that shows the errors. */
export function desired(text: string, more: Partial<ResolvedInputs> = {}): DesiredState {
  const resolved = resolve(spec(text), { ...inputs, ...more });
  if (!resolved.ok) throw new Error(brief(resolved.diagnostics).join('\n'));
  return resolved.value;
}

/** All diagnostics of a result. */
export function diagnosticsOf(result: Compiled<unknown>): readonly Diagnostic[] {
  return result.ok ? result.warnings : result.diagnostics;
}

/** `STK305 12:3 message`. */
export function brief(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(
    ({ code, span, message }) =>
      `${code} ${span === null ? '-' : `${span.start.line}:${span.start.column}`} ${message}`,
  );
}

/** A stack `shop` whose only application has these containers, each an entry of a YAML mapping. */
export function shop(containers: string, more = ''): string {
  const indented = containers.replace(/^\n|\n *$/g, '').replace(/^/gm, '      ');
  return `deploy:\n  shop:\n    containers:\n${indented}\n${more}`;
}
