import type { DocumentNode } from '../../source/document.ts';
import type { SecretSource, SecretSpec } from '../stack-spec.ts';
import type { Range } from '../../span.ts';
import type { Fields, Reader } from './reader.ts';

const KINDS: ReadonlySet<string> = new Set(['env', 'file', 'command']);

/** Reads `secrets`, sorted by name. */
export function readSecrets(node: DocumentNode | undefined, reader: Reader): readonly SecretSpec[] {
  const secrets: SecretSpec[] = [];
  for (const [name, { keyRange, value }] of reader.fields(node)) {
    const fields = reader.fields(value);
    const source =
      value.kind === 'object' && isOne(name, keyRange, fields, reader) ? readSource(fields, reader) : null;
    if (source !== null) secrets.push({ name, range: keyRange, source });
  }
  return secrets.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a secret has one source. The shape says so too, at the same places. */
function isOne(name: string, range: Range, fields: Fields, { problems }: Reader): boolean {
  const [first, second] = [...fields.values()].filter(({ key }) => KINDS.has(key));
  if (first !== undefined && second === undefined) return true;
  problems.error(
    'STK326',
    second === undefined
      ? `the secret \`${name}\` does not say where it comes from`
      : `the secret \`${name}\` comes from two places`,
    second?.keyRange ?? range,
    { help: 'write one of `{env: NAME}`, `{file: PATH}` and `{command: [PROGRAM, …]}`' },
  );
  return false;
}

function readSource(fields: Fields, reader: Reader): SecretSource | null {
  const command = fields.get('command');
  if (command !== undefined) {
    const words = reader.texts(command.value).map(({ text }) => text);
    if (words.length > 0) return { kind: 'command', command: words };
    reader.problems.error('STK313', 'the command is empty', command.value.range);
    return null;
  }
  const env = reader.text(fields.get('env')?.value);
  if (env !== null) return { kind: 'env', name: env.text };
  const file = reader.text(fields.get('file')?.value);
  return file === null ? null : { kind: 'file', path: file.text };
}
