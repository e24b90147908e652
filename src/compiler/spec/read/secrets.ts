import type { DocumentNode } from '../../source/document.ts';
import type { SecretSource, SecretSpec } from '../stack-spec.ts';
import type { Fields, Reader } from './reader.ts';

const KINDS = ['env', 'file', 'command'] as const;

/** Reads `secrets`, sorted by name. */
export function readSecrets(node: DocumentNode | undefined, reader: Reader): readonly SecretSpec[] {
  const secrets: SecretSpec[] = [];
  for (const [name, { keyRange, value }] of reader.fields(node)) {
    const fields = reader.fields(value);
    const kinds = KINDS.filter((kind) => fields.has(kind));
    const source = kinds.length === 1 ? readSource(fields, reader) : null;
    if (kinds.length !== 1) {
      reader.problems.error(
        'STK326',
        kinds.length === 0
          ? `the secret \`${name}\` does not say where it comes from`
          : `the secret \`${name}\` comes from two places`,
        keyRange,
        { help: 'write one of `{env: NAME}`, `{file: PATH}` and `{command: [PROGRAM, …]}`' },
      );
    }
    if (source !== null) secrets.push({ name, range: keyRange, source });
  }
  return secrets.sort((a, b) => (a.name < b.name ? -1 : 1));
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
