import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';

/** `--file`, which every command takes that is about a stack. */
export interface FileFlag {
  readonly file?: string | undefined;
}

/** The stack file of a command that takes it as an argument too. Fails with 64 for two. */
export function oneFile(argument: string | undefined, { file }: FileFlag): string | undefined {
  if (argument === undefined || file === undefined) return argument ?? file;
  throw new CommandFailure(
    exitCode.usage,
    `two stack files: \`${file}\` by \`--file\`, and \`${argument}\``,
    'name one of them',
  );
}

/** Fails with 64 for arguments of a command that takes none. */
export function demandNoArguments(command: string, words: readonly string[]): void {
  const [first] = words;
  if (first === undefined) return;
  throw new CommandFailure(
    exitCode.usage,
    `\`stack ${command}\` takes no argument, and got \`${first}\``,
    /\.(json|ya?ml)$/.test(first)
      ? `the stack file is named by an option: \`stack ${command} --file ${first}\``
      : `\`stack help ${command}\` tells more`,
  );
}

/**
 * Fails with 64 for a command inside with options and no `--` before it: whose options they are, nobody could tell.
 * `words` is the command line, `name` and `command` what was understood of it.
 */
export function demandSeparator(
  subcommand: 'exec' | 'run',
  words: readonly string[],
  name: string,
  command: readonly string[],
): void {
  if (words.includes('--')) return;
  const [first] = command;
  const unknown = [name, first].find((word) => word?.startsWith('-'));
  if (unknown !== undefined) {
    throw new CommandFailure(
      exitCode.usage,
      `unknown option \`${unknown}\``,
      `\`stack help ${subcommand}\` tells more; a command with options goes behind \`--\``,
    );
  }
  if (first === undefined) return;
  const inside = words.slice(words.indexOf(first, words.indexOf(name, words.indexOf(subcommand)) + 1));
  if (!inside.some((word) => /^-./.test(word))) return;
  throw new CommandFailure(
    exitCode.usage,
    'a command with options needs `--` before it',
    `\`stack ${subcommand} ${name} -- ${inside.join(' ')}\`; options of stack's own stand before the name`,
  );
}
