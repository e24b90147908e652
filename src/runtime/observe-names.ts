import type { DesiredState } from '../compiler/desired/desired-state.ts';
import { templateName } from '../compiler/names.ts';
import type { ObservedState } from '../compiler/observed/observed-state.ts';
import type { Engine } from './engine.ts';

/** Names of instances and templates that containers of others have; the engine is asked only where one is not there under its name. */
export async function foreignNames(
  engine: Pick<Engine, 'listContainers'>,
  observed: ObservedState,
  desired: DesiredState,
): Promise<readonly string[]> {
  const own = new Set([...observed.containers, ...observed.templates].map(({ engineName }) => engineName));
  const lacking = desired.containers
    .flatMap(({ mode, application, name, instances }) =>
      mode === 'cron'
        ? [templateName(desired.stack, application, name)]
        : instances.map(({ engineName }) => engineName),
    )
    .filter((name) => !own.has(name));
  if (lacking.length === 0) return [];
  const present = new Set((await engine.listContainers([])).map(({ name }) => name));
  return lacking.filter((name) => present.has(name)).sort();
}
