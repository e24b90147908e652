import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { diagnostic, sortDiagnostics, type Compiled, type Diagnostic } from '../compiler/diagnostic.ts';
import { checkShape } from '../compiler/shape/check-shape.ts';
import { either } from '../compiler/shape/words.ts';
import { decode, decodeLossy } from '../compiler/source/decode.ts';
import { parseJson } from '../compiler/source/parse-json.ts';
import type { Document } from '../compiler/source/document.ts';
import { parseWith, type Read } from '../compiler/source/parse-with.ts';
import type { SourceFile } from '../compiler/source/source-file.ts';
import type { Span } from '../compiler/span.ts';
import { complete, draft, stackNameOf } from '../compiler/spec/compile.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from './failure.ts';
import { fileProblem } from './file-problem.ts';
import type { CommandContext, Io } from './io.ts';
import { listed } from './render/text.ts';

/** Looked for in the current folder when no file is named, in this order. */
const DEFAULT_NAMES = ['stack.json', 'stack.yaml', 'stack.yml'] as const;

/** More than the parser takes: enough to say that a file is too large, without reading all of it. */
const MOST_BYTES = 16 * 1024 * 1024;

/** A stack file that compiles. */
export interface LoadedSpec {
  readonly source: SourceFile;
  readonly spec: StackSpec;
  readonly warnings: readonly Diagnostic[];
  /** Where relative paths of the file start; the current folder for standard input. */
  readonly folder: string;
  readonly fromStdin: boolean;
  /** Whether what is scaled has as many instances as was set; absent: as many as the file says. */
  readonly isCounted?: boolean;
}

/** What a command wants of its stack file besides the spec. */
export interface LoadOptions {
  /** Called once the stack's name can be told, and waited for before the rest is compiled. */
  readonly onName?: (stack: string) => Promise<void>;
  /** Whether `--name` without a file would do as well; for the help where there is none. */
  readonly nameWillDo?: boolean;
}

/**
 * Reads and compiles a stack file: a path, `-` for standard input, undefined for the one in the current folder.
 * Fails with every problem that can be seen (exit code 65), or with 64 when there is no file to read, or more than one.
 */
export async function loadSpec(
  { io, options }: CommandContext,
  file: string | undefined,
  { onName = () => Promise.resolve(), nameWillDo = false }: LoadOptions = {},
): Promise<LoadedSpec> {
  const { path, bytes } = await readStackFile(io, file, nameWillDo);
  const fromStdin = path === '-';
  const name = fromStdin ? '<stdin>' : path;
  const decoded = decode(name, bytes);
  const source = demand(decoded, decoded.ok ? null : decodeLossy(name, bytes));
  // What goes out to an engine meanwhile should not wait for the compiler.
  await turn();
  const document = demand(parseWith(await parserOf(source.value), source.value), source.value);
  const given = options.name === null ? {} : { name: options.name };
  const stack = stackNameOf(document.value, given);
  if (stack !== null) await onName(stack);
  const shape = checkShape(document.value);
  const begun = draft(document.value, given);
  // What the engine has is listed by now; it is asked for the details while the rest is compiled.
  await turn();
  const compiled = complete(begun);
  if (shape.some((problem) => problem.severity === 'error')) {
    const isForeign = shape.some(({ code }) => code === 'STK208');
    const more = isForeign ? [] : compiled.ok ? compiled.warnings : compiled.diagnostics;
    throw new DiagnosticsFailure(
      exitCode.invalidFile,
      sortDiagnostics([...document.warnings, ...shape, ...apartFrom(shape, more)]),
      source.value,
    );
  }
  const spec = demand(compiled, source.value);
  return {
    source: source.value,
    spec: spec.value,
    warnings: [...source.warnings, ...document.warnings, ...shape, ...spec.warnings],
    folder: fromStdin ? io.cwd : dirname(resolve(io.cwd, path)),
    fromStdin,
  };
}

/** The tree of a text that has been read before. */
export async function parseSource(source: SourceFile): Promise<Document> {
  return demand(parseWith(await parserOf(source), source), source).value;
}

/** Compiles a text that is at hand. Fails with 65, as a file does. */
export async function compileSource(source: SourceFile, name: string): Promise<StackSpec> {
  const document = await parseSource(source);
  const shape = checkShape(document).filter((problem) => problem.severity === 'error');
  if (shape.length > 0) throw new DiagnosticsFailure(exitCode.invalidFile, shape, source);
  return demand(complete(draft(document, { name })), source).value;
}

/** The parser of YAML is large, and loaded only for YAML. */
async function parserOf({ format }: SourceFile): Promise<Read> {
  return format === 'json' ? parseJson : (await import('../compiler/source/parse-yaml.ts')).parseYaml;
}

/** What a place of the wrong shape means is no second problem. */
function apartFrom(shape: readonly Diagnostic[], more: readonly Diagnostic[]): readonly Diagnostic[] {
  const wrong = shape.flatMap(({ span }) => (span === null ? [] : [span]));
  return more.filter(
    ({ span }) =>
      span !== null &&
      !wrong.some((other) => span.start.offset < endOf(other) && other.start.offset < endOf(span)),
  );
}

/** An empty value has a place too. */
function endOf({ start, end }: Span): number {
  return Math.max(end.offset, start.offset + 1);
}

function demand<T>(
  result: Compiled<T>,
  source: SourceFile | null,
): { readonly value: T; readonly warnings: readonly Diagnostic[] } {
  if (!result.ok) throw new DiagnosticsFailure(exitCode.invalidFile, result.diagnostics, source);
  return result;
}

async function readStackFile(
  io: Io,
  file: string | undefined,
  nameWillDo: boolean,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  if (file === '-') return { path: file, bytes: await readSome(io.stdin) };
  if (file !== undefined) return readNamed(io, file);
  return readNamed(io, findStackFile(io, nameWillDo));
}

async function readNamed(
  io: Io,
  path: string,
): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
  try {
    return { path, bytes: await readPath(resolve(io.cwd, path)) };
  } catch (error) {
    const problem = diagnostic('STK101', `\`${path}\` cannot be read: ${fileProblem(error)}`, null);
    throw new DiagnosticsFailure(exitCode.invalidFile, [problem], null);
  }
}

/** The one of the current folder. Which of several is meant, only their author knows. */
function findStackFile(io: Io, nameWillDo: boolean): string {
  const present = DEFAULT_NAMES.filter((name) => existsSync(resolve(io.cwd, name)));
  const [first, ...others] = present;
  if (first === undefined) {
    throw new CommandFailure(
      exitCode.usage,
      `there is no ${either(DEFAULT_NAMES)} in this folder`,
      nameWillDo
        ? 'change to the folder of the stack file, name it with `--file`, or use `--name STACK` for a running stack'
        : 'change to the folder of the stack file, or name it with `--file`',
    );
  }
  if (others.length > 0) {
    throw new CommandFailure(
      exitCode.usage,
      `there are ${listed(present, 'and')} in this folder: which is meant?`,
      `say so with \`--file ${first}\`, or keep only one of them`,
    );
  }
  return first;
}

/** In one go, which is faster than a stream, where the size is known. */
async function readPath(path: string): Promise<Uint8Array> {
  const found = statSync(path);
  return found.isFile() && found.size <= MOST_BYTES ? readFileSync(path) : readSome(createReadStream(path));
}

/** A device or a pipe may never end. */
async function readSome(input: AsyncIterable<string | Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    chunks.push(bytes);
    size += bytes.length;
    if (size > MOST_BYTES) break;
  }
  return Buffer.concat(chunks);
}
