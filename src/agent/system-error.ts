const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'nothing of that name',
  ENOTSOCK: 'no socket',
  EAGAIN: 'its queue of connections is full',
  ENOTFOUND: 'no such host name',
  EAI_AGAIN: 'the host name cannot be looked up',
  ENOSPC: 'the disk is full',
  EROFS: 'the volume is read-only',
};

/** An error of the system for people: its code first, since that is what everyone knows and searches for. */
export function systemError(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  const meaning = MEANINGS[code];
  return meaning === undefined ? code : `${code} (${meaning})`;
}

/** The code, or undefined when it has none. Several addresses that all failed give the first one's. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
