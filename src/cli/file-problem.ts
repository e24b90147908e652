const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
};

/** Why a file cannot be read or written, as the end of a sentence; `own`: other words, by the system's code. */
export function fileProblem(error: unknown, own: Readonly<Record<string, string>> = {}): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return own[code] ?? WORDS[code] ?? error.message;
}
