import type { CommandGate, ContainerKey, Gate, InstanceKey, SocketSpec } from '../desired/desired-state.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { HookName } from '../spec/stack-spec.ts';
import type { AgentSpec } from './agent-spec.ts';

/**
 * A container on the engine: one that exists, one of another instance that hands over to the change's own, or the one
 * that an earlier operation of the plan creates.
 */
export type ContainerRef =
  | { readonly kind: 'existing'; readonly id: string; readonly generation: number }
  | {
      readonly kind: 'leaving';
      readonly id: string;
      readonly generation: number;
      readonly instance: string;
    }
  | { readonly kind: 'created'; readonly instance: InstanceKey; readonly generation: number };

/** How a generation is asked that the file no longer describes. */
export interface MadeGate {
  /** Null: by the command of the file. */
  readonly gate: Exclude<Gate, CommandGate> | null;
  readonly socket: SocketSpec | null;
  readonly network: InstanceSpec['network'];
}

/**
 * One step of a plan; with few exceptions one engine call. Operations hold no environment values and no secrets:
 * what a create, a gate or a migration needs is looked up in the desired state.
 */
export type Operation =
  /** What is built from a folder beside the stack file, by the operator's own docker; the arguments are in the desired state. */
  | {
      readonly kind: 'image.build';
      readonly reference: string;
      /** From the stack file's folder. */
      readonly context: string;
      readonly dockerfile: string;
      /** Null: the last one. */
      readonly stage: string | null;
      readonly platform: string | null;
    }
  /** What the engine has goes to the registry of its name. */
  | { readonly kind: 'image.push'; readonly reference: string }
  | {
      readonly kind: 'image.pull';
      readonly reference: string;
      readonly digest: string | null;
      /** Asked for in the place of `reference`, whose tag may mean another image by now. */
      readonly by?: string;
      readonly platform: string | null;
    }
  | {
      readonly kind: 'volume.create';
      readonly volume: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'volume.remove'; readonly volume: string }
  | {
      readonly kind: 'network.create';
      readonly network: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'network.remove'; readonly network: string }
  | { readonly kind: 'agent.build'; readonly image: string }
  | { readonly kind: 'agent.create'; readonly agent: AgentSpec }
  | { readonly kind: 'agent.start'; readonly agent: AgentSpec }
  | { readonly kind: 'agent.remove'; readonly name: string; readonly id: string }
  | {
      readonly kind: 'migration.run';
      readonly container: ContainerKey;
      readonly generation: number;
      readonly name: string;
      /** Whether the code before it works on what it makes of the data. */
      readonly reversible: boolean;
      /** The id of the same run by an apply that was cut off: it is waited for, and none is started. Else null. */
      readonly adopt: string | null;
      /** Ids of earlier records, removed after success. */
      readonly replaces: readonly string[];
    }
  /** A command of the operator's before all else; `command` as it may be shown, the real words are in the desired state. */
  | {
      readonly kind: 'hook.run';
      readonly hook: HookName;
      readonly command: readonly string[];
      /** Null: it runs on the operator's side. */
      readonly container: ContainerKey | null;
      readonly timeoutMs: number;
    }
  /** A container that never runs, whose label makes containers of others a part of the stack (ADR 0018). */
  | {
      readonly kind: 'adoption.record';
      readonly name: string;
      readonly image: string;
      readonly labels: Readonly<Record<string, string>>;
    }
  /** Removes such a record. */
  | { readonly kind: 'adoption.forget'; readonly name: string }
  | {
      readonly kind: 'container.create';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly name: string;
    }
  | { readonly kind: 'container.start'; readonly target: ContainerRef }
  | { readonly kind: 'container.unpause'; readonly target: ContainerRef }
  | {
      readonly kind: 'container.gate';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly target: ContainerRef;
      /** It has served before, by its old files, and has no start to be waited for. */
      readonly reloaded?: true;
      /** An old generation is asked as it was made; absent: as the file says. */
      readonly made?: MadeGate;
    }
  /** It runs, and goes on for a second: all that can be asked of a container that the file does not describe. */
  | { readonly kind: 'container.up'; readonly target: ContainerRef }
  /** It has not ended since its start: asked before what it replaces is stopped. */
  | { readonly kind: 'container.alive'; readonly target: ContainerRef }
  /** It has not ended since its start, and does not until `ms` after it was ready. */
  | { readonly kind: 'container.monitor'; readonly target: ContainerRef; readonly ms: number }
  /** The same of the instances that come first, before the next one begins. */
  | { readonly kind: 'canary.bake'; readonly targets: readonly ContainerRef[]; readonly ms: number }
  /** The new generations of a container that have passed their gates in this plan have not ended since. */
  | { readonly kind: 'forerunners.alive'; readonly container: ContainerKey }
  | {
      readonly kind: 'container.policy';
      readonly target: ContainerRef;
      readonly policy: string;
      readonly maxRetries: number;
    }
  /** `aliases`: names that it has there besides its own; absent: none. */
  | {
      readonly kind: 'container.connect';
      readonly target: ContainerRef;
      readonly network: string;
      readonly aliases?: readonly string[];
    }
  | { readonly kind: 'container.disconnect'; readonly target: ContainerRef; readonly network: string }
  | { readonly kind: 'container.rename'; readonly target: ContainerRef; readonly name: string }
  /** A signal that does not end the container (`quiet_signal`). */
  | { readonly kind: 'container.signal'; readonly target: ContainerRef; readonly signal: string }
  /** It has taken no new work since its `quiet_signal`; waits until it has none left, not longer than `limitS` seconds. */
  | { readonly kind: 'container.idle'; readonly target: ContainerRef; readonly limitS: number }
  | { readonly kind: 'container.stop'; readonly target: ContainerRef; readonly timeoutS: number | null }
  /** `volumes`: its anonymous volumes with it. */
  | { readonly kind: 'container.remove'; readonly target: ContainerRef; readonly volumes: boolean }
  /** The agent points the published name at a generation's own socket, atomically. */
  | {
      readonly kind: 'socket.publish';
      readonly volume: string;
      readonly path: string;
      readonly link: string;
      readonly to: string;
    }
  /**
   * The agent publishes a listener of its own, `as`, and keeps what comes until something else is published there; after
   * `limitS` seconds it goes to `back`, the generation that served before; which was `kept` where it had bound the published
   * name itself.
   */
  | {
      readonly kind: 'socket.hold';
      readonly volume: string;
      readonly path: string;
      readonly link: string;
      readonly as: string;
      readonly back: string;
      readonly kept: boolean;
      readonly limitS: number;
    }
  /**
   * The agent publishes `to`, once it accepts connections or `limitS` seconds are over, and hands over what is held. With
   * `link` as `to` there is nothing to publish: a generation has bound that itself.
   */
  | {
      readonly kind: 'socket.release';
      readonly volume: string;
      readonly path: string;
      readonly link: string;
      readonly to: string;
      readonly limitS: number;
    }
  /** The agent gives a plain socket a second name, so that its server stays within reach when it is published over. */
  | {
      readonly kind: 'socket.keep';
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly as: string;
    }
  /** The agent puts a kept socket back in the place of the link; where none was kept, the link goes. */
  | {
      readonly kind: 'socket.restore';
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly from: string;
    }
  /** The agent removes a socket that nobody serves any more; succeeds when it is gone. */
  | {
      readonly kind: 'socket.unlink';
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      /** Only while this one does not run: somebody may have started it since the plan was made. */
      readonly of?: ContainerRef;
    }
  /**
   * The agent waits until nobody is connected to a generation's socket, which nothing leads to any more; fails when after
   * `limitS` seconds requests are still waiting to be accepted. `name` is the file by now, `bound` as it was bound.
   */
  | {
      readonly kind: 'socket.drain';
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly bound: string;
      readonly target: ContainerRef;
      readonly limitS: number;
      /** Does not fail: it serves nobody, so that what still waits is lost either way. Absent: false. */
      readonly isHung?: boolean;
    }
  /**
   * The agent waits until a balancer has come to a generation's socket `count` times, so that it counts on it; not longer
   * than `limitS` seconds. `name` is the file as it was bound.
   */
  | {
      readonly kind: 'socket.reached';
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly target: ContainerRef;
      readonly count: number;
      readonly limitS: number;
    }
  /**
   * The agent tells a haproxy, through its runtime socket (`name` in a directory of a volume), that `servers`
   * (`backend/server`) are at the target's address; they go on serving. `ready`: they may serve again, and are waited for
   * until they do, not longer than `limitS` seconds.
   */
  | {
      readonly kind: 'balancer.point';
      readonly balancer: string;
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly servers: readonly string[];
      readonly target: ContainerRef;
      readonly ready: boolean;
      readonly limitS: number;
    }
  /**
   * The agent takes servers out of a haproxy: `drain`, they get no new requests, and fails where no other one serves;
   * `maint`, they are not asked anything.
   */
  | {
      readonly kind: 'balancer.leave';
      readonly balancer: string;
      readonly volume: string;
      readonly path: string;
      readonly name: string;
      readonly servers: readonly string[];
      readonly state: 'drain' | 'maint';
    }
  /** Waits as long as the checks of balancers take to see that an instance is gone whose path was taken away. */
  | { readonly kind: 'balancer.notice'; readonly balancers: readonly string[]; readonly ms: number }
  /**
   * The agent waits until nobody is connected to ports of a container, to which no name leads any more; fails when after
   * `limitS` seconds connections are still waiting to be accepted.
   */
  | {
      readonly kind: 'ports.drain';
      readonly target: ContainerRef;
      readonly ports: readonly number[];
      readonly limitS: number;
      /** As for a socket. */
      readonly isHung?: boolean;
    }
  /**
   * New connections to ports of a container are refused from here on, as if nobody listened there; those that were made go on.
   * A container of ours does it in the target's network, by the kernel's packet filter.
   */
  | { readonly kind: 'ports.refuse'; readonly target: ContainerRef; readonly ports: readonly number[] }
  /** They are let in again. */
  | { readonly kind: 'ports.admit'; readonly target: ContainerRef }
  /**
   * A container of ours starts and ends: proxies that follow the engine's events look at it then, and find who has joined their
   * networks since it was started.
   */
  | { readonly kind: 'proxies.wake'; readonly networks: readonly string[] }
  /**
   * Waits until proxies have come to `ports` of a container `count` times, and no nginx on `networks` works by an older
   * configuration; not longer than `limitS` seconds, or until nobody has come to it or to `old` for a while. `must`: fails where
   * they go on coming to `old` alone.
   */
  | {
      readonly kind: 'proxies.reached';
      readonly target: ContainerRef;
      readonly old: ContainerRef | null;
      readonly ports: readonly number[];
      readonly networks: readonly string[];
      readonly count: number;
      readonly limitS: number;
      readonly must: boolean;
    }
  /**
   * The agent of the host's network notes who listens on ports that this generation is to share with the one before it:
   * its gate wants another listener, and more answers than the old one could give by chance.
   */
  | {
      readonly kind: 'ports.note';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly ports: readonly number[];
    }
  /**
   * New files are put into a running container, tried where its program can (`check`, as it is shown), and read again as
   * those at `paths` say. Wrong ones give way to the old ones, which stay in the container until `files.settle`.
   */
  | {
      readonly kind: 'files.reload';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly target: ContainerRef;
      readonly paths: readonly string[];
      /** The signals and commands, as they are shown: `USR2`. */
      readonly by: string;
      readonly check: string | null;
    }
  /** The old files come back and are read again, where a reload is under way. */
  | {
      readonly kind: 'files.restore';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly target: ContainerRef;
      readonly paths: readonly string[];
    }
  /** The old files are forgotten. */
  | {
      readonly kind: 'files.settle';
      readonly instance: InstanceKey;
      readonly generation: number;
      readonly target: ContainerRef;
    }
  /** No call: a point that others wait for, which keeps edges few. */
  | { readonly kind: 'checkpoint'; readonly name: string };
