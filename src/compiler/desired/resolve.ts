import type { Compiled } from '../diagnostic.ts';
import type { Problems } from '../spec/problems.ts';
import type { StackSpec } from '../spec/stack-spec.ts';
import type { DesiredState } from './desired-state.ts';
import type { OperatorDatabase } from './operator-database.ts';
import type { ResolvedInputs } from './resolved-inputs.ts';
import { startResolution } from './resolution.ts';
import { runResolution } from './run-resolution.ts';

/** The code of a database that neither the file nor the operator describes: a warning of `plan`, an error of `apply`. */
export const DATABASE_MISSING = 'STK354';

/**
 * Puts everything from outside into a spec: what should be, to the last value. `STK34x` are what the outside lacks; a
 * string that only now is known can be wrong as in `compile`. Problems that `compile` told are not told again.
 */
export function resolve(spec: StackSpec, inputs: ResolvedInputs): Compiled<DesiredState> {
  const resolution = startResolution(spec, inputs, new Set());
  const desired = runResolution(spec, resolution, new Set());
  warnMissingDatabases(spec, resolution.operator, resolution.problems);
  return resolution.problems.conclude(desired);
}

function warnMissingDatabases(spec: StackSpec, operator: OperatorDatabase, problems: Problems): void {
  if (operator.variables.length > 0) return;
  for (const { database, containers } of spec.applications) {
    if (database !== null) continue;
    const [first, ...others] = containers
      .flatMap((container) =>
        container.database === null ? [] : [{ name: container.name, range: container.database }],
      )
      .sort((a, b) => a.range.start - b.range.start);
    if (first === undefined) continue;
    problems.warn(
      DATABASE_MISSING,
      operator.malformed
        ? `\`${first.name}\` wants a database, and \`DATABASE_URL\` cannot be read`
        : `\`${first.name}\` wants a database, and nothing says which`,
      first.range,
      {
        related: others.map(({ name, range }) => ({ range, message: `\`${name}\` too` })),
        help: "write the application's `database`, or set `DATABASE_URL` (or `DB_HOST` and so on) in your environment",
      },
    );
  }
}
