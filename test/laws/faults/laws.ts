import { labels } from '../../../src/compiler/labels.ts';
import type { DesiredState } from '../../../src/compiler/desired/desired-state.ts';
import type { Plan } from '../../../src/compiler/plan/plan.ts';
import type { ContainerDetails } from '../../../src/runtime/engine.ts';
import { phaseOf } from '../../../src/runtime/observe.ts';
import { specOf } from '../../../src/runtime/parse-spec.ts';
import { generationOf } from '../../support/memory-agent-session.ts';
import { isInstance, pathOf, type Machine } from './machine.ts';

const CHANGES = new Set([
  'createContainer',
  'startContainer',
  'stopContainer',
  'killContainer',
  'unpauseContainer',
  'removeContainer',
  'renameContainer',
  'updateRestart',
  'connectNetwork',
  'disconnectNetwork',
  'putFiles',
  'exec',
]);

/** A law that was broken, in words. */
export class Broken extends Error {
  override readonly name = 'Broken';
}

/**
 * What must hold at every call that a process makes, whatever happens around it:
 *
 * - no volume is removed, and nothing of others is touched
 * - who serves goes on serving: an instance that served when the plan was made, and stays, is taken down only where its
 *   strategy, or its way back, stops first, and then by no more than a batch of its container
 *
 * What others take down is not held against the process, unless it was told. A path that the file gives to another instance is
 * that one's from then on.
 */
export class Laws {
  readonly #machine: Machine;
  readonly #mine: string;
  /** Instances of the plan under way that served when it was made, by `app0`. */
  #promised = new Map<string, { readonly container: string; readonly limit: number }>();
  /** Whose each published path is by the file of the plan under way. */
  #owners = new Map<string, string>();
  /** Those that the plan under way has taken down. */
  readonly #down = new Set<string>();
  readonly #names = new Map<string, string>();
  /** The generations that the process was last told to be running. */
  readonly #toldRunning = new Set<string>();

  constructor(machine: Machine, stack: string) {
    this.#machine = machine;
    this.#mine = stack;
  }

  /** A plan begins. */
  begin({ desired, plan }: { readonly desired: DesiredState; readonly plan: Plan }): void {
    this.#promised = new Map();
    this.#owners = new Map();
    this.#down.clear();
    this.#machine.robbed.clear();
    const stopsFirst = new Set(
      plan.rolls.flatMap(({ container, back }) =>
        back.some(({ order }) => order === 'stop-first') ? [container] : [],
      ),
    );
    for (const { key, container, instances, strategy, mode } of desired.containers.map((each) => ({
      ...each,
      container: each.name,
    }))) {
      if (mode === 'cron') continue;
      const limit = strategy.order === 'stop-first' ? strategy.batch : stopsFirst.has(key) ? 1 : 0;
      for (const { name, socket } of instances) {
        if (this.#isServed(name, 'begun')) this.#promised.set(name, { container, limit });
        if (socket !== null) this.#owners.set(pathOf(socket.published), name);
      }
    }
  }

  /** What the process was answered. */
  hear(method: string, answer: unknown): void {
    const rows = Array.isArray(answer) ? answer : [answer];
    if (!/^(list|inspect|find)Container/.test(method)) return;
    for (const row of rows) {
      if (typeof row !== 'object' || row === null || !('id' in row) || typeof row.id !== 'string') continue;
      const known = this.#find(row.id);
      if (known === undefined) continue;
      this.#names.set(row.id, generationOf(known));
      if ('state' in row && row.state === 'running') this.#toldRunning.add(generationOf(known));
      else this.#toldRunning.delete(generationOf(known));
    }
  }

  /** The process was told that a container is gone. */
  hearGone(id: string): void {
    this.#toldRunning.delete(this.#names.get(id) ?? '');
  }

  /** A call is about to be made. */
  call(method: string, args: readonly unknown[]): void {
    if (method === 'removeVolume') throw new Broken(`removes volume ${String(args[0])}`);
    if (method === 'removeNetwork' && !String(args[0]).startsWith(this.#mine))
      throw new Broken(`removes network ${String(args[0])}`);
    if (!CHANGES.has(method) || method === 'createContainer') return;
    const named = method.endsWith('Network') ? args[1] : args[0];
    const target = this.#find(String(named));
    if (target === undefined) return;
    if (target.labels[labels.stack] !== this.#mine)
      throw new Broken(`${method} of ${target.name}, which is not ours`);
    const isEnd = method === 'stopContainer' || method === 'removeContainer' || isKill(method, args[1]);
    if (isEnd && isInstance(target)) this.#demand(target, method);
  }

  /** The agent is about to be asked. */
  agentCall(method: string, [directory, name, to]: readonly unknown[]): void {
    const path = `${String(directory)}/${String(name)}`;
    if (method !== 'unlink' && !(method === 'publish' && name !== to)) return;
    const before = this.#machine.links.get(path);
    const server = before === undefined ? undefined : this.#serverOf(before);
    if (server === undefined || !this.#machine.isReady(server)) return;
    const owner = this.#owners.get(path);
    if (owner !== undefined && owner !== server.labels[labels.instance]) return;
    const after = method === 'publish' ? this.#serverOf(String(to)) : undefined;
    if (after !== undefined && this.#machine.isReady(after)) return;
    if (method === 'publish' && this.#toldRunning.has(String(to).slice(1))) return;
    this.#demand(server, `${method} ${path}`);
  }

  #demand(target: ContainerDetails, what: string): void {
    const name = target.labels[labels.instance] ?? '';
    const promise = this.#promised.get(name);
    if (promise === undefined || !this.#serves(target)) return;
    if (this.#isServed(name, target.id)) return;
    if (this.#isTakenDown(name, target.id)) return;
    for (const down of this.#down)
      if (this.#isServed(down, null) || this.#isTakenDown(down, null)) this.#down.delete(down);
    this.#down.add(name);
    const together = [...this.#down].filter(
      (down) => this.#promised.get(down)?.container === promise.container,
    );
    if (together.length > promise.limit)
      throw new Broken(
        `${what} of ${target.name} leaves ${together.join(', ')} without anybody who serves (${promise.limit} may be down)`,
      );
  }

  /** Others have ended, or removed, one of its generations that ran when the process last looked; `without` an id. */
  #isTakenDown(name: string, without: string | null): boolean {
    const ended = this.#machine.engine
      .containers()
      .filter((each) => isInstance(each) && each.labels[labels.instance] === name && each.id !== without)
      .some((each) => this.#isExcused(each));
    return ended || this.#hasVanished(name);
  }

  /** It ran when the process last looked, and somebody or something has ended it since, or led its path elsewhere. */
  #isExcused(container: ContainerDetails): boolean {
    if (this.#machine.robbed.has(generationOf(container))) return true;
    return !this.#machine.isReady(container) && this.#toldRunning.has(generationOf(container));
  }

  /** `without` an id: by another; without `begun`: by none that an earlier plan has only begun with, while nobody current does. */
  #isServed(name: string, without: string | null): boolean {
    return this.#machine
      .running()
      .some(
        (each) =>
          isInstance(each) &&
          each.labels[labels.stack] === this.#mine &&
          each.labels[labels.instance] === name &&
          each.id !== without &&
          (without !== 'begun' || phaseOf(each.name) !== 'next') &&
          this.#serves(each),
      );
  }

  /** Somebody has removed one of its generations that ran when the process last looked. */
  #hasVanished(name: string): boolean {
    return [...this.#machine.vanished].some(
      (generation) => generation.startsWith(`${this.#mine}-${name}.`) && this.#toldRunning.has(generation),
    );
  }

  /** It answers, and somebody can get there. */
  #serves(container: ContainerDetails): boolean {
    if (!this.#machine.isReady(container)) return false;
    const socket = specOf(container.labels)?.socket ?? null;
    if (socket === null) return ['current', 'old'].includes(phaseOf(container.name));
    const at = this.#machine.links.get(pathOf(socket));
    return at !== undefined && at.slice(1) === generationOf(container);
  }

  #serverOf(file: string): ContainerDetails | undefined {
    return this.#machine.running().find((each) => isInstance(each) && generationOf(each) === file.slice(1));
  }

  #find(idOrName: string): ContainerDetails | undefined {
    const all = this.#machine.engine.containers();
    return all.find(({ id, name }) => id === idOrName || name === idOrName);
  }
}

function isKill(method: string, signal: unknown): boolean {
  return method === 'killContainer' && /KILL|TERM|QUIT|INT/.test(String(signal));
}
