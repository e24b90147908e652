import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

import {
  importRunning,
  type ImportedStack,
  type NothingImported,
} from '../../compiler/import/import-running.ts';
import { renderJson, renderYaml } from '../../compiler/import/render-file.ts';
import { decode } from '../../compiler/source/decode.ts';
import { slug } from '../../compiler/spec/values/slug.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { lookAround } from '../../runtime/import/look-around.ts';
import { confirm } from '../confirm.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure, DiagnosticsFailure } from '../failure.ts';
import { fileProblem } from '../file-problem.ts';
import type { CommandContext } from '../io.ts';
import { writeData, writeNote } from '../output.ts';
import { importNotes } from '../render/import-notes.ts';
import { compileSource } from '../stack-file.ts';
import { writeWhole } from '../write-whole.ts';

/**
 * `stack import running [NAME…]`: writes a first stack file from what runs, to standard output or to `out`; whatever is not
 * in it goes to standard error. Changes nothing on the engine. Fails with 64 for a name that is not there or a stack's name
 * that none can have, with 1 where nothing is left to write and where a file is not to be overwritten.
 */
export async function importStack(
  context: CommandContext,
  names: readonly string[],
  { out }: { readonly out: string | null },
): Promise<number> {
  const stack = context.options.name;
  if (stack !== null) demandStackName(stack);
  const { engine } = await context.connect();
  const imported = importRunning(await lookAround(engine), { names, stack });
  if (imported.kind !== 'stack') throw nothing(imported);
  const isJson = context.options.json || out?.toLowerCase().endsWith('.json') === true;
  const text = isJson ? renderJson(imported) : renderYaml(imported);
  await demandSound(text, isJson ? 'stack.json' : 'stack.yaml', imported);
  if (out === null || out === '-') writeData(context, text);
  else await save(context, out, text);
  for (const line of importNotes(imported, out)) writeNote(context, line);
  return exitCode.done;
}

function demandStackName(name: string): void {
  if (name !== '' && slug(name) === name) return;
  const better = slug(name);
  throw new CommandFailure(
    exitCode.usage,
    `\`${name}\` cannot be a stack's name`,
    `a stack's name has lower-case letters, digits and single \`-\`${better === '' ? '' : `: \`${better}\``}`,
  );
}

function nothing(imported: NothingImported): CommandFailure {
  switch (imported.kind) {
    case 'unknown': {
      const [first] = imported.unknown;
      const near = first?.near.map((name) => `\`${name}\``).join(' or ') ?? '';
      return new CommandFailure(
        exitCode.usage,
        `no container and no Compose project is called ${imported.unknown.map(({ name }) => `\`${name}\``).join(', ')}`,
        near === '' ? '`docker ps --all` lists them' : `did you mean ${near}?`,
      );
    }
    case 'nothing':
      return new CommandFailure(
        exitCode.failed,
        'nothing runs here that a stack file could be made of',
        null,
        imported.leftOut.map(({ name, why }) => `\`${name}\` is left out: ${why}`),
      );
    default:
      return unreachable(imported);
  }
}

/** What is written must be read. That it cannot be is a fault of ours, and better told than written. */
async function demandSound(text: string, name: string, { stack }: ImportedStack): Promise<void> {
  try {
    const decoded = decode(name, Buffer.from(text));
    if (!decoded.ok) throw new DiagnosticsFailure(exitCode.invalidFile, decoded.diagnostics, null);
    await compileSource(decoded.value, stack);
  } catch (error) {
    if (!(error instanceof DiagnosticsFailure)) throw error;
    const problems = error.diagnostics.filter(({ severity }) => severity === 'error');
    throw new Error(
      `the file that it made does not compile: ${problems.map(({ code, message }) => `${code} ${message}`).join('; ')}`,
      { cause: error },
    );
  }
}

/** Whole or not at all. */
async function save(context: CommandContext, path: string, text: string): Promise<void> {
  const target = resolve(context.io.cwd, path);
  if (existsSync(target)) {
    await confirm(context, {
      text: `\`${path}\` is there already. Overwrite it? Type \`yes\`:`,
      answers: ['yes'],
      stdinTaken: false,
    });
  }
  try {
    writeWhole(target, text);
  } catch (error) {
    throw new CommandFailure(exitCode.failed, `\`${path}\` cannot be written: ${fileProblem(error)}`);
  }
}
