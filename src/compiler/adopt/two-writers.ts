import type { DesiredState } from '../desired/desired-state.ts';
import { diagnostic, type Diagnostic } from '../diagnostic.ts';
import type { Candidates } from './candidates.ts';

/** The code of a volume that what runs and what would be made would both write: a warning of `plan`, an error of `apply`. */
export const TWO_WRITERS = 'STK430';

/** Without `--adopt` a second one would be made beside what runs: where only that instance writes a volume, two would write its files. */
export function twoWriters(found: readonly Candidates[], desired: DesiredState): readonly Diagnostic[] {
  const writers = new Map<string, number>();
  for (const { instances } of desired.containers)
    for (const instance of instances)
      for (const volume of new Set(written(instance))) writers.set(volume, (writers.get(volume) ?? 0) + 1);
  return found.flatMap(({ container, instance, found: strangers }) =>
    strangers.flatMap(({ name, writes }) => {
      const volume = written(instance).find((one) => writers.get(one) === 1 && writes.includes(one));
      if (volume === undefined) return [];
      return [
        diagnostic(
          TWO_WRITERS,
          `\`${instance.name}\` and container \`${name}\`, which runs outside of the stack, would both write volume \`${volume}\``,
          container.span,
          {
            severity: 'warning',
            help: `\`stack apply --adopt\` takes \`${name}\` over; if it is something else, stop it first, or \`"adopt": []\` for \`${container.name}\``,
          },
        ),
      ];
    }),
  );
}

function written({ spec }: Candidates['instance']): readonly string[] {
  return spec.mounts.flatMap(({ type, source, readOnly }) =>
    type === 'volume' && !readOnly ? [source] : [],
  );
}
