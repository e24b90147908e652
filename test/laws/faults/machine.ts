import { labels } from '../../../src/compiler/labels.ts';
import type { ContainerConfig } from '../../../src/compiler/plan/container-config.ts';
import { AgentLostError, type AgentSession } from '../../../src/runtime/agent/agent-session.ts';
import type { ContainerDetails } from '../../../src/runtime/engine.ts';
import { specOf } from '../../../src/runtime/parse-spec.ts';
import type { Behaviour } from '../../support/memory/behaviour.ts';
import { generationOf, memoryAgentSession } from '../../support/memory-agent-session.ts';
import { memoryEngine, type MemoryEngine } from '../../support/memory-engine.ts';
import { virtualClock, type VirtualClock } from '../../support/virtual-clock.ts';
import type { Chance } from './chance.ts';
import { ASKED, IMAGES } from './sketch.ts';

/** The volume of all sockets, as the agent sees it. */
const SOCKS = '/stackc/v/shop-socks-run-socks';

/** What a container's process will do in one of its runs. */
export interface Fate extends Behaviour {
  /** From its start until it answers; `Infinity`: never. */
  readonly readyAfterMs: number;
}

/** A conversation with one life of an agent. */
export interface AgentLife {
  readonly session: AgentSession;
  /** Rejects when the agent ends first. */
  readonly while: (act: () => unknown) => Promise<unknown>;
}

/** A host with an engine, with what runs there and what lies in the volume of the sockets. */
export class Machine {
  readonly clock: VirtualClock = virtualClock();
  readonly engine: MemoryEngine;
  /** Path → the name that a link leads to, or `@shop-app0.1` for the socket that a generation has bound there itself. */
  readonly links = new Map<string, string>();
  readonly journal: string[] = [];
  readonly #session: AgentSession;
  readonly #fates = new Map<string, Fate>();
  /** Generations that somebody removed: of what they have left behind nobody knows any more. */
  readonly vanished = new Set(['shop-other0.1']);
  /** Generations from whose path somebody has led the link away since the last plan. */
  readonly robbed = new Set<string>();
  /** Whether processes do what they should. */
  isWell = true;

  constructor(chance: Chance) {
    this.engine = memoryEngine({
      clock: this.clock,
      registry: Object.fromEntries(IMAGES.map((reference) => [reference, {}])),
      behaviour: (config, run) => this.#start(config, this.#fate(config, run, chance)),
      paths: ({ labels: own }, seen) => {
        const path = own[labels.role] === 'agent' ? seen : seen.replace('/run/socks', SOCKS);
        const found = this.links.get(path);
        if (found === undefined) return null;
        return found.startsWith('@')
          ? { kind: 'socket', target: null }
          : { kind: 'symlink', target: `${path.slice(0, path.lastIndexOf('/'))}/${found}` };
      },
      exec: ({ command }) => (command[0] === 'sh' ? 0 : 126),
    });
    this.#session = memoryAgentSession({
      engine: this.engine,
      clock: this.clock,
      links: this.links,
      journal: this.journal,
      told: new Map(),
      onCall: () => {},
      run: () => lifeOf(this.#agents()[0]),
      probe: ({ target }) => {
        const found =
          target.kind === 'socket'
            ? [this.#bearer(target.path)].flatMap((one) => one ?? [])
            : this.running().filter(({ id, networkMode }) =>
                target.host === '127.0.0.1' ? networkMode === 'host' : id.startsWith(target.host),
              );
        return Promise.resolve(
          found.some((one) => this.isReady(one))
            ? { ok: true, status: 200, ms: 1 }
            : { ok: false, error: 'ECONNREFUSED' },
        );
      },
    });
  }

  running(): readonly ContainerDetails[] {
    return this.engine.containers().filter(({ state }) => state === 'running');
  }

  /** Whether it answers. */
  isReady(container: ContainerDetails): boolean {
    const { state, startedAt } = container;
    if (state !== 'running') return false;
    const fate = this.#fates.get(fateKey(container));
    return this.clock.now() - Date.parse(startedAt) >= (fate?.readyAfterMs ?? 0);
  }

  /** A session with the agent that runs under this name now. */
  agent(name: string): AgentLife {
    const found = this.#agents().find((agent) => agent.name === name && agent.state === 'running');
    if (found === undefined) throw new AgentLostError(`the agent \`${name}\` does not run`);
    const life = lifeOf(found);
    const isOver = () => lifeOf(this.engine.containers().find(({ id }) => id === found.id)) !== life;
    return {
      session: this.#session,
      while: async (act) => {
        if (isOver()) throw new AgentLostError(`the agent \`${name}\` has ended`);
        const ending = new AbortController();
        const end = this.#untilEnd(isOver, ending.signal).then(() => {
          throw new AgentLostError(`the agent \`${name}\` has ended`);
        });
        end.catch(() => {});
        try {
          return await Promise.race([act(), end]);
        } finally {
          ending.abort();
        }
      },
    };
  }

  async #untilEnd(isOver: () => boolean, signal: AbortSignal): Promise<void> {
    while (!isOver()) await this.clock.sleep(100, signal);
  }

  #agents(): readonly ContainerDetails[] {
    return this.engine.containers().filter(({ labels: own }) => own[labels.role] === 'agent');
  }

  /** Who answers at a path, over its link where it is one. */
  #bearer(path: string): ContainerDetails | undefined {
    const at = this.links.get(path);
    const name = at?.startsWith('@') === true ? at.slice(1) : path.slice(path.lastIndexOf('/') + 2);
    return this.running().find((container) => generationOf(container) === name && isInstance(container));
  }

  #fate(config: ContainerConfig, run: number, chance: Chance): Fate {
    const role = config.labels[labels.role];
    const own = chance.fork(`${config.labels[labels.instance]} ${config.labels[labels.generation]} ${run}`);
    if (role === 'migration')
      return this.isWell || own.whether(0.7)
        ? { readyAfterMs: 0, exitAfterMs: own.pick([10, 5_000]), exitCode: 0 }
        : { readyAfterMs: 0, exitAfterMs: own.pick([10, 5_000]), exitCode: 1 };
    if (role !== 'instance' || config.labels[labels.stack] !== 'shop') return { readyAfterMs: 0 };
    const stop = { stopAfterMs: own.pick([0, 0, 200, 5_000]), stopExitCode: own.pick([0, 143]) };
    // Where nobody asks, a second of running has to do.
    const isAsked = config.labels[ASKED] === 'yes';
    const readyAfterMs = own.pick(isAsked ? [0, 300, 2_000] : [0, 300]);
    if (this.isWell || own.whether(0.75)) return { ...stop, readyAfterMs };
    switch (own.between(0, 3)) {
      case 0:
        return { ...stop, readyAfterMs: isAsked ? Number.POSITIVE_INFINITY : readyAfterMs };
      case 1:
        return { ...stop, readyAfterMs, exitAfterMs: own.pick([1, 100, 700, 3_000, 20_000]), exitCode: 1 };
      case 2:
        return { ...stop, readyAfterMs, startError: 'OCI runtime create failed' };
      default:
        return { readyAfterMs, stopAfterMs: Number.POSITIVE_INFINITY };
    }
  }

  /** One that cannot be told another path binds the published one; one that cannot start binds nothing. */
  #start(config: ContainerConfig, fate: Fate): Fate {
    const name = generationOf(config);
    this.#fates.set(fateKey(config), fate);
    const spec = config.labels[labels.role] === 'instance' ? specOf(config.labels) : null;
    if (fate.startError !== undefined || spec === null || spec.socket === null) return fate;
    if (config.env.some((pair) => pair.startsWith('LISTEN='))) return fate;
    this.links.set(pathOf(spec.socket), `@${name}`);
    return fate;
  }
}

export function isInstance({ labels: own }: ContainerDetails): boolean {
  return own[labels.role] === 'instance';
}

/** A published path as the agent sees it. */
export function pathOf(published: string): string {
  return `${SOCKS}/${published.slice(published.lastIndexOf('/') + 1)}`;
}

function fateKey(container: Pick<ContainerDetails, 'labels'>): string {
  return `${container.labels[labels.role]} ${generationOf(container)}`;
}

function lifeOf(agent: ContainerDetails | undefined): string {
  return agent?.state === 'running' ? `${agent.id} ${agent.startedAt} ${agent.restartCount}` : 'over';
}
