import type { DocumentNode } from '../../source/document.ts';
import type { EnvEntry } from '../application-spec.ts';
import { isSensitiveName } from '../sensitive-name.ts';
import { plainText, type Template } from '../template.ts';
import type { TemplateRule } from '../template-rules.ts';
import type { Range } from '../../span.ts';
import type { Reader } from './reader.ts';

/** Reads an object of variables, sorted by name. Numbers and booleans are text, as they are written. */
export function readEnvironment(node: DocumentNode | undefined, reader: Reader): readonly EnvEntry[] {
  const entries = readEntries(node, 'run', reader);
  for (const entry of entries) {
    if (entry.name === '' || /[=\0]/.test(entry.name)) {
      reader.problems.error('STK332', `\`${entry.name}\` is not a variable's name`, entry.range, {
        help: 'a name is not empty and holds no `=`',
      });
    }
    warnLiteralSecret(entry.name, entry.value, entry.range, reader);
  }
  return entries;
}

/** Reads an object of strings, sorted by key. */
export function readEntries(
  node: DocumentNode | undefined,
  rule: TemplateRule,
  reader: Reader,
): readonly EnvEntry[] {
  const entries: EnvEntry[] = [];
  if (node === undefined) return entries;
  if (node.kind !== 'object') {
    reader.wrongType(node, 'an object');
    return entries;
  }
  // Not `fields`: a variable or label may be called `x-…`.
  for (const { key, keyRange, value: member } of node.properties) {
    const value = reader.template(member, rule);
    if (value === null) continue;
    warnRewrittenNumber(member, reader);
    entries.push({ name: key, range: keyRange, value });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** YAML reads `1.10` as 1.1, and nobody who writes a version means that. */
function warnRewrittenNumber(node: DocumentNode, reader: Reader): void {
  if (node.kind !== 'scalar' || typeof node.value !== 'number') return;
  const written = reader.problems.source.text.slice(node.range.start, node.range.end);
  const read = String(node.value);
  if (written === read) return;
  reader.problems.warn('STK356', `\`${written}\` is a number and read as \`${read}\``, node.range, {
    help: `write \`"${written}"\` to keep the text`,
  });
}

/** Warns of a secret that stands in the file for everybody to read. */
export function warnLiteralSecret(name: string, value: Template, range: Range, reader: Reader): void {
  const text = plainText(value);
  // Where a secret's file lies is no secret.
  if (text === null || text === '' || text.startsWith('/') || !isSensitiveName(name)) return;
  if (/^(true|false|yes|no|\d{1,4})$/i.test(text)) return;
  reader.problems.warn(
    'STK353',
    `the value of \`${name}\` stands in the file for everybody to read`,
    value.place.range,
    {
      help: `declare it under \`secrets\` and write \`%{secret:${name}}\``,
      related: [{ range, message: 'its name speaks of a secret' }],
    },
  );
}
