import { labels } from '../compiler/labels.ts';
import type { Phase } from '../compiler/observed/observed-state.ts';
import type { ContainerSummary, Engine } from '../runtime/engine.ts';
import { phaseOf } from '../runtime/observe.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { suggestion } from './names.ts';

/** A generation of an instance, as one row of the container list tells it. */
export interface ListedInstance {
  readonly summary: ContainerSummary;
  readonly engineName: string;
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number;
  readonly phase: Phase;
}

/** Every generation of every instance of a stack, by one list call; sorted by application, instance and generation. */
export async function listInstances(engine: Engine, stack: string): Promise<readonly ListedInstance[]> {
  const summaries = await engine.listContainers([`${labels.stack}=${stack}`, `${labels.role}=instance`]);
  return summaries
    .map((summary): ListedInstance => {
      const engineName = summary.name.replace(/^\//, '');
      return {
        summary,
        engineName,
        application: summary.labels[labels.application] ?? '',
        container: summary.labels[labels.container] ?? '',
        instance: summary.labels[labels.instance] ?? engineName,
        generation: Number(summary.labels[labels.generation] ?? '0') || 0,
        phase: phaseOf(engineName),
      };
    })
    .sort(
      (a, b) =>
        byName(a.application, b.application) || byName(a.instance, b.instance) || a.generation - b.generation,
    );
}

/**
 * What a NAME means: an instance, a container for all of its instances, either behind `application/`, or the very
 * name of a container on the engine. Fails with 64 and the nearest names; with 1 when there is nothing of the stack.
 */
export function selectInstances(
  all: readonly ListedInstance[],
  stack: string,
  name: string | undefined,
): readonly ListedInstance[] {
  if (all.length === 0) {
    throw new CommandFailure(
      exitCode.failed,
      `nothing of stack \`${stack}\` is on this engine`,
      '`stack apply` makes it; `--host` and `--context` choose another engine',
    );
  }
  if (name === undefined) return all;
  const found = all.filter((one) => namesOf(one).includes(name));
  if (found.length > 0) return found;
  const known = new Set(all.flatMap(namesOf));
  throw new CommandFailure(
    exitCode.usage,
    `stack \`${stack}\` has no container or instance \`${name}\` on this engine`,
    suggestion(name, known),
  );
}

function namesOf({ application, container, instance, engineName, phase }: ListedInstance): readonly string[] {
  const own = [container, instance, `${application}/${container}`, `${application}/${instance}`];
  // Generations that are not current answer to their full names as well; the current one's would only add noise.
  return phase === 'current' && engineName.endsWith(instance) ? own : [...own, engineName];
}

/** Code units, but numbers by their value: `app2` before `app10`. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
