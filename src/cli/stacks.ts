import { labels } from '../compiler/labels.ts';
import type { ContainerState } from '../compiler/observed/observed-state.ts';
import { withAdopted } from '../runtime/adopt/with-adopted.ts';
import type { Engine } from '../runtime/engine.ts';
import { phaseOf } from '../runtime/observe.ts';
import { exitCode } from './exit-code.ts';
import { CommandFailure } from './failure.ts';
import { suggestion } from './names.ts';

/** A stack as an engine has it. */
export interface ListedStack {
  readonly name: string;
  /** Instances that run, of those that are there; generations that were replaced or have failed do not count. */
  readonly running: number;
  readonly instances: number;
  /** Of its agent (of the worst, where there are two); null when it has none. */
  readonly agent: ContainerState | null;
  readonly volumes: number;
}

/** Every stack that has a container or a volume on the engine, sorted by name. */
export async function listStacks(engine: Engine): Promise<readonly ListedStack[]> {
  const [containers, volumes] = await Promise.all([
    engine.listContainers([labels.stack]).then((rows) => withAdopted(engine, rows)),
    engine.listVolumes([labels.stack]),
  ]);
  const nameOf = (own: Readonly<Record<string, string>>) => own[labels.stack] ?? '';
  const names = new Set([...containers, ...volumes].map((one) => nameOf(one.labels)));
  return [...names].sort().map((name) => {
    const own = containers.filter((container) => nameOf(container.labels) === name);
    const ofRole = (role: string) => own.filter((container) => container.labels[labels.role] === role);
    const current = ofRole('instance').filter((container) => phaseOf(container.name) === 'current');
    const agents = ofRole('agent').map(({ state }) => state);
    return {
      name,
      running: current.filter(({ state }) => state === 'running').length,
      instances: current.length,
      agent: agents.find((state) => state !== 'running') ?? agents[0] ?? null,
      volumes: volumes.filter((volume) => nameOf(volume.labels) === name).length,
    };
  });
}

/** Fails with exit code 1, and the stacks that there are, when nothing of a stack is on the engine. */
export async function demandStack(engine: Engine, stack: string): Promise<void> {
  const stacks = await listStacks(engine);
  if (stacks.some(({ name }) => name === stack)) return;
  throw new CommandFailure(
    exitCode.failed,
    `nothing of stack \`${stack}\` is on this engine`,
    otherStacks(stack, stacks),
  );
}

/** Which stack may be meant instead. */
export function otherStacks(stack: string, stacks: readonly ListedStack[]): string {
  return (
    suggestion(
      stack,
      stacks.map(({ name }) => name),
    ) ?? 'there is no stack at all; `--host` and `--context` choose another engine'
  );
}
