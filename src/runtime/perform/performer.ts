import type {
  ContainerKey,
  DesiredContainer,
  DesiredInstance,
  InstanceKey,
} from '../../compiler/desired/desired-state.ts';
import type { Told } from '../../compiler/journal/record.ts';
import { labels } from '../../compiler/labels.ts';
import { journalVolume } from '../../compiler/names.ts';
import { agentVolumePath } from '../../compiler/plan/agent-spec.ts';
import type { AgentSpec } from '../../compiler/plan/agent-spec.ts';
import { askedAgent } from '../../compiler/plan/asked-agent.ts';
import { agentConfig, instanceConfig } from '../../compiler/plan/instance-config.ts';
import type { ContainerRef, Operation } from '../../compiler/plan/operation.ts';
import type { Plan } from '../../compiler/plan/plan.ts';
import { gatePlane } from '../../compiler/reconcile/agents.ts';
import { boundName } from '../../compiler/reconcile/sockets.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { AgentError, type AgentSession } from '../agent/agent-session.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError } from '../engine.ts';
import type { ImageDetails } from '../engine.ts';
import type { ExecuteOptions } from '../execute-options.ts';
import { createContainer } from '../files/place-files.ts';
import { passGate } from '../gate.ts';
import { GateError } from '../gate/gate-error.ts';
import type { SharedPorts } from '../gate/shared-port.ts';
import { filledGate } from '../gate/filled-gate.ts';
import { awaitBalancer } from './arrivals.ts';
import { leaveBalancer, pointBalancer } from './balancers.ts';
import { drainPorts, drainSocket } from './drain.ts';
import { awaitIdle } from './idle.ts';
import { mark, type Mark } from './mark.ts';
import { removeNetwork } from './remove-network.ts';
import { reloadFiles, restoreFiles, settleFiles, type Reloading } from './reload.ts';
import { runMigration } from './run-migration.ts';
import type { Ask, Sessions } from './sessions.ts';
import { stopContainer } from './stop.ts';

type Plane = AgentSpec['plane'];

/** Who listens while an operation is performed. */
export interface Hearer {
  /** A line for people. */
  readonly onProgress: (line: string) => void;
  /** What the journal keeps of it. */
  readonly onTold: (told: Told) => void;
}

/** Turns operations into engine and agent calls, one at a time; it keeps only the ids of what it has created and pulled. */
export class Performer {
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #created = new Map<string, string>();
  /** Who listened on the ports of a generation before it started. */
  readonly #noted = new Map<string, SharedPorts>();
  /** Image ids by the references that this plan has pulled. */
  readonly #pulled = new Map<string, string>();
  readonly #sessions: Sessions;
  readonly #instances: ReadonlyMap<InstanceKey, { container: DesiredContainer; instance: DesiredInstance }>;

  constructor(plan: Plan, options: ExecuteOptions, sessions: Sessions) {
    this.#plan = plan;
    this.#sessions = sessions;
    this.#options = options;
    const containers = options.desired?.containers ?? [];
    this.#instances = new Map(
      containers.flatMap((container) =>
        container.instances.map((instance) => [instance.key, { container, instance }]),
      ),
    );
  }

  /** Opens the conversations that are sure to be wanted, while the first containers are made. */
  open(): void {
    const agent = askedAgent(this.#plan);
    if (agent !== null) this.#sessions.prepare(agent);
  }

  /** The id of the container that an operation is about; null when there is none, or it was never created. */
  idOf(op: Operation): string | null {
    if (!('target' in op)) return null;
    return op.target.kind !== 'created'
      ? op.target.id
      : (this.#created.get(createdKey(op.target.instance, op.target.generation)) ?? null);
  }

  /** Performs one operation; resolves to what a reader should know of the result. Rejects with what went wrong. */
  async perform(op: Operation, hear: Hearer): Promise<string | null> {
    const before = this.#sessions.starts;
    const note = await this.#perform(op, hear);
    if (this.#sessions.starts === before) return note;
    const words = 'warning: the agent ended in the middle of this, and was started again';
    return note === null ? words : `${words}; ${note}`;
  }

  async #perform(op: Operation, hear: Hearer): Promise<string | null> {
    const { onProgress } = hear;
    const { engine } = this.#options;
    this.#endHold(op);
    switch (op.kind) {
      case 'checkpoint':
        return null;
      case 'image.pull':
        return this.#pull(op, onProgress);
      case 'volume.create':
        await engine.createVolume(op.volume, op.labels);
        return null;
      case 'volume.remove':
        await engine.removeVolume(op.volume);
        return null;
      case 'network.create':
        await engine.createNetwork(op.network, op.labels);
        return null;
      case 'network.remove':
        return removeNetwork(op.network, this.#options);
      case 'agent.build':
        await this.#options.buildAgent(onProgress);
        return null;
      case 'agent.create':
        await this.#createAgent(op.agent);
        return null;
      case 'agent.start':
        await engine.startContainer(op.agent.name);
        return null;
      case 'agent.remove':
        await engine.removeContainer(op.id);
        return null;
      case 'migration.run': {
        const container = this.#container(op.container);
        const imageId = await this.#imageId(container);
        return runMigration(op, { container, imageId }, this.#plan.stack, this.#options, onProgress);
      }
      case 'container.create': {
        const { container, instance } = this.#lookUp(op.instance);
        const { generation, name } = op;
        const imageId = await this.#imageId(container);
        const config = instanceConfig(this.#plan.stack, container, instance, { generation, name, imageId });
        const id = await createContainer(engine, config, this.#options.clock);
        this.#created.set(createdKey(op.instance, op.generation), id);
        return null;
      }
      case 'container.start':
        await engine.startContainer(this.#id(op.target));
        return null;
      case 'container.unpause':
        await engine.unpauseContainer(this.#id(op.target));
        return null;
      case 'container.gate':
        return this.#gate(op, onProgress);
      case 'container.up':
        return this.#staysUp(this.#id(op.target), onProgress);
      case 'container.alive':
        await this.#stillRuns(this.#id(op.target));
        return null;
      case 'container.policy':
      case 'container.rename':
        // A new generation that has ended by now does not become the current one.
        return this.#mark(op, async () => {
          if (op.target.kind === 'created') await this.#stillRuns(this.#id(op.target));
        });
      case 'container.connect':
        await engine.connectNetwork(op.network, this.#id(op.target), []);
        return null;
      case 'container.disconnect':
        await engine.disconnectNetwork(op.network, this.#id(op.target));
        return null;
      case 'container.signal':
        return this.#signal(this.#id(op.target), op.signal);
      case 'container.idle':
        return awaitIdle(op, { engine, clock: this.#options.clock, containerId: this.#id(op.target) });
      case 'container.stop':
        return stopContainer(this.#id(op.target), op.timeoutS, {
          engine,
          clock: this.#options.clock,
          onTold: hear.onTold,
        });
      case 'container.remove':
        await engine.removeContainer(this.#id(op.target), { volumes: op.volumes });
        return null;
      case 'socket.publish':
        await this.#ask('stack', (agent) =>
          agent.publish(agentVolumePath(op.volume, op.path), op.link, op.to),
        );
        return null;
      case 'socket.hold':
        await this.#hold(op);
        return null;
      case 'socket.release': {
        const handed = await this.#ask('stack', (agent) =>
          agent.publish(agentVolumePath(op.volume, op.path), op.link, op.to, op.limitS * 1000),
        );
        if (handed === null || handed.held === 0) return 'nothing was held';
        const { held, longestMs } = handed;
        const what = held === 1 ? '1 connection was' : `${held} connections were`;
        return `${what} held, ${held === 1 ? '' : 'the longest '}for ${elapsed(longestMs)}`;
      }
      case 'socket.keep':
        await this.#ask('stack', (agent) => agent.keep(agentVolumePath(op.volume, op.path), op.name, op.as));
        return null;
      case 'socket.restore':
        await this.#ask('stack', (agent) =>
          agent.restore(agentVolumePath(op.volume, op.path), op.name, op.from),
        );
        return null;
      case 'socket.unlink':
        await this.#ask('stack', (agent) => agent.unlink(agentVolumePath(op.volume, op.path), op.name));
        return null;
      case 'socket.reached':
        return awaitBalancer(op, {
          engine,
          ask: (ask) => this.#ask('stack', ask),
          containerId: this.#id(op.target),
          agent: this.#agentName('stack'),
        });
      case 'socket.drain':
        return drainSocket(op, {
          onTold: hear.onTold,
          engine,
          ask: (ask) => this.#ask('stack', ask),
          containerId: this.#id(op.target),
        });
      case 'ports.drain':
        return drainPorts(op, {
          onTold: hear.onTold,
          engine,
          ask: (ask) => this.#ask('stack', ask),
          containerId: this.#id(op.target),
        });
      case 'ports.note': {
        const { ports } = op;
        const { listening, migrates } = await this.#ask('host', (agent) => agent.listeners(ports));
        this.#noted.set(createdKey(op.instance, op.generation), { ports, before: listening });
        const count = listening.length === 1 ? '1 socket listens' : `${listening.length} sockets listen`;
        return migrates
          ? `${count} there`
          : `warning: ${count} there, and what waits to be accepted is reset when they close: \`sysctl -w net.ipv4.tcp_migrate_req=1\``;
      }
      case 'balancer.point':
        return pointBalancer(op, (ask) => this.#ask('stack', ask), this.#id(op.target));
      case 'balancer.leave':
        return leaveBalancer(op, (ask) => this.#ask('stack', ask));
      case 'files.reload':
        return reloadFiles(op, this.#reloading(op), onProgress);
      case 'files.restore':
        await restoreFiles(op, this.#reloading(op));
        return null;
      case 'files.settle':
        await settleFiles(this.#reloading(op));
        return null;
      default:
        return unreachable(op);
    }
  }

  /** Performs an operation that takes another one back; false: there was nothing to be done. */
  async takeBack(op: Operation): Promise<boolean> {
    const { engine } = this.#options;
    try {
      if (op.kind === 'container.stop') return await engine.stopContainer(this.#id(op.target), op.timeoutS);
      if (op.kind === 'container.start') return await engine.startContainer(this.#id(op.target));
      if (op.kind === 'files.restore') return await restoreFiles(op, this.#reloading(op));
      if (op.kind === 'container.policy' || op.kind === 'container.rename') {
        await this.#mark(op, async () => {});
        return true;
      }
      await this.perform(op, { onProgress: () => {}, onTold: () => {} });
      return true;
    } catch (error) {
      // What was never made, or is gone, needs no way back.
      if (error instanceof EngineError && error.kind === 'not-found') return false;
      throw error;
    }
  }

  #mark(op: Mark, onEnd: () => Promise<void>): Promise<string | null> {
    const { engine, clock } = this.#options;
    return mark(op, this.#id(op.target), { engine, clock, onEnd });
  }

  /** One that has ended meanwhile needs no signal any more; the engine tells that only in words, under 409. */
  async #signal(id: string, signal: string): Promise<string | null> {
    try {
      await this.#options.engine.killContainer(id, signal);
      return null;
    } catch (error) {
      if (error instanceof EngineError && error.kind === 'conflict' && /is not running/.test(error.message))
        return 'it had ended already';
      throw error;
    }
  }

  /** A pull brings what the tag means by now; the plan speaks of what it meant then. */
  async #pull(
    { reference, digest, platform }: Extract<Operation, { kind: 'image.pull' }>,
    onProgress: (line: string) => void,
  ): Promise<null> {
    const { engine, auth } = this.#options;
    await engine.pullImage(reference, platform, await auth(reference), onProgress);
    const { id, repoDigests } = await this.#inspectImage(reference);
    if (digest !== null && !repoDigests.some((known) => known.endsWith(`@${digest}`))) {
      const planned = digest.replace(/^(sha256:.{12}).*$/, '$1');
      const message = `the tag \`${reference}\` moved between plan and pull: the plan is for ${planned}; plan again`;
      throw new EngineError('conflict', `pull ${reference}`, message);
    }
    this.#pulled.set(reference, id);
    return null;
  }

  /** Known at planning, or since the pull: everything of one plan is made from the same image. */
  async #imageId({ image }: DesiredContainer): Promise<string> {
    return image.id ?? this.#pulled.get(image.reference) ?? (await this.#inspectImage(image.reference)).id;
  }

  async #inspectImage(reference: string): Promise<ImageDetails> {
    const found = await this.#options.engine.inspectImage(reference);
    if (found !== null) return found;
    throw new EngineError('not-found', 'inspect image', `the engine has no image ${reference}`, 404);
  }

  /** One that lacks a network would pass for whole by its label; it goes. */
  async #createAgent(spec: AgentSpec): Promise<void> {
    const { engine } = this.#options;
    const { stack } = this.#plan;
    // The engine would make it by itself, without the labels that make it ours.
    await engine.createVolume(journalVolume(stack), { [labels.stack]: stack, [labels.role]: 'journal' });
    const id = await engine.createContainer(agentConfig(stack, spec));
    try {
      for (const network of spec.networks.slice(1)) await engine.connectNetwork(network, id, []);
    } catch (error) {
      // What failed first is what counts; should this fail too, the next plan sees the missing network.
      await engine.removeContainer(id).catch(() => {});
      throw error;
    }
  }

  #reloading(op: Extract<Operation, { kind: `files.${string}` }>): Reloading {
    const { engine, clock } = this.#options;
    const { instance } = this.#lookUp(op.instance);
    return { engine, clock, instance, id: this.#id(op.target) };
  }

  async #gate(
    op: Extract<Operation, { kind: 'container.gate' }>,
    onProgress: (line: string) => void,
  ): Promise<string | null> {
    const { engine, clock, stop } = this.#options;
    const { instance } = this.#lookUp(op.instance);
    const id = this.#id(op.target);
    const shared = this.#noted.get(createdKey(op.instance, op.generation)) ?? null;
    const asks = gatePlane(instance);
    const plane = asks ?? (shared === null ? null : 'host');
    const { socket } = instance;
    const pass = async (agent: AgentSession | null) => {
      const result = await passGate(
        filledGate(instance, op.generation),
        {
          engine,
          agent,
          shared,
          containerId: id,
          // The short id is the container's name on its network, whatever it is renamed to.
          address: plane === 'host' ? '127.0.0.1' : id.slice(0, 12),
          socketPath:
            socket === null
              ? null
              : `${agentVolumePath(socket.volume, socket.volumePath)}/${boundName(socket, instance.engineName, op.generation)}`,
          clock,
          onProgress,
        },
        stop ?? new AbortController().signal,
      );
      return result.note;
    };
    return plane === null ? pass(null) : this.#ask(plane, pass);
  }

  /** By now its policy may have brought it up again; that it had ended is what counts. */
  async #stillRuns(id: string): Promise<void> {
    const found = await this.#options.engine.inspectContainer(id);
    if (found?.state === 'running' && found.restartCount === 0) return;
    const code = found?.exitCode ?? null;
    const how =
      found === null ? 'is gone' : `ended${code === null || code === 0 ? '' : ` with code ${code}`}`;
    throw new GateError(`it ${how} after it was ready, before the old generation was stopped`);
  }

  async #staysUp(containerId: string, onProgress: (line: string) => void): Promise<string> {
    const { engine, clock, stop } = this.#options;
    const gate = { kind: 'engine', limitMs: 60_000, uptimeMs: 1_000 } as const;
    const nobody = { agent: null, shared: null, address: '', socketPath: null };
    const context = { ...nobody, engine, containerId, clock, onProgress };
    const { note } = await passGate(gate, context, stop ?? new AbortController().signal);
    return note;
  }

  /** An agent that is started anew holds again what its first process held. */
  async #hold(op: Extract<Operation, { kind: 'socket.hold' }>): Promise<void> {
    const { link, as, back, kept, limitS } = op;
    const hold = (agent: AgentSession) =>
      agent.hold(agentVolumePath(op.volume, op.path), link, { as, back, kept, limitMs: limitS * 1000 });
    await this.#ask('stack', hold);
    this.#sessions.remember(this.#agentName('stack'), heldName(op, link), hold);
  }

  /** From here on something else has the name. */
  #endHold(op: Operation): void {
    if (op.kind === 'socket.publish' || op.kind === 'socket.release')
      this.#sessions.forget(this.#agentName('stack'), heldName(op, op.link));
    if (op.kind === 'socket.unlink' || op.kind === 'socket.restore')
      this.#sessions.forget(this.#agentName('stack'), heldName(op, op.name));
  }

  #ask<T>(plane: Plane, ask: Ask<T>): Promise<T> {
    return this.#sessions.ask(this.#agentName(plane), ask);
  }

  #agentName(plane: Plane): string {
    const spec = this.#plan.agents.find((agent) => agent.plane === plane);
    if (spec === undefined) throw new AgentError(`this plan has no agent for the ${plane} network`);
    return spec.name;
  }

  #container(key: ContainerKey): DesiredContainer {
    const found = this.#options.desired?.containers.find((container) => container.key === key);
    if (found === undefined)
      throw new Error(`the plan speaks of \`${key}\`, which the file does not describe`);
    return found;
  }

  #lookUp(key: InstanceKey): { container: DesiredContainer; instance: DesiredInstance } {
    const found = this.#instances.get(key);
    if (found === undefined)
      throw new Error(`the plan speaks of \`${key}\`, which the file does not describe`);
    return found;
  }

  #id(target: ContainerRef): string {
    const id =
      target.kind !== 'created'
        ? target.id
        : this.#created.get(createdKey(target.instance, target.generation));
    if (id === undefined)
      throw new EngineError('not-found', 'look up container', 'it was never created', 404);
    return id;
  }
}

function heldName(
  { volume, path }: { readonly volume: string; readonly path: string },
  name: string,
): string {
  return [volume, path, name].join('/');
}

function createdKey(instance: InstanceKey, generation: number): string {
  return `${instance}.${generation}`;
}
