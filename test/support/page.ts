import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './stack-cli.ts';

/** A part of a page of examples, in its order. */
export type PagePart =
  | { readonly kind: 'file'; readonly heading: string; readonly name: string; readonly text: string }
  | { readonly kind: 'command'; readonly heading: string; readonly words: string; readonly output: string };

/** The files and commands of a page: blocks of ```` ```json NAME ````, and of ```` ```console ```` with `$` before each command. */
export function pageParts(page: string): readonly PagePart[] {
  const parts: PagePart[] = [];
  let heading = '';
  for (const [, title, kind, name, text = ''] of page.matchAll(
    /^## (.+)$|^```(json|console)(?: (\S+))?\n([\s\S]*?)^```$/gm,
  )) {
    if (title !== undefined) heading = title;
    else if (kind === 'json' && name !== undefined) parts.push({ kind: 'file', heading, name, text });
    else if (kind === 'console') {
      for (const [, words = '', output = ''] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm))
        parts.push({ kind: 'command', heading, words, output });
    }
  }
  return parts;
}

/** What a command of a page said, as one who reads it in a terminal sees it. `env` keeps what it exports. */
export async function sayOnPage(words: string, folder: string, env: Record<string, string>): Promise<string> {
  const [, name, value] = /^export (\w+)=(.*)$/.exec(words) ?? [];
  if (name !== undefined && value !== undefined) {
    env[name] = value;
    return '';
  }
  const { stdout } = await command('sh', ['-c', `exec 2>&1; ${words}`], { cwd: folder, env });
  return stdout;
}

/** Writes a file of a page. */
export function writeOnPage(folder: string, { name, text }: PagePart & { readonly kind: 'file' }): void {
  writeFileSync(join(folder, name), text);
}

/** What a page says that a command says: `…` stands for anything, alone in a line for any lines; ids of images for any others. */
export function asPattern(output: string): RegExp {
  const lines = output
    .trimEnd()
    .split('\n')
    .map((line) => (line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(literally).join('.*?')}\\n`));
  return new RegExp(`^${lines.join('')}$`);
}

/** An output as {@link asPattern} wants it: no blanks at ends of lines, columns one blank apart. */
export function comparable(output: string): string {
  const text = output.replaceAll(/ +/g, ' ').replaceAll(/ +$/gm, '').trimEnd();
  return text === '' ? '\n' : `${text}\n`;
}

function literally(text: string): string {
  return text
    .replaceAll(/ +/g, ' ')
    .replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&')
    .replaceAll(/\b[0-9a-f]{12}\b/g, '[0-9a-f]{12}');
}
