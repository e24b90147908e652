/** How a program tells whether its configuration is right. */
export interface ConfigCheck {
  /** For people: `nginx -t`. */
  readonly shown: string;
  /** What is run in the container. */
  readonly command: readonly string[];
}

const OPTIONS: Readonly<Record<string, string>> = { nginx: '-t', 'nginx-debug': '-t', haproxy: '-c' };

/**
 * The check of the program that a container runs, with the very words that it runs it with; null where the words show no
 * program that has one. An entrypoint may stand before it (`docker-entrypoint.sh haproxy -f …`).
 */
export function configCheck(
  entrypoint: readonly string[] | null,
  command: readonly string[] | null,
): ConfigCheck | null {
  const words = [...(entrypoint ?? []), ...(command ?? [])];
  for (const [i, word] of words.entries()) {
    const program = word.slice(word.lastIndexOf('/') + 1);
    const option = Object.hasOwn(OPTIONS, program) ? OPTIONS[program] : undefined;
    if (option !== undefined) return { shown: `${program} ${option}`, command: [...words.slice(i), option] };
  }
  return null;
}
