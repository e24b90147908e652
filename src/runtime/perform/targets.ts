import type {
  ContainerKey,
  DesiredContainer,
  DesiredInstance,
  DesiredState,
  InstanceKey,
} from '../../compiler/desired/desired-state.ts';
import { foundOf, networksOfRun } from '../../compiler/desired/found.ts';
import type { ContainerRef, Operation } from '../../compiler/plan/operation.ts';
import { EngineError } from '../engine.ts';

/** What the operations of a plan are about: what the file describes, and the containers that stand for it on the engine. */
export class Targets {
  readonly #desired: DesiredState | null;
  readonly #created = new Map<string, string>();
  readonly #instances: ReadonlyMap<InstanceKey, { container: DesiredContainer; instance: DesiredInstance }>;

  constructor(desired: DesiredState | null) {
    this.#desired = desired;
    this.#instances = new Map(
      (desired?.containers ?? []).flatMap((container) =>
        container.instances.map((instance) => [instance.key, { container, instance }]),
      ),
    );
  }

  /** A generation has been created. */
  created(instance: InstanceKey, generation: number, id: string): void {
    this.#created.set(generationKey(instance, generation), id);
  }

  /** The id of the container that an operation is about; null when there is none, or it was never created. */
  of(op: Operation): string | null {
    return 'target' in op ? (this.#find(op.target) ?? null) : null;
  }

  /** Throws `EngineError` where it was never created. */
  id(target: ContainerRef): string {
    const id = this.#find(target);
    if (id === undefined)
      throw new EngineError('not-found', 'look up container', 'it was never created', 404);
    return id;
  }

  container(key: ContainerKey): DesiredContainer {
    return described(
      key,
      this.#desired?.containers.find((container) => container.key === key),
    );
  }

  instance(key: InstanceKey): { container: DesiredContainer; instance: DesiredInstance } {
    return described(key, this.#instances.get(key));
  }

  /** Networks of the file on which it is not meanwhile: proxies would find it there. */
  apartFrom(op: Operation): readonly string[] {
    if (op.kind === 'migration.run') {
      const { template } = this.container(op.container);
      return template.spec.networks.filter((name) => !networksOfRun(template).includes(name));
    }
    if (op.kind !== 'container.gate' || op.target.kind !== 'created') return [];
    return foundOf(this.instance(op.instance).instance)?.networks ?? [];
  }

  #find(target: ContainerRef): string | undefined {
    return target.kind === 'created'
      ? this.#created.get(generationKey(target.instance, target.generation))
      : target.id;
  }
}

/** Unlike any other generation's. */
export function generationKey(instance: InstanceKey, generation: number): string {
  return `${instance}.${generation}`;
}

/** A plan that speaks of something else is a fault of the planner. */
function described<T>(key: string, found: T | undefined): T {
  if (found === undefined) throw new Error(`the plan speaks of \`${key}\`, which the file does not describe`);
  return found;
}
