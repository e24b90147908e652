/** A piece of the file inside a message: in backticks, hidden characters written as `\u{…}`, cut at `limit` characters. */
export function quote(text: string, limit = 60): string {
  // Cut before escaping, so that a name of megabytes costs nothing.
  const head = text.length > limit ? `${text.slice(0, limit - 1)}…` : text;
  return `\`${escapeHidden(head)}\``;
}

/** Writes control, invisible and direction-changing characters as `\n`, `\t` or `\u{…}`; the rest stays. */
export function escapeHidden(text: string): string {
  // Control characters, and those that are invisible or reorder the text around them. Made here: most files have no
  // problem to tell of, and the tables of Unicode take their time.
  const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
  return text.replace(hidden, (character) => {
    if (character === '\n') return '\\n';
    if (character === '\t') return '\\t';
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
