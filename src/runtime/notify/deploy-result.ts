import type { DesiredContainer, DesiredState } from '../../compiler/desired/desired-state.ts';
import { isUpkeep } from '../../compiler/heal/settled.ts';
import type { ApplyCommand } from '../../compiler/journal/record.ts';
import type { Action, Change, NodeId, Plan, PlanNode, Roll } from '../../compiler/plan/plan.ts';
import type { ExecutionEvent } from '../execution-event.ts';

/** What a deploy brings about that somebody is told of. */
const TOLD: ReadonlySet<Action> = new Set(['create', 'replace', 'reload']);
/** What may be left of that for an apply that goes on with another. */
const LEFT: ReadonlySet<Action> = new Set(['start', 'update', 'tidy']);
/** What a scaling brings about. */
const SCALED: ReadonlySet<Action> = new Set(['create', 'remove']);

/** What came of a container in an apply. */
export interface DeployResult {
  readonly container: DesiredContainer;
  /** `rollback`: those that had been replaced have gone back, or a command said so. */
  readonly event: 'success' | 'failure' | 'rollback';
  /** The instances that it was about: `app0`. */
  readonly instances: readonly string[];
  /** What went wrong; null with a success. */
  readonly error: string | null;
}

/** Sees an apply, and tells what came of each container that wants somebody to be told. */
export class DeployResults {
  readonly #goesBack: boolean;
  readonly #isUpkeep: boolean;
  readonly #watched: readonly Watched[];
  #revision: number | null = null;
  #hasBegun = false;
  #blame: string | null = null;

  /** `isBack`: it makes an earlier revision again. */
  constructor(
    plan: Plan,
    desired: DesiredState | null,
    { command, isBack }: { readonly command: ApplyCommand; readonly isBack: boolean },
  ) {
    this.#goesBack = isBack;
    this.#isUpkeep = isUpkeep(command);
    const mayBeLeft = command === 'resume' || command === 'heal';
    const isTold = ({ action }: Change) =>
      command === 'scale' ? SCALED.has(action) : TOLD.has(action) || (mayBeLeft && LEFT.has(action));
    this.#watched = (desired?.containers ?? []).flatMap((container) => {
      if (container.notifications.length === 0) return [];
      const changes = plan.changes.filter((change) => isOf(change, container));
      const told = changes.filter(isTold);
      return told.length === 0
        ? []
        : [new Watched(container, told, new Set(changes.map(({ id }) => id)), plan)];
    });
  }

  get revision(): number | null {
    return this.#revision;
  }

  /** Whether it was not refused before it began. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  note(event: ExecutionEvent): void {
    if (event.type === 'begun') {
      this.#hasBegun = true;
      this.#revision = event.revision;
    }
    for (const each of this.#watched) each.note(event);
  }

  /** What was done is no success all the same. */
  blame(why: string): void {
    this.#blame = why;
  }

  /** None of an apply that was refused before it began. */
  all(): readonly DeployResult[] {
    if (!this.#hasBegun) return [];
    const all = this.#watched.map((each) => each.result(this.#goesBack, this.#blame));
    // What is healed or scaled is no deploy: only that it cannot be is worth telling.
    return this.#isUpkeep ? all.filter(({ error }) => error !== null) : all;
  }
}

function isOf({ subject }: Change, { application, name }: DesiredContainer): boolean {
  return (
    (subject.kind === 'instance' || subject.kind === 'migration' || subject.kind === 'schedule') &&
    subject.application === application &&
    subject.container === name
  );
}

class Watched {
  readonly #container: DesiredContainer;
  readonly #instances: readonly string[];
  readonly #groups: ReadonlySet<string>;
  readonly #left: Set<NodeId>;
  readonly #roll: Roll | undefined;
  /** Operations of the way back that are not done; null: there was none. */
  #backLeft: Set<NodeId> | null = null;
  #isTakenBack = true;
  #error: string | null = null;

  constructor(
    container: DesiredContainer,
    changes: readonly Change[],
    groups: ReadonlySet<string>,
    { nodes, rolls }: Plan,
  ) {
    this.#container = container;
    this.#groups = groups;
    this.#left = idsOf(nodes.filter(({ group }) => groups.has(group)));
    this.#roll = rolls.find((roll) => roll.container === container.key);
    this.#instances = changes.flatMap(({ subject }) =>
      subject.kind === 'instance' ? [subject.instance] : [],
    );
  }

  note(event: ExecutionEvent): void {
    if (event.type === 'back-started') {
      if (event.container !== this.#container.key) return;
      const turns = this.#roll?.back.filter(({ change }) => event.changes.includes(change)) ?? [];
      this.#backLeft = idsOf(turns.flatMap(({ nodes }) => nodes));
    } else if (event.type === 'undo-finished') {
      if (this.#groups.has(event.group) && event.failures.length > 0) this.#isTakenBack = false;
    } else if (event.type === 'node-finished') {
      this.#left.delete(event.node.id);
      this.#backLeft?.delete(event.node.id);
    } else if (event.type === 'node-failed' && this.#groups.has(event.node.group)) {
      this.#error ??= event.failure.message;
    } else if (event.type === 'node-skipped' && this.#groups.has(event.node.group)) {
      this.#error ??= `it waited for \`${event.because}\`, which failed`;
    }
  }

  result(goesBack: boolean, blame: string | null): DeployResult {
    const what = { container: this.#container, instances: this.#instances };
    const error = this.#error ?? (this.#left.size === 0 ? blame : 'the apply was ended before it was done');
    if (error === null) return { ...what, event: goesBack ? 'rollback' : 'success', error };
    const hasGoneBack = this.#backLeft?.size === 0 && this.#isTakenBack;
    return { ...what, event: hasGoneBack ? 'rollback' : 'failure', error };
  }
}

/** Of what is done and told: a checkpoint is neither. */
function idsOf(nodes: readonly PlanNode[]): Set<NodeId> {
  return new Set(nodes.flatMap(({ id, op }) => (op.kind === 'checkpoint' ? [] : [id])));
}
