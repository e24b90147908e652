import type { ContainerKey } from '../../compiler/desired/desired-state.ts';
import type { Engine } from '../engine.ts';
import { mapAtMost } from '../map-at-most.ts';

/** A new generation that has passed its gate in this apply. */
interface Forerunner {
  readonly id: string;
  /** `app0`. */
  readonly instance: string;
  readonly generation: number;
}

/** One that was replaced before has ended: nobody else becomes such a generation. */
export class ForerunnerError extends Error {
  override readonly name = 'ForerunnerError';
  /** Of the container that has ended. */
  readonly containerId: string;

  constructor({ id, instance, generation }: Forerunner, how: string) {
    super(`generation ${generation} of \`${instance}\`, which was replaced before, ${how}`);
    this.containerId = id;
  }
}

const AT_ONCE = 16;

type Looked = Pick<Engine, 'inspectContainer' | 'lastExit'>;

/** The new generations of an apply that have passed their gates, by container. */
export class Forerunners {
  readonly #known = new Map<ContainerKey, Map<string, Forerunner>>();
  readonly #back = new Set<string>();

  /** One has passed its gate. */
  add(container: ContainerKey, one: Forerunner): void {
    const known = this.#known.get(container) ?? new Map<string, Forerunner>();
    this.#known.set(container, known.set(one.id, one));
  }

  /** One is taken back, for whatever reason. */
  takenBack(id: string): void {
    this.#back.add(id);
  }

  /**
   * Rejects with {@link ForerunnerError} when one was taken back, or has ended since its gate; its policy may have brought it up
   * again by now.
   */
  async demandAlive(container: ContainerKey, engine: Looked): Promise<void> {
    const known = [...(this.#known.get(container)?.values() ?? [])];
    await mapAtMost(AT_ONCE, known, async (one) => {
      const how = this.#back.has(one.id) ? 'was taken back' : await endedHow(one.id, engine);
      if (how !== null) throw new ForerunnerError(one, how);
    });
  }
}

/** How a container has ended since the engine had started it again `restarts` times; null for one that runs, and has since then. */
export async function endedHow(id: string, engine: Looked, restarts = 0): Promise<string | null> {
  const found = await engine.inspectContainer(id);
  if (found === null) return 'was removed';
  const { state, startedAt } = found;
  const times = found.restartCount - restarts;
  if (state === 'running' && times <= 0) return null;
  const code = state === 'running' ? await engine.lastExit(id, startedAt) : found.exitCode;
  const ended = `has ended${code === null ? '' : ` with code ${code}`}`;
  if (state === 'restarting') return `${ended} and waits to be started again`;
  if (state !== 'running') return ended;
  return `${ended} and was started again${times === 1 ? '' : ` (${times} times)`}`;
}
