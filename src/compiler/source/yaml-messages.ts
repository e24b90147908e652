import type { ErrorCode } from 'yaml';
import type { Code } from '../codes.ts';
import { unreachable } from '../unreachable.ts';

/** A YAML problem in our words. */
export interface YamlMessage {
  readonly code: Code;
  readonly message: string;
  readonly help: string | null;
}

const indentHelp = 'keys of one mapping, and items of one list, start in the same column';

/** What the library says about several mistakes at once, made into what a reader can act on. */
const rewritten: readonly (readonly [RegExp, string, string | null])[] = [
  [/end with a ([\]}])$/, 'expected `$1`', null],
  [/^Missing closing (['"])quote/, 'the string is not closed', 'close it with `$1`'],
  [/^Nested mappings are not allowed/, 'a mapping cannot start here', 'put text with `: ` in it in quotes'],
  [/^A block sequence may not be used/, 'a list cannot be a key', indentHelp],
  [/^Implicit map keys need/, 'expected `:` and a value after this key', null],
  [
    /^Implicit keys (?:of .* )?need to be on a single line/,
    'expected `:` on the line of this key',
    'write `key: value`',
  ],
  [/^Comments must be separated/, 'expected a blank before `#`', null],
  [/^Sequence item without/, 'expected `-` before this item', indentHelp],
];

/** Puts an error of the YAML library into the manner of our messages; null for what is no error of its own. */
export function yamlMessage(
  code: ErrorCode,
  said: string,
  text: string,
  warning: boolean,
): YamlMessage | null {
  for (const [pattern, message, help] of rewritten) {
    const match = pattern.exec(said);
    const fill = (template: string) => template.replace('$1', match?.[1] ?? '');
    if (match) return { code: 'STK102', message: fill(message), help: help && fill(help) };
  }
  switch (code) {
    case 'TAG_RESOLVE_FAILED':
    case 'BAD_COLLECTION_TYPE':
      return {
        code: 'STK109',
        message: `${text} cannot be used here`,
        help: 'a stack file needs no tags; remove it',
      };
    case 'UNEXPECTED_TOKEN':
      return {
        code: 'STK102',
        message: `${text} is not expected here`,
        help: 'check the indentation, and the line before',
      };
    case 'TAB_AS_INDENT':
      return {
        code: 'STK102',
        message: 'a tab is used as indentation',
        help: 'YAML is indented with spaces',
      };
    case 'BAD_INDENT':
      return { code: 'STK102', message: 'the indentation does not fit', help: indentHelp };
    case 'BAD_SCALAR_START':
      return { code: 'STK102', message: plain(said), help: 'put the text in quotes' };
    case 'BAD_DQ_ESCAPE':
      return { code: 'STK102', message: plain(said), help: 'in single quotes a backslash stands for itself' };
    case 'BAD_ALIAS':
      // `*name:` is only a warning there; the alias is then looked up, and reported, as `name:`.
      return warning ? null : { code: 'STK110', message: plain(said), help: null };
    case 'RESOURCE_EXHAUSTION':
      return { code: 'STK107', message: 'nested too deep', help: null };
    case 'ALIAS_PROPS':
    case 'BAD_DIRECTIVE':
    case 'BAD_PROP_ORDER':
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'BLOCK_IN_FLOW':
    case 'DUPLICATE_KEY':
    case 'IMPOSSIBLE':
    case 'KEY_OVER_1024_CHARS':
    case 'MISSING_CHAR':
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MULTIPLE_ANCHORS':
    case 'MULTIPLE_DOCS':
    case 'MULTIPLE_TAGS':
    case 'NON_STRING_KEY':
      return { code: 'STK102', message: plain(said), help: null };
    default:
      return unreachable(code);
  }
}

/** Lower case, no full stop, one line of reasonable length. */
function plain(said: string): string {
  const line = (said.split('\n', 1)[0] ?? '').slice(0, 120).replace(/\.$/, '');
  return line.charAt(0).toLowerCase() + line.slice(1);
}
