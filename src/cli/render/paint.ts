import { styleText } from 'node:util';

/** The few styles that the output uses. */
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

/** Puts a style on a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** Colours on or off for a whole output; whether is decided once, by `usesColor`. */
export function paint(color: boolean): Paint {
  // Not validated against a stream: `usesColor` has asked the stream that is really written to.
  return color ? (style, text) => styleText(style, text, { validateStream: false }) : (_style, text) => text;
}

/** What deciding about colour needs to know of a stream. */
export interface MaybeTerminal {
  readonly isTTY?: boolean | undefined;
}

/**
 * Whether to colour: `--no-color` and `NO_COLOR` (https://no-color.org) say no, `FORCE_COLOR` other than 0 says yes,
 * else only a terminal that can.
 */
export function usesColor(
  stream: MaybeTerminal,
  env: Readonly<Record<string, string | undefined>>,
  allowed: boolean,
): boolean {
  if (!allowed || (env['NO_COLOR'] ?? '') !== '') return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
