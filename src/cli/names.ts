import { nearest } from '../compiler/nearest.ts';
import type { ContainerSpec } from '../compiler/spec/container-spec.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { listed } from './render/text.ts';

/** Beyond these a list of names is only noise. */
const MOST_NAMES = 12;

/** Every name that a container or an instance of the file answers to, also behind its application's name. */
export function specNames(spec: StackSpec): ReadonlySet<string> {
  return new Set(
    spec.applications.flatMap(({ name, containers }) =>
      containers.flatMap((container) => namesOf(name, container)),
    ),
  );
}

function namesOf(
  application: string,
  { name, count }: Pick<ContainerSpec, 'name' | 'count'>,
): readonly string[] {
  const own = [name, ...Array.from({ length: count }, (_, index) => `${name}${index}`)];
  return [...own, ...own.map((one) => `${application}/${one}`)];
}

/** Fails with exit code 64, and the nearest names, for the first name that nothing answers to. */
export function demandNames(flag: string, names: readonly string[], known: ReadonlySet<string>): void {
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new CommandFailure(
    exitCode.usage,
    `${flag === '' ? '' : `\`${flag}\`: `}there is no container or instance \`${unknown}\``,
    suggestion(unknown, known),
  );
}

/** Fails with exit code 64 for the first name of a container that `--include` means nothing for. */
export function demandManual(spec: StackSpec, names: readonly string[]): void {
  for (const name of names) {
    const containers = containersOf(spec, name);
    const container = containers[0];
    if (container === undefined || containers.some(({ mode }) => mode === 'manual')) continue;
    throw new CommandFailure(
      exitCode.usage,
      `\`--include\`: \`${name}\` is \`deploy: ${container.mode}\`, and only a \`manual\` container needs it`,
      container.mode === 'cron'
        ? `each of its runs is a new container anyway; \`stack cron run ${container.name}\` runs it now`
        : `it is replaced whenever it differs; \`--force ${name}\` replaces it even when it does not`,
    );
  }
}

/** The containers of the file that a name is, or is an instance of. */
export function containersOf(spec: StackSpec, name: string): readonly ContainerSpec[] {
  return spec.applications.flatMap((application) =>
    application.containers.filter((container) => namesOf(application.name, container).includes(name)),
  );
}

/** `did you mean …?`, or what there is when nothing is near. */
export function suggestion(name: string, known: Iterable<string>): string | null {
  const all = [...known].sort();
  const near = nearest(name, all);
  if (near.length > 0) return `did you mean ${listed(quoted(near), 'or')}?`;
  const plain = all.filter((one) => !one.includes('/'));
  if (plain.length === 0) return null;
  if (plain.length > MOST_NAMES) return `there are ${quoted(plain.slice(0, MOST_NAMES)).join(', ')} and more`;
  return `there ${plain.length === 1 ? 'is' : 'are'} ${listed(quoted(plain), 'and')}`;
}

function quoted(names: readonly string[]): readonly string[] {
  return names.map((name) => `\`${name}\``);
}
