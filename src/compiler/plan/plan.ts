import type { Diagnostic } from '../diagnostic.ts';
import type { ContainerKey, Rollout } from '../desired/desired-state.ts';
import type { InstanceSpec } from '../desired/instance-spec.ts';
import type { SetCount } from '../journal/record.ts';
import type { HookName } from '../spec/stack-spec.ts';
import type { Judgement } from '../verdict/verdict.ts';
import type { AgentSpec } from './agent-spec.ts';
import type { Operation } from './operation.ts';

/** The plan's own format, raised when a field changes its meaning. */
export const PLAN_FORMAT_VERSION = 1;

/** Names a node inside its plan: `shop/app0.2 start`. Stable for the same input. */
export type NodeId = string & { readonly brand: 'NodeId' };

/** What `stack plan` prints and `stack apply` walks. Data only: acyclic, nodes in an order in which they could run one by one. */
export interface Plan {
  readonly formatVersion: typeof PLAN_FORMAT_VERSION;
  readonly stack: string;
  readonly nodes: readonly PlanNode[];
  /** In the order of the work. */
  readonly changes: readonly Change[];
  /** Of each container with an instance that is replaced. */
  readonly rolls: readonly Roll[];
  /** What is run around it, in the order in which it comes; on its way those of them that are nodes. */
  readonly hooks: readonly PlannedHook[];
  readonly warnings: readonly Diagnostic[];
  /** Agents that this plan's operations talk to; empty when none does. */
  readonly agents: readonly AgentSpec[];
  /** Of the containers whose number of instances follows load or time; absent: there are none. */
  readonly counts?: readonly PlannedCount[];
  /** Where nothing is touched: what is healed and scaled by from then on, in words; absent: nothing else than so far. */
  readonly noted?: readonly string[];
}

/** How many instances a scaled container has by the plan (ADR 0024). */
export interface PlannedCount {
  readonly container: ContainerKey;
  readonly application: string;
  readonly name: string;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  /** Whether it follows load or time by itself; else it is changed by hand alone. */
  readonly follows: boolean;
  /** Who said so; null: the file. */
  readonly set: SetCount | null;
}

/** A command around an apply, as it may be shown. */
export interface PlannedHook {
  readonly hook: HookName;
  readonly command: readonly string[];
  /** The container that a run of its own is made from; null: it runs on the operator's side. */
  readonly container: ContainerKey | null;
  readonly timeoutMs: number;
}

/** How the instances of a container are replaced one after the other, and what follows when one of them fails. */
export interface Roll {
  readonly container: ContainerKey;
  readonly onFailure: Rollout['onFailure'];
  readonly monitorMs: number;
  /** Those that come first, and how long the others wait for them; null where nobody waits. */
  readonly canary: { readonly changes: readonly string[]; readonly bakeMs: number } | null;
  /** Those of its instances. */
  readonly changes: readonly string[];
  /** In the order in which they are replaced; empty unless `onFailure` is `rollback`. */
  readonly back: readonly BackTurn[];
}

/** How one instance goes back to its old generation. */
export interface BackTurn {
  readonly change: string;
  /** As for a replacement: `stop-first` leaves its work to the others meanwhile. */
  readonly order: 'start-first' | 'stop-first';
  /** The id of the old generation. Once it is being removed there is no way back. */
  readonly old: string;
  /**
   * Done only when another instance of the container fails, one after the other; the first one waits for the whole turn of the
   * new generation.
   */
  readonly nodes: readonly PlanNode[];
}

/** One operation with what it waits for. */
export interface PlanNode {
  readonly id: NodeId;
  readonly op: Operation;
  readonly after: readonly NodeId[];
  /** What must be over, whatever became of it; absent: nothing. */
  readonly follows?: readonly NodeId[];
  /** The change it belongs to. */
  readonly group: string;
  /** Why, in a few words (`gate passed`, `replaced by generation 3`). */
  readonly reason: string;
  /** Loses something that cannot be made again (a volume). */
  readonly destructive: boolean;
  /**
   * Nodes of one scope are taken back together, last first, when one of them fails. Null: there is no way back
   * (the new generation is current), or nothing to take back.
   */
  readonly undoScope: string | null;
  /** What takes this node back, in order. */
  readonly undo: readonly Operation[];
}

/** What becomes of one thing of the stack. */
export interface Change {
  /** `shop/app0`, `network shop`, `image …`; nodes name it as their group. */
  readonly id: string;
  readonly subject: Subject;
  readonly action: Action;
  readonly reasons: readonly Reason[];
  /** Generations before and after; null where there is none. */
  readonly from: number | null;
  readonly to: number | null;
  /** How it is replaced and why so; null for everything but a replacement. */
  readonly strategy: { readonly order: 'start-first' | 'stop-first'; readonly why: string } | null;
  /** What says that it is ready, in words; null where nothing starts. */
  readonly gate: string | null;
  /** The instance's container that it makes; null where it makes none. */
  readonly makes: MadeContainer | null;
  /** What it waits for directly: ids of changes, or `application/container` for all of its instances. */
  readonly waitsFor: readonly string[];
  /** What a reader should know besides (`socket … (inferred from the command)`). */
  readonly notes: readonly string[];
  /** What it does to requests; null for what touches none, and where nothing is known of what runs. */
  readonly judgement: Judgement | null;
}

/** A container that a plan makes, as far as it may be shown. */
export interface MadeContainer {
  /** `sha256:…`; null when only the pull tells. */
  readonly imageId: string | null;
  /** As its label will hold it. */
  readonly spec: InstanceSpec;
  /** Its variables with values as {@link Reason} has them, in the order in which they are given. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** What a change is about. */
export type Subject =
  | {
      readonly kind: 'instance';
      readonly application: string;
      readonly container: string;
      readonly instance: string;
    }
  | { readonly kind: 'migration'; readonly application: string; readonly container: string }
  | { readonly kind: 'schedule'; readonly application: string; readonly container: string }
  /** `run`: a container of `stack run`. `kept`: what is kept to go back by, in words. `adoption`: what is adopted together, or the record of it. */
  | {
      readonly kind: 'network' | 'volume' | 'image' | 'agent' | 'run' | 'kept' | 'adoption';
      readonly name: string;
    };

/**
 * `update` changes a running container in place (restart policy, networks); `reload` gives it other files, which its program
 * reads again; `hold` leaves a `manual` one that
 * differs; `tidy` removes what an earlier apply left over; `adopt` makes containers that were started outside of the stack a part of it.
 */
export type Action =
  | 'create'
  | 'replace'
  | 'start'
  | 'update'
  | 'reload'
  | 'hold'
  | 'remove'
  | 'tidy'
  | 'adopt'
  | 'run'
  | 'pull'
  | 'build'
  | 'push'
  | 'schedule'
  | 'none';

/** Why, by field. Values are displayable: masked ones are `(masked)`, absent ones null. */
export interface Reason {
  readonly kind: 'field' | 'drift' | 'missing' | 'requested' | 'leftover' | 'dropped' | 'adopted';
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What the operator asked for besides the file. Names are those of containers or instances. */
export interface PlanRequest {
  readonly include: readonly string[];
  readonly force: readonly string[];
  readonly only: readonly string[];
  readonly allowRemoveAll: boolean;
  /** No engine was asked: nothing is known of what exists. */
  readonly offline: boolean;
  /** The image tag of this version's agent. */
  readonly agentImage: string;
  /** Whether the engine has that image. */
  readonly agentImagePresent: boolean;
  /** Where the engine's host has its socket, where the file does not say. */
  readonly engineSocket: string;
  /** Whether migrations run that have not; a way back runs none. Default true. */
  readonly migrations?: boolean;
  /** Those that would run are left out, with a warning each (`STK422`). Default false. */
  readonly skipMigration?: boolean;
  /** An earlier revision is made again. Default false. */
  readonly goesBack?: boolean;
  /** What was started outside of the stack becomes a part of it; whoever is to, is in the observed state already. Default false. */
  readonly adopt?: boolean;
  /** An apply that was cut off is gone on with: whoever it has replaced by force is not replaced once more. Default false. */
  readonly goesOn?: boolean;
  /** Only what broke by itself is brought back. Absent: all of the plan. */
  readonly heal?: Healing;
  /** Only the numbers of these containers' instances are changed. Absent: all of the plan. */
  readonly scale?: Scaling;
}

/** Whether the rest of the stack is left alone. */
export function isOfPart({ only, heal, scale }: Pick<PlanRequest, 'only' | 'heal' | 'scale'>): boolean {
  return only.length > 0 || heal !== undefined || scale !== undefined;
}

/** Whose number is to be another (ADR 0024); the desired state has it. */
export interface Scaling {
  readonly containers: readonly ContainerKey[];
}

/** What is to be brought back (ADR 0023); what is named by `force` as well is replaced although it runs. */
export interface Healing {
  /** Instances or containers; none: all of them. */
  readonly names: readonly string[];
  /** What does not run is only started as it was made, since nobody can tell what should run. */
  readonly asMade: boolean;
}

/** Changes that `--detailed-exitcode` and `apply` count; held and unchanged ones are not pending, nor jobs without a reason. */
export function isPending({ action, reasons }: Pick<Change, 'action' | 'reasons'>): boolean {
  return action === 'schedule' ? reasons.length > 0 : action !== 'none' && action !== 'hold';
}

/** Whether an apply of a plan leaves anything else than it is: on the engine, or in what is healed and scaled by. */
export function changesAnything({ changes, noted }: Pick<Plan, 'changes' | 'noted'>): boolean {
  return noted !== undefined || changes.some(isPending);
}
