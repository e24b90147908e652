import { unreachable } from '../compiler/unreachable.ts';
import { EngineError } from '../runtime/engine.ts';
import type { Connection } from './connection.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from './failure.ts';
import type { CommandContext, GlobalOptions, Io } from './io.ts';
import { colorFor, writeDiagnostics, writeNote } from './output.ts';
import { paint } from './render/paint.ts';
import { printable } from './render/text.ts';

/** A command: the exit code, or a failure that {@link runCommand} puts into words. */
export type Command = (context: CommandContext) => Promise<number>;

/** Runs a command, lets its engines go, and turns what it throws into words and an exit code. Never rejects. */
export async function runCommand(io: Io, options: GlobalOptions, command: Command): Promise<number> {
  const connections: Connection[] = [];
  const context: CommandContext = {
    io,
    options,
    connect: async () => {
      const connection = await io.connect({ context: options.context, host: options.host, env: io.env });
      connections.push(connection);
      return connection;
    },
  };
  try {
    return await command(context);
  } catch (error) {
    return await explain(context, error);
  } finally {
    for (const { engine } of connections) engine.close();
  }
}

async function explain(context: CommandContext, error: unknown): Promise<number> {
  if (error instanceof DiagnosticsFailure) {
    await writeDiagnostics(context, error.diagnostics, error.source);
    if (error.help !== null && !context.options.json) writeNote(context, error.help);
    return error.exitCode;
  }
  if (error instanceof CommandFailure) {
    writeError(context, error.message, error.help, null, error.details);
    return error.exitCode;
  }
  if (error instanceof EngineError) {
    // Loaded here: a command that succeeds needs no words for failures.
    const { plainWords } = await import('../runtime/plain-words.ts');
    const { message, detail, help } = plainWords(error);
    writeError(context, `${error.operation}: ${message}`, detail === null ? engineHelp(error) : help, detail);
    return engineExitCode(error);
  }
  const message = error instanceof Error ? error.message : String(error);
  writeError(
    context,
    `this is a fault of stack itself: ${message}`,
    context.options.verbose
      ? 'please report it with the lines below'
      : 'please report it with the output of the same command and `--verbose`',
  );
  if (context.options.verbose && error instanceof Error) context.io.stderr.write(`${error.stack ?? ''}\n`);
  return exitCode.failed;
}

/** `error: …` and `help: …` on standard error; between them the engine's own words, where the message has better ones. */
function writeError(
  context: CommandContext,
  message: string,
  help: string | null,
  detail: string | null = null,
  more: readonly string[] = [],
): void {
  const brush = paint(colorFor(context, context.io.stderr));
  const lines = [`${brush('red', 'error')}: ${printable(message)}`];
  lines.push(...more.map((line) => `  ${printable(line)}`));
  if (detail !== null) lines.push(brush('dim', `the engine: ${printable(detail)}`));
  if (help !== null) lines.push(`${brush('cyan', 'help')}: ${help}`);
  context.io.stderr.write(`${lines.join('\n')}\n`);
}

function engineExitCode(error: EngineError): number {
  // Nobody there, or nobody who answers: the same to whoever called.
  const isFirst = error.operation === 'connect' && (error.kind === 'timeout' || error.kind === 'cut-off');
  if (error.kind === 'unreachable' || isFirst) {
    return exitCode.unreachable;
  }
  return error.operation === 'choose the engine' ? exitCode.usage : exitCode.failed;
}

function engineHelp(error: EngineError): string | null {
  switch (error.kind) {
    case 'unreachable':
      // The message says why, and asks what is likely.
      return '`--host` and `--context` choose another engine';
    case 'timeout':
      return 'is it overloaded, or does something between drop the call? `--host` and `--context` choose another engine';
    case 'denied':
      return 'the engine or a registry refuses: check who you are to it';
    case 'cut-off':
      if (error.operation === 'connect') return '`--host` and `--context` choose another engine';
      return 'the engine went away in the middle: see what stands with `stack plan`, then do it again';
    case 'nonsense':
      return 'is it Docker Engine that answers there? `--host` and `--context` choose another';
    case 'not-found':
    case 'conflict':
    case 'between-runs':
    case 'server':
      return 'somebody may have changed something meanwhile: see what stands with `stack plan`';
    case 'invalid':
      return null;
    default:
      return unreachable(error.kind);
  }
}
