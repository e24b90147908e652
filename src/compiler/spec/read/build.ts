import type { BuildSpec } from '../container-spec.ts';
import { isSensitiveName } from '../sensitive-name.ts';
import type { Template } from '../template.ts';
import { readEntries } from './environment.ts';
import type { Fields, Reader, Text } from './reader.ts';

/** What docker's own builders would fetch: `https://…`, `git@host:…`, `github.com/…`. */
const ELSEWHERE = /^(?:[a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/i;

/** Reads `build`: a folder, or `{context, dockerfile, args, target, platform}`; null when absent or wrong. */
export function readBuild(container: Fields, reader: Reader): BuildSpec | null {
  const build = container.get('build');
  if (build === undefined) return null;
  const { keyRange: range, value } = build;
  const isFolder = value.kind !== 'object';
  const fields: Fields = isFolder ? new Map() : reader.fields(value);
  const node = (key: string) => fields.get(key)?.value;
  const here: Text = { text: '.', place: { range, exact: null } };
  const folder = isFolder ? value : node('context');
  const written = folder === undefined ? here : readContext(reader.text(folder), reader);
  const context = written?.text === '' ? { ...written, text: here.text } : written;
  const [dockerfile, target] = [reader.text(node('dockerfile')), reader.text(node('target'))];
  const args = readArgs(fields, reader);
  reportTags(container, reader);
  if (context === null) return null;
  return { range, context, dockerfile: dockerfile?.text || 'Dockerfile', args, target: target?.text || null };
}

/** The container's `platform`, which what is built for it may say in its place. */
export function readPlatform(container: Fields, reader: Reader): Template | null {
  const own = container.get('platform');
  const build = container.get('build');
  const built = build?.value.kind === 'object' ? reader.fields(build.value).get('platform') : undefined;
  if (own !== undefined && built !== undefined)
    reader.problems.error('STK326', '`platform` stands in `build` and beside it', built.keyRange, {
      related: [{ range: own.keyRange, message: 'written here too' }],
      help: 'keep one of the two: the image is built for the platform that the container runs on',
    });
  return reader.template((own ?? built)?.value, 'shared');
}

function readContext(text: Text | null, reader: Reader): Text | null {
  if (text === null || !ELSEWHERE.test(text.text)) return text;
  reader.problems.error('STK369', `\`${text.text}\` is no folder of this machine`, text.place.range, {
    help: 'check it out beside the stack file, and write that folder',
  });
  return null;
}

function readArgs(fields: Fields, reader: Reader): BuildSpec['args'] {
  const args = readEntries(fields.get('args')?.value, 'built', reader);
  for (const { name, range } of args) {
    if (!/^[a-zA-Z_]\w*$/.test(name))
      reader.problems.error('STK332', `\`${name}\` is not a build argument's name`, range, {
        help: 'a name has letters, digits and `_`, and begins with no digit',
      });
    else if (isSensitiveName(name))
      reader.problems.warn('STK370', `whoever has the image can read the build argument \`${name}\``, range, {
        help: 'a secret belongs into `env`, which the container gets when it runs',
      });
  }
  return args;
}

/** The tag says what was built. */
function reportTags(container: Fields, reader: Reader): void {
  const tag = container.get('tag');
  if (tag === undefined) return;
  reader.problems.error('STK326', '`tag` cannot stand beside `build`', tag.keyRange, {
    help: 'take it out: the tag of what is built is made from its content',
  });
}
