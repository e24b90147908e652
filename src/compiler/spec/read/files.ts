import type { DocumentNode, Property } from '../../source/document.ts';
import type { FileSpec, ReloadSpec } from '../container-spec.ts';
import { parseFilePath } from '../values/file-path.ts';
import { parseSignal } from '../values/signal.ts';
import { textPlace } from '../text-place.ts';
import type { Template } from '../template.ts';
import { parseMode } from '../values/mode.ts';
import type { Fields, Reader } from './reader.ts';
import { readProgram } from './words.ts';

const MODE = '0644';

/** Reads `files`: by path, the text itself or where it is. */
export function readFiles(node: DocumentNode | undefined, reader: Reader): readonly FileSpec[] {
  const found = new Map<string, FileSpec>();
  for (const property of reader.fields(node).values()) {
    const file = readFile(property, reader);
    if (file === null) continue;
    const before = found.get(file.path);
    if (before === undefined) found.set(file.path, file);
    else {
      reader.problems.error('STK367', `\`${file.path}\` is written twice`, file.range, {
        related: [{ range: before.range, message: 'written here too' }],
      });
    }
  }
  const files = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const file of files) {
    const folder = files.find((other) => file.path.startsWith(`${other.path}/`));
    if (folder === undefined) continue;
    reader.problems.error(
      'STK367',
      `\`${file.path}\` lies in \`${folder.path}\`, which is a file`,
      file.range,
      {
        related: [{ range: folder.range, message: 'written here' }],
      },
    );
  }
  return files;
}

function readFile({ key, keyRange, value }: Property, reader: Reader): FileSpec | null {
  const path = parseFilePath(key);
  if (!path.ok) {
    reader.problems.error('STK367', path.problem.message, keyRange, { help: path.problem.help });
    return null;
  }
  const place = { path: path.value, range: keyRange };
  if (value.kind !== 'object') {
    const template = plainTemplate(value, reader);
    const content = template === null ? null : ({ kind: 'text', template } as const);
    return content === null ? null : { ...place, content, mode: MODE, user: null, reload: null };
  }
  const fields = reader.fields(value);
  const node = (name: string) => fields.get(name)?.value;
  const content = readContent(fields, reader);
  const mode = reader.parsed(node('mode'), 'STK332', parseMode) ?? MODE;
  const user = reader.text(node('user'));
  const reload = readReload(fields.get('reload'), reader);
  return content === null ? null : { ...place, content, mode, user: user?.text ?? null, reload };
}

function readContent(fields: Fields, reader: Reader): FileSpec['content'] | null {
  const interpolate = reader.flag(fields.get('interpolate')?.value) ?? false;
  const [text, file] = [fields.get('text'), fields.get('file')];
  if (text !== undefined && file !== undefined) {
    reader.problems.error('STK326', '`file` and `text` are two contents', file.keyRange, {
      related: [{ range: text.keyRange, message: 'the other one' }],
    });
    return null;
  }
  if (text !== undefined) {
    const template = interpolate ? reader.template(text.value, 'run') : plainTemplate(text.value, reader);
    return template === null ? null : { kind: 'text', template };
  }
  const source = reader.text(file?.value);
  if (source === null) return null;
  return { kind: 'file', source: source.text, place: source.place, interpolate };
}

/** A text as it is: `%{…}` in it means nothing. */
function plainTemplate(node: DocumentNode, reader: Reader): Template | null {
  const scalar = reader.scalar(node);
  if (scalar === null) return null;
  const text = String(scalar.value);
  const place = textPlace(reader.problems.source, scalar);
  return { parts: text === '' ? [] : [{ kind: 'text', text, start: 0, end: text.length }], place };
}

function readReload(property: Property | undefined, reader: Reader): ReloadSpec | null {
  if (property === undefined) return null;
  const fields = reader.fields(property.value);
  const [signal, command] = [fields.get('signal'), fields.get('command')];
  if (signal !== undefined && command !== undefined) {
    reader.problems.error('STK326', '`command` and `signal` are two ways to reload', command.keyRange, {
      related: [{ range: signal.keyRange, message: 'the other one' }],
    });
    return null;
  }
  if (command !== undefined) {
    const words = readProgram(command.value, 'run', reader);
    return words === null ? null : { kind: 'command', command: words };
  }
  if (signal === undefined) {
    if (
      property.value.kind === 'object' &&
      !reader.isMisspelt(fields, 'signal') &&
      !reader.isMisspelt(fields, 'command')
    )
      reader.problems.error('STK202', '`reload` has neither `signal` nor `command`', property.keyRange, {
        help: 'write `reload: {signal: HUP}`, or a command that makes the program read the file again',
      });
    return null;
  }
  const name = reader.parsed(signal.value, 'STK332', parseSignal);
  if (name === null) return null;
  if (!ENDING.has(name)) return { kind: 'signal', signal: name };
  reader.problems.error(
    'STK332',
    `\`${name}\` ends a program instead of making it read its files again`,
    signal.value.range,
    {
      help: 'nginx and many others take `HUP`; haproxy in master-worker mode (`-W`) takes `USR2`',
    },
  );
  return null;
}

/** Nobody can catch the first two, and no program that is known goes on after the others. */
const ENDING: ReadonlySet<string> = new Set([
  'SIGKILL',
  'SIGSTOP',
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGABRT',
]);
