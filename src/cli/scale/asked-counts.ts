import { hourAt } from '../../compiler/scale/hours.ts';
import type { ContainerKey } from '../../compiler/desired/desired-state.ts';
import type { ContainerSpec } from '../../compiler/spec/container-spec.ts';
import type { StackSpec } from '../../compiler/spec/stack-spec.ts';
import { exitCode } from '../exit-code.ts';
import { CommandFailure } from '../failure.ts';
import { suggestion } from '../names.ts';
import { listed, minute, plural } from '../render/text.ts';

/** Another number of instances that is asked for. */
export interface AskedCount {
  readonly container: ContainerKey;
  /** As it was named. */
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Reads `NAME=N…`. `nowMs`: the limits of that hour hold as well; null: the scaler asks, who keeps them by its own clock. Fails with 64
 * for what cannot be, with 1 for a container whose number is only in the file.
 */
export function askedCounts(
  words: readonly string[],
  spec: StackSpec,
  nowMs: number | null,
): readonly AskedCount[] {
  const asked = words.map((word) => askedCount(word, spec, nowMs));
  const twice = asked.find(({ container }, i) => asked.findIndex((one) => one.container === container) < i);
  if (twice !== undefined)
    throw new CommandFailure(exitCode.usage, `\`${twice.name}\` is asked for twice`, 'say one number for it');
  return asked;
}

function askedCount(word: string, spec: StackSpec, nowMs: number | null): AskedCount {
  const [, name = '', digits = ''] = /^(.+)=(\d{1,4})$/.exec(word) ?? [];
  if (name === '')
    throw new CommandFailure(
      exitCode.usage,
      `\`${word}\` is no container with a number`,
      'write the name as in the file and how many there are to be: `app=4`',
    );
  const container = containerNamed(name, spec);
  const { scale, count, key } = container;
  const to = Number(digits);
  if (scale === null) throw unscaled(name, container, to);
  if (to < scale.min || to > scale.max) {
    const bound = to < scale.min ? 'min' : 'max';
    throw new CommandFailure(
      exitCode.usage,
      `\`${name}\` can have ${scale.min} to ${plural(scale.max, 'instance')}, not ${to}`,
      `change \`${bound}\` of its \`scale\` in the stack file, and \`stack apply\``,
    );
  }
  if (nowMs !== null) demandHour(name, to, scale, nowMs);
  return { container: key, name, from: count, to };
}

/** Fails with 64 where the scaler would take it back at its next look. */
function demandHour(
  name: string,
  to: number,
  scale: NonNullable<ContainerSpec['scale']>,
  nowMs: number,
): void {
  const { min, max, untilMs } = hourAt(scale, nowMs);
  if (to >= min && to <= max) return;
  const until = untilMs === null ? '' : `, until ${minute(untilMs)} UTC`;
  throw new CommandFailure(
    exitCode.usage,
    `\`${name}\` can have ${min === max ? '' : `${min} to `}${plural(max, 'instance')} at this hour${until}, not ${to}`,
    `${untilMs === null ? '' : 'wait until then, or '}change the \`schedule\` of its \`scale\` in the stack file, and \`stack apply\``,
  );
}

function unscaled(name: string, { mode, count }: ContainerSpec, to: number): CommandFailure {
  const how =
    mode === 'auto'
      ? `write \`scale: {min: ${Math.min(count, Math.max(to, 1))}, max: ${Math.max(count, to)}}\` for it and \`stack apply\`, or change \`containers\``
      : `it is \`deploy: ${mode}\`, and only \`auto\` can be scaled`;
  return new CommandFailure(
    exitCode.failed,
    `the number of instances of \`${name}\` is what the stack file says: it has no \`scale\``,
    how,
  );
}

function containerNamed(name: string, { applications }: StackSpec): ContainerSpec {
  const all = applications.flatMap(({ containers }) => containers);
  const found = all.filter((one) => one.name === name || one.key === name);
  const [first, ...others] = found;
  if (first === undefined) {
    const owner = all.find((one) => name.startsWith(one.name) && /^\d+$/.test(name.slice(one.name.length)));
    throw new CommandFailure(
      exitCode.usage,
      owner === undefined
        ? `there is no container \`${name}\``
        : `\`${name}\` is one instance of \`${owner.name}\``,
      owner === undefined
        ? suggestion(
            name,
            all.map((one) => one.name),
          )
        : `name the container: \`${owner.name}=N\``,
    );
  }
  if (others.length > 0)
    throw new CommandFailure(
      exitCode.usage,
      `there are several containers \`${name}\``,
      `say which: ${listed(
        found.map(({ key }) => `\`${key}\``),
        'or',
      )}`,
    );
  return first;
}
