import { nearest } from '../compiler/nearest.ts';
import type { StackSpec } from '../compiler/spec/stack-spec.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { listed } from './render/text.ts';

/** Beyond these a list of names is only noise. */
const MOST_NAMES = 12;

/** Every name that a container or an instance of the file answers to, also behind its application's name. */
export function specNames(spec: StackSpec): ReadonlySet<string> {
  const names = new Set<string>();
  for (const application of spec.applications) {
    for (const { name, count } of application.containers) {
      for (const own of [name, ...Array.from({ length: count }, (_, index) => `${name}${index}`)]) {
        names.add(own);
        names.add(`${application.name}/${own}`);
      }
    }
  }
  return names;
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
