import { AgentMemory } from './memory-agent-exec.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import type { ContainerChange, Engine } from '../../../src/runtime/engine.ts';
import type { BehaviourOf, ExecHandler } from './behaviour.ts';
import { conflict, notFound } from './failures.ts';
import type { ImageTable } from './image-table.ts';
import type { MemoryContainer } from './memory-container.ts';

/** One call as it was made. */
export interface EngineCall {
  readonly method: keyof Engine;
  readonly args: readonly unknown[];
  /** `renameContainer shop-app0.2.next shop-app0`: containers by the name they had. */
  readonly line: string;
}

/** A network of an engine in memory. */
export interface MemoryNetwork {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Everything that an engine in memory holds, and how its calls look into it. */
export class World {
  readonly clock: Clock;
  readonly images: ImageTable;
  readonly behaviourOf: BehaviourOf;
  readonly execHandler: ExecHandler;
  readonly agents = new AgentMemory();
  readonly containers = new Map<string, MemoryContainer>();
  readonly volumes = new Map<string, Readonly<Record<string, string>>>();
  readonly networks = new Map<string, MemoryNetwork>(
    ['bridge', 'host', 'none'].map((name) => [name, { id: name, labels: {} }]),
  );
  readonly calls: EngineCall[] = [];
  readonly #before: (call: EngineCall) => void | Promise<void>;
  readonly #watchers = new Set<(container: MemoryContainer, what: ContainerChange['what']) => void>();
  #made = 0;

  constructor(parts: {
    clock: Clock;
    images: ImageTable;
    behaviourOf: BehaviourOf;
    execHandler: ExecHandler;
    before: (call: EngineCall) => void | Promise<void>;
  }) {
    this.clock = parts.clock;
    this.images = parts.images;
    this.behaviourOf = parts.behaviourOf;
    this.execHandler = parts.execHandler;
    this.#before = parts.before;
  }

  /** Something has happened to a container: told to whoever watches. */
  tell(container: MemoryContainer, what: ContainerChange['what']): void {
    for (const tell of this.#watchers) tell(container, what);
  }

  /** Watches from the call on, whoever reads when. */
  watch(
    wanted: readonly ContainerChange['what'][],
    labels: readonly string[],
    signal: AbortSignal,
  ): AsyncIterable<ContainerChange> {
    const told: ContainerChange[] = [];
    let wake = () => {};
    const tell = ({ id, name, config }: MemoryContainer, what: ContainerChange['what']) => {
      if (wanted.includes(what) && hasLabels(config.labels, labels))
        told.push({ what, id, name, labels: config.labels });
      wake();
    };
    const watchers = this.#watchers.add(tell);
    signal.addEventListener('abort', () => wake());
    return (async function* () {
      while (!signal.aborted) {
        const next = told.shift();
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
      watchers.delete(tell);
    })();
  }

  /** The first thing of every call. */
  async record(method: keyof Engine, ...args: readonly unknown[]): Promise<void> {
    const words = args.map((arg) => this.#wordOf(arg)).filter((word) => word !== '');
    const call = { method, args, line: [method, ...words].join(' ') };
    this.calls.push(call);
    await this.#before(call);
  }

  nextId(): string {
    this.#made += 1;
    return this.#made.toString(16).padStart(12, '0').padEnd(64, 'e');
  }

  find(idOrName: string): MemoryContainer | null {
    const byId = this.containers.get(idOrName);
    return byId ?? [...this.containers.values()].find(({ name }) => name === idOrName) ?? null;
  }

  need(idOrName: string, operation: string): MemoryContainer {
    const container = this.find(idOrName);
    if (container === null) throw notFound(operation, `container: ${idOrName}`);
    return container;
  }

  needFreeName(name: string, operation: string): void {
    const holder = this.find(name);
    if (holder === null) return;
    throw conflict(
      operation,
      `Conflict. The container name "/${name}" is already in use by container "${holder.id}"`,
    );
  }

  #wordOf(arg: unknown): string {
    if (typeof arg === 'string') return this.containers.get(arg)?.name ?? arg;
    if (Array.isArray(arg)) return arg.join(' ');
    const name: unknown = typeof arg === 'object' && arg !== null ? Reflect.get(arg, 'name') : undefined;
    if (typeof name === 'string') return name;
    return typeof arg === 'number' ? String(arg) : '';
  }
}

/** Every `key=value` or `key` is there. */
export function hasLabels(own: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((label) => {
    const at = label.indexOf('=');
    return at < 0 ? label in own : own[label.slice(0, at)] === label.slice(at + 1);
  });
}
