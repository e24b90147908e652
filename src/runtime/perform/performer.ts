import type { Told } from '../../compiler/journal/record.ts';
import type { AgentSpec } from '../../compiler/plan/agent-spec.ts';
import { askedAgent } from '../../compiler/plan/asked-agent.ts';
import { instanceConfig } from '../../compiler/plan/instance-config.ts';
import type { ContainerRef, Operation } from '../../compiler/plan/operation.ts';
import type { Plan } from '../../compiler/plan/plan.ts';
import { unreachable } from '../../compiler/unreachable.ts';
import { AgentError } from '../agent/agent-session.ts';
import { EngineError } from '../engine.ts';
import type { ExecuteOptions } from '../execute-options.ts';
import { createContainer } from '../files/place-files.ts';
import type { SharedPorts } from '../gate/shared-port.ts';
import { runHook } from '../hooks/run-hook.ts';
import { forgetAdoption, recordAdoption } from './adoption.ts';
import { awaitBalancer } from './arrivals.ts';
import { leaveBalancer, pointBalancer, type BalancerContext } from './balancers.ts';
import { createAgent } from './create-agent.ts';
import { drainPorts, drainSocket } from './drain.ts';
import { ErrandError, type Sender } from './errand.ts';
import { Forerunners } from './forerunners.ts';
import { awaitIdle } from './idle.ts';
import { Images } from './images.ts';
import { isBecoming, mark, type Mark } from './mark.ts';
import { monitor, type Watched } from './monitor.ts';
import { noteListeners } from './note-listeners.ts';
import { awaitProxies, tellFilter } from './proxies.ts';
import { asMade, awaitReady, never, staysUp, stillRuns, type ReadinessContext } from './readiness.ts';
import { removeNetwork } from './remove-network.ts';
import { reloadFiles, restoreFiles, settleFiles, type Reloading } from './reload.ts';
import { runMigration } from './run-migration.ts';
import type { Ask, Sessions } from './sessions.ts';
import { sendSignal } from './signal.ts';
import { changeSocket } from './sockets.ts';
import { stopContainer } from './stop.ts';
import { generationKey, Targets } from './targets.ts';

type Plane = AgentSpec['plane'];

/** Who listens while an operation is performed. */
export interface Hearer {
  /** A line for people. */
  readonly onProgress: (line: string) => void;
  /** What the journal keeps of it. */
  readonly onTold: (told: Told) => void;
  /** Aborted: an operation that only waits is to end, and rejects. */
  readonly cut: AbortSignal;
  /** Of the apply; null: it is not written down, or not yet. */
  readonly revision: number | null;
}

/** Turns operations into engine and agent calls, one at a time; it keeps only the ids of what it has created and pulled. */
export class Performer {
  readonly #plan: Plan;
  readonly #options: ExecuteOptions;
  readonly #targets: Targets;
  /** Who listened on the ports of a generation before it started. */
  readonly #noted = new Map<string, SharedPorts>();
  readonly #forerunners = new Forerunners();
  /** Containers that this plan has told to refuse new connections, and not yet to let them in again. */
  readonly #refusing = new Set<string>();
  /** When new generations were ready, by container. */
  readonly #readyAt = new Map<string, number>();
  readonly #images: Images;
  readonly #sessions: Sessions;

  constructor(plan: Plan, options: ExecuteOptions, sessions: Sessions) {
    this.#plan = plan;
    this.#sessions = sessions;
    this.#options = options;
    this.#images = new Images(options);
    this.#targets = new Targets(options.desired);
  }

  /** Opens the conversations that are sure to be wanted, while the first containers are made. */
  open(): void {
    const agent = askedAgent(this.#plan);
    if (agent !== null) this.#sessions.prepare(agent);
  }

  /** The id of the container that an operation is about; null when there is none, or it was never created. */
  idOf(op: Operation): string | null {
    return this.#targets.of(op);
  }

  /** Networks of the file on which what an operation is about is not meanwhile. */
  apartFrom(op: Operation): readonly string[] {
    return this.#targets.apartFrom(op);
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
    switch (op.kind) {
      case 'checkpoint':
        return null;
      case 'image.build':
        return this.#images.build(op, this.#options, onProgress);
      case 'image.push':
        return this.#images.push(op, onProgress);
      case 'image.pull':
        return this.#images.pull(op, onProgress);
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
        await createAgent(engine, this.#plan.stack, op.agent);
        return null;
      case 'agent.start':
        await engine.startContainer(op.agent.name);
        return null;
      case 'agent.remove':
        await engine.removeContainer(op.id);
        return null;
      case 'migration.run': {
        const container = this.#targets.container(op.container);
        const imageId = await this.#images.idOf(container);
        return runMigration(op, { container, imageId }, this.#plan.stack, this.#options, onProgress);
      }
      case 'hook.run': {
        const { desired, hooks, clock, finish, stop } = this.#options;
        if (desired === null || hooks === undefined)
          throw new Error(`nobody knows how to run the hook \`${op.hook}\``);
        const moment = { hook: op.hook, revision: hear.revision, ended: null };
        const run = { desired, engine, clock, images: this.#images, onOutput: onProgress, finish, stop };
        await runHook(hooks, moment, run);
        return null;
      }
      case 'adoption.record':
        await recordAdoption(engine, op);
        return null;
      case 'adoption.forget':
        await forgetAdoption(engine, op.name);
        return null;
      case 'container.create': {
        const { container, instance } = this.#targets.instance(op.instance);
        const { generation, name } = op;
        const imageId = await this.#images.idOf(container);
        const config = instanceConfig(this.#plan.stack, container, instance, { generation, name, imageId });
        const id = await createContainer(engine, config, this.#options.clock);
        this.#targets.created(op.instance, op.generation, id);
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
        return staysUp(this.#readiness(op.target, onProgress));
      case 'container.alive':
        await stillRuns(this.#id(op.target), engine);
        return null;
      case 'container.monitor':
      case 'canary.bake': {
        const targets = op.kind === 'canary.bake' ? op.targets : [op.target];
        const { clock } = this.#options;
        const watched = await Promise.all(targets.map((target) => this.#watched(target)));
        await monitor(watched, op.ms, { engine, clock, cut: hear.cut });
        return null;
      }
      case 'forerunners.alive':
        await this.#forerunners.demandAlive(op.container, engine);
        return null;
      case 'container.policy':
      case 'container.rename':
        // A new generation that has ended by now does not become the current one.
        return this.#mark(op, async () => {
          const { target } = op;
          if (target.kind !== 'created' || !isBecoming(op)) return;
          // A template has never run.
          if (this.#targets.instance(target.instance).container.job !== null) return;
          await stillRuns(this.#id(target), engine);
        });
      case 'container.connect':
        await engine.connectNetwork(op.network, this.#id(op.target), op.aliases ?? []);
        return null;
      case 'container.disconnect':
        await engine.disconnectNetwork(op.network, this.#id(op.target));
        return null;
      case 'container.signal':
        return sendSignal(this.#id(op.target), op.signal, engine);
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
      case 'socket.hold':
      case 'socket.release':
      case 'socket.keep':
      case 'socket.restore':
        return changeSocket(op, this.#agentName('stack'), this.#sessions);
      case 'socket.unlink': {
        const server = op.of === undefined ? null : await engine.inspectContainer(this.#id(op.of));
        if (server?.state === 'running') return 'it runs by now: what it serves on stays';
        return changeSocket(op, this.#agentName('stack'), this.#sessions);
      }
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
      case 'ports.refuse':
      case 'ports.admit': {
        const id = this.#id(op.target);
        const note = await tellFilter(op, id, this.#sender());
        if (op.kind === 'ports.refuse') this.#refusing.add(id);
        else this.#refusing.delete(id);
        return note;
      }
      case 'proxies.wake':
        return tellFilter(op, null, this.#sender());
      case 'proxies.reached':
        return awaitProxies(op, {
          ...this.#sender(),
          ask: (ask) => this.#ask('stack', ask),
          containerId: this.#id(op.target),
          oldId: op.old === null ? null : this.#id(op.old),
        });
      case 'ports.note': {
        const { shared, note } = await noteListeners(op.ports, (ask) => this.#ask('host', ask));
        this.#noted.set(generationKey(op.instance, op.generation), shared);
        return note;
      }
      case 'balancer.point':
        return pointBalancer(op, this.#balancing, this.#id(op.target));
      case 'balancer.leave':
        return leaveBalancer(op, this.#balancing);
      case 'balancer.notice':
        await this.#options.clock.sleep(op.ms, this.#options.stop);
        return null;
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
      if (op.kind === 'container.stop') {
        const id = this.#id(op.target);
        this.#forerunners.takenBack(id);
        return await engine.stopContainer(id, op.timeoutS);
      }
      if (op.kind === 'container.start') return await engine.startContainer(this.#id(op.target));
      if (op.kind === 'files.restore') return await restoreFiles(op, this.#reloading(op));
      if (op.kind === 'container.policy' || op.kind === 'container.rename') {
        await this.#mark(op, async () => {});
        return true;
      }
      await this.perform(op, { onProgress: () => {}, onTold: () => {}, cut: never(), revision: null });
      return true;
    } catch (error) {
      // The kernel has no filter, or the agent's image no `nft`: nobody was refused, unless it went well before.
      const isLeft = op.kind === 'ports.admit' && this.#refusing.has(this.#id(op.target));
      if (error instanceof ErrandError && !isLeft) return false;
      // What was never made, or is gone, needs no way back.
      if (error instanceof EngineError && error.kind === 'not-found') return false;
      throw error;
    }
  }

  async #gate(
    op: Extract<Operation, { kind: 'container.gate' }>,
    onProgress: (line: string) => void,
  ): Promise<string | null> {
    const { container, instance: described } = this.#targets.instance(op.instance);
    const { generation, target, made } = op;
    const instance = made === undefined ? described : asMade(described, made);
    const note = await awaitReady(
      {
        instance,
        generation,
        reloaded: op.reloaded === true,
        shared: this.#noted.get(generationKey(op.instance, generation)) ?? null,
        ask: (plane, ask) => this.#ask(plane, ask),
      },
      this.#readiness(target, onProgress),
    );
    this.#readyAt.set(this.#id(target), this.#options.clock.now());
    if (target.kind === 'created')
      this.#forerunners.add(container.key, { id: this.#id(target), instance: instance.name, generation });
    return note;
  }

  /** One that ran before this apply may have been started again by then. */
  async #watched(target: ContainerRef): Promise<Watched> {
    const { engine, clock } = this.#options;
    const id = this.#id(target);
    const found = target.kind === 'created' ? null : await engine.inspectContainer(id);
    const readyAt = this.#readyAt.get(id) ?? clock.now();
    return { id, generation: target.generation, readyAt, restarts: found?.restartCount ?? 0 };
  }

  #mark(op: Mark, onEnd: () => Promise<void>): Promise<string | null> {
    const { engine, clock } = this.#options;
    return mark(op, this.#id(op.target), { engine, clock, onEnd });
  }

  #readiness(target: ContainerRef, onProgress: (line: string) => void): ReadinessContext {
    const { engine, clock, stop } = this.#options;
    return {
      engine,
      clock,
      ...(stop === undefined ? {} : { stop }),
      containerId: this.#id(target),
      onProgress,
    };
  }

  #reloading(op: Extract<Operation, { kind: `files.${string}` }>): Reloading {
    const { engine, clock } = this.#options;
    const { instance } = this.#targets.instance(op.instance);
    return { engine, clock, instance, id: this.#id(op.target) };
  }

  get #balancing(): BalancerContext {
    return {
      stack: this.#plan.stack,
      engine: this.#options.engine,
      ask: (ask) => this.#ask('stack', ask),
    };
  }

  #ask<T>(plane: Plane, ask: Ask<T>): Promise<T> {
    return this.#sessions.ask(this.#agentName(plane), ask);
  }

  #agentName(plane: Plane): string {
    return this.#agent(plane).name;
  }

  #agent(plane: Plane): AgentSpec {
    const spec = this.#plan.agents.find((agent) => agent.plane === plane);
    if (spec === undefined) throw new AgentError(`this plan has no agent for the ${plane} network`);
    return spec;
  }

  #sender(): Sender {
    const { engine, clock } = this.#options;
    return { engine, clock, stack: this.#plan.stack, image: this.#agent('stack').image };
  }

  #id(target: ContainerRef): string {
    return this.#targets.id(target);
  }
}
