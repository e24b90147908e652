import type { ImportedStack } from '../../compiler/import/import-running.ts';
import { plural, printable } from './text.ts';

/** What shows what would become of those that run. */
const PLAN = 'stack plan --adopt';

/** What the reader of an imported file has to know, line by line: what is not in it, and what has to be provided. */
export function importNotes(
  { containers, leftOut, losses, secrets }: ImportedStack,
  out: string | null,
): readonly string[] {
  const lines: string[] = [];
  for (const { name, why } of leftOut) lines.push(`left out: \`${name}\`: ${why}`);
  for (const { container, text } of losses) lines.push(`not in the file: ${container}: ${text}`);
  if (secrets.length > 0) {
    lines.push(
      `${plural(secrets.length, 'secret')} ${secrets.length === 1 ? 'is' : 'are'} not in the file; provide before \`${PLAN}\`:`,
    );
    for (const { name, container, found, read } of secrets)
      lines.push(
        read === null
          ? `  ${name}: from \`${found}\` in what \`docker inspect ${container}\` shows`
          : `  export ${name}="$(${read})"`,
      );
  }
  const file = out === null || out === '-' ? 'the file' : `\`${out}\``;
  lines.push(`${plural(containers, 'container')} read, nothing changed. Read ${file}, then \`${PLAN}\`.`);
  return lines.map(printable);
}
