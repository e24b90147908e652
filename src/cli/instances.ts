import { labels } from '../compiler/labels.ts';
import type { ContainerState, Phase } from '../compiler/observed/observed-state.ts';
import { withAdopted } from '../runtime/adopt/with-adopted.ts';
import type { ContainerSummary, Engine } from '../runtime/engine.ts';
import { phaseOf } from '../runtime/observe.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { containersOf, specNames, suggestion } from './names.ts';
import type { NamedStack } from './stack-name.ts';
import { demandStack } from './stacks.ts';

/** What a container of a stack is for. Agents have commands of their own, and are in no other list. */
type ListedRole = 'instance' | 'migration' | 'run' | 'agent';

/** A container of a stack, as one row of the container list tells it. */
export interface ListedContainer {
  readonly id: string;
  readonly engineName: string;
  readonly state: ContainerState;
  readonly role: ListedRole;
  readonly application: string;
  readonly container: string;
  readonly instance: string;
  readonly generation: number;
  readonly phase: Phase;
}

/** Every generation of every instance, every migration and every run of a stack, by one list call, two where any was adopted; sorted. */
export async function listContainers(engine: Engine, stack: string): Promise<readonly ListedContainer[]> {
  const summaries = await withAdopted(engine, await engine.listContainers([`${labels.stack}=${stack}`]));
  return summaries
    .flatMap((summary) => listed(summary) ?? [])
    .sort(
      (a, b) =>
        byName(a.application, b.application) || byName(a.instance, b.instance) || a.generation - b.generation,
    );
}

/** Null for what is no container of this kind. */
export function listed({
  id,
  name,
  state,
  labels: own,
}: Pick<ContainerSummary, 'id' | 'name' | 'state' | 'labels'>): ListedContainer | null {
  const role = own[labels.role];
  if (role !== 'instance' && role !== 'migration' && role !== 'run') return null;
  const engineName = name.replace(/^\//, '');
  return {
    id,
    engineName,
    state,
    role,
    application: own[labels.application] ?? '',
    container: own[labels.container] ?? '',
    instance: own[labels.instance] ?? engineName,
    generation: Number(own[labels.generation] ?? '0') || 0,
    phase: phaseOf(engineName),
  };
}

/**
 * Whether a NAME means a container: an instance, a container for all of its instances, either behind `application/`,
 * or the very name on the engine, which is the only one of migrations and runs. Without a name, every instance.
 */
export function isMeant(one: ListedContainer, names: readonly string[]): boolean {
  return names.length === 0 ? one.role === 'instance' : namesOf(one).some((name) => names.includes(name));
}

/**
 * What NAMEs mean on the engine. Fails with 64 and the nearest names for one that nobody knows, with 1 for one that
 * only the file knows, and when there is nothing of the stack.
 */
export async function selectContainers(
  engine: Engine,
  named: NamedStack,
  all: readonly ListedContainer[],
  names: readonly string[],
): Promise<readonly ListedContainer[]> {
  if (all.length === 0) await demandAny(engine, named, names);
  for (const name of names) if (!all.some((one) => isMeant(one, [name]))) throw absent(named, all, name);
  return all.filter((one) => isMeant(one, names));
}

/** Fails with 64 for a name that neither the file nor the engine knows; a file is what must be there to tell. */
export function demandKnown(
  { stack, spec }: NamedStack,
  all: readonly ListedContainer[],
  names: readonly string[],
): void {
  const known = new Set([...(spec === null ? [] : specNames(spec)), ...all.flatMap(namesOf)]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined || known.size === 0) return;
  throw new CommandFailure(
    exitCode.usage,
    `stack \`${stack}\` has no container or instance \`${unknown}\``,
    /\.(json|ya?ml)$/.test(unknown)
      ? `a stack file is named by an option: \`--file ${unknown}\``
      : suggestion(unknown, known),
  );
}

/** Fails with 1 for a `cron` container that is not there: nothing of it ever starts by itself. */
export function demandDaemons(
  named: NamedStack,
  all: readonly ListedContainer[],
  names: readonly string[],
): void {
  for (const name of names) {
    const [container] = named.spec === null ? [] : containersOf(named.spec, name);
    if (container?.mode === 'cron' && !all.some((one) => isMeant(one, [name])))
      throw absent(named, all, name);
  }
}

async function demandAny(engine: Engine, named: NamedStack, names: readonly string[]): Promise<void> {
  const { stack, spec } = named;
  // Without a file, the name itself may be the mistake.
  if (spec === null) return demandStack(engine, stack);
  const [name] = names;
  if (name !== undefined) throw absent(named, [], name);
  throw new CommandFailure(
    exitCode.failed,
    `nothing of stack \`${stack}\` is on this engine`,
    '`stack apply` makes it; `--host` and `--context` choose another engine',
  );
}

function absent(named: NamedStack, all: readonly ListedContainer[], name: string): CommandFailure {
  demandKnown(named, all, [name]);
  const [container] = named.spec === null ? [] : containersOf(named.spec, name);
  if (container?.mode === 'cron') {
    return new CommandFailure(
      exitCode.failed,
      `\`${name}\` is a \`cron\` container: it is there only while it runs`,
      `\`stack run ${name}\` runs it and shows its output; \`stack cron logs ${name}\` shows what its runs have written`,
    );
  }
  return new CommandFailure(
    exitCode.failed,
    `\`${name}\` is in the file, but not on this engine`,
    `\`stack apply\` makes it; \`stack run ${name}\` runs it once, in a container of its own`,
  );
}

function namesOf(one: ListedContainer): readonly string[] {
  const { application, container, instance, engineName, phase, role } = one;
  if (role !== 'instance') return [engineName];
  const own = [container, instance, `${application}/${container}`, `${application}/${instance}`];
  // Generations that are not current answer to their full names as well; the current one's would only add noise.
  return phase === 'current' && engineName.endsWith(instance) ? own : [...own, engineName];
}

/** Code units, but numbers by their value: `app2` before `app10`. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}
