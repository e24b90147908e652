/** How a program tells whether its configuration is right. */
export interface ConfigCheck {
  readonly program: 'nginx' | 'haproxy';
  /** For people: `nginx -t`. */
  readonly shown: string;
  /** What is run in the container. */
  readonly command: readonly string[];
}

const CHECKS = {
  nginx: { program: 'nginx', option: '-t' },
  'nginx-debug': { program: 'nginx', option: '-t' },
  haproxy: { program: 'haproxy', option: '-c' },
} as const;

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
    const name = word.slice(word.lastIndexOf('/') + 1);
    if (!isChecked(name)) continue;
    const { program, option } = CHECKS[name];
    return { program, shown: `${name} ${option}`, command: [...words.slice(i), option] };
  }
  return null;
}

function isChecked(name: string): name is keyof typeof CHECKS {
  return Object.hasOwn(CHECKS, name);
}
