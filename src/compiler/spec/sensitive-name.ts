/** Whether a name speaks of something that must not be shown: then its value is masked wherever it appears. */
export function isSensitiveName(name: string): boolean {
  return /key|token|password|passwd|secret|dsn|credential|private/i.test(name);
}
