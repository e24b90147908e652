/** Stays up and does nothing until asked to stop: sessions are started beside it by exec. */
export function idle(): void {
  // The kernel gives a container's first process no default action for signals.
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  // Keeps the event loop alive; the longest delay that a timer takes.
  setInterval(() => undefined, 2 ** 31 - 1);
  process.stdout.write('the agent is up\n');
}
