import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';

/** The revision that a word names, from 1; null without one; wrong usage where it is no number. */
export function revisionOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new CommandFailure(
    exitCode.usage,
    `\`${text}\` is no revision: they are numbers from 1`,
    /\.(json|ya?ml)$/.test(text)
      ? `the stack file is named by an option: \`stack history --file ${text}\``
      : '`stack history` lists them',
  );
}
