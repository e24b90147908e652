import type { DocumentNode, Property } from '../../source/document.ts';
import { slug } from '../values/slug.ts';
import type { Reader } from './reader.ts';

/**
 * The stack's name: the option's, else the file's, else the slug of the only application. Names that the engine
 * could not carry are problems; the empty string is returned then.
 */
export function readStackName(
  node: DocumentNode | undefined,
  option: string | null,
  applications: readonly Property[],
  reader: Reader,
): string {
  const { problems } = reader;
  for (const { key, keyRange } of applications) {
    if (slug(key) === '') {
      problems.error('STK309', `\`${key}\` cannot be an application's name`, keyRange, {
        help: 'the engine needs a name with a letter or digit of ASCII in it',
      });
    }
  }
  const written = reader.text(node, 'written');
  const name = option ?? written?.text ?? null;
  if (name !== null) {
    if (name !== '' && slug(name) === name) return name;
    const better = slug(name);
    problems.error(
      'STK309',
      `\`${name}\` cannot be a stack's name`,
      option === null ? (written?.place.range ?? null) : null,
      {
        help: `a stack's name has lower-case letters, digits and single \`-\`${better === '' ? '' : `: \`${better}\``}`,
      },
    );
    return better;
  }
  const [only, second] = applications;
  if (only !== undefined && second === undefined) return slug(only.key);
  if (only === undefined) {
    problems.error('STK310', 'the stack has no name, and no application to take it from', null, {
      help: 'write `name` at the top of the file, or use `--name`',
    });
  } else if (second !== undefined) {
    problems.error(
      'STK310',
      'the stack has no name, and several applications to take it from',
      second.keyRange,
      {
        help: 'write `name` at the top of the file, or use `--name`',
      },
    );
  }
  return '';
}
