import { isPending, type Change, type NodeId, type Plan, type PlanNode } from '../../compiler/plan/plan.ts';
import type { ExecutionEvent } from '../../runtime/execution-event.ts';
import { actionWords, countActions } from './actions.ts';
import { changeNames } from './subject.ts';
import { duration, plural } from './text.ts';

/** What an apply has done so far, kept from its events alone. */
export interface ApplyReport {
  /** Takes in one event; call it before anything is rendered from it. */
  note(event: ExecutionEvent): void;
  nameOf(group: string): string;
  changeOf(group: string): Change | undefined;
  groupOf(node: NodeId): string | undefined;
  /** Whether anything of a change has been begun. */
  hasBegun(group: string): boolean;
  /** Whether it leads back to an old generation. */
  isBack(node: NodeId): boolean;
  /** Whether a change is on its way back to its old generation. */
  isTurning(group: string): boolean;
  /** Whether the agent walks it, and tries again by itself. */
  readonly byItself: boolean;
  /** The last line. */
  outcome(finished: Extract<ExecutionEvent, { readonly type: 'finished' }>): string;
}

/** What the last line calls a completed walk and the command that goes on with an incomplete one. */
export interface Wording {
  readonly completed: string;
  readonly command: string;
  /** Whether the agent walks it, and tries again by itself: nobody has to run that command. */
  readonly byItself?: boolean;
  /** What ended it early, and what to do then; null or absent: somebody interrupted it. */
  readonly ended?: () => { readonly what: string; readonly next: string } | null;
}

/** Follows the walk of a plan. */
export function applyReport(plan: Plan, wording: Wording): ApplyReport {
  const turns = plan.rolls.flatMap(({ back }) => back);
  const backNodes = turns.flatMap((turn) => turn.nodes);
  const back = new Set(backNodes.map(({ id }) => id));
  const nodes = new Map<NodeId, PlanNode>([...plan.nodes, ...backNodes].map((node) => [node.id, node]));
  const changes = new Map<string, Change>(plan.changes.map((change) => [change.id, change]));
  const nameOf = changeNames(plan);
  const done = new Set<NodeId>();
  const begunGroups = new Set<string>();
  const failed = new Set<string>();
  const stopped = new Set<string>();
  const turnedBack = new Set<string>();

  return {
    note: (event) => {
      if (event.type === 'node-started') {
        begunGroups.add(event.node.group);
        if (back.has(event.node.id)) turnedBack.add(event.node.group);
      } else if (event.type === 'node-finished') {
        done.add(event.node.id);
      } else if (event.type === 'node-failed') {
        failed.add(event.node.group);
      } else if (event.type === 'node-stopped') {
        stopped.add(event.node.group);
      }
    },
    nameOf,
    changeOf: (group) => changes.get(group),
    groupOf: (node) => nodes.get(node)?.group,
    hasBegun: (group) => begunGroups.has(group),
    isBack: (node) => back.has(node),
    isTurning: (group) => turnedBack.has(group),
    byItself: wording.byItself === true,
    outcome: (finished) => {
      const undone = plan.nodes.filter((node) => node.op.kind !== 'checkpoint' && !done.has(node.id));
      // A replacement is complete without the removal of what it replaced (the next apply tidies that), and without being watched.
      const open = new Set(
        undone.filter((node) => !isExtra(node, changes.get(node.group))).map((node) => node.group),
      );
      const completed = plan.changes.filter((change) => !open.has(change.id) && !turnedBack.has(change.id));
      const isBack = turns.filter((turn) => turn.nodes.every(({ id }) => done.has(id)));
      const left = plan.changes.filter(
        (change) => open.has(change.id) && !failed.has(change.id) && !stopped.has(change.id),
      );
      const counts = countActions(completed)
        .map(([action, count]) => `${count} ${actionWords[action].done}`)
        .join(', ');
      const took = duration(finished.tookMs);
      const sentences: string[] = [];
      // A signal that came when all was done has interrupted nothing.
      const interrupted = finished.interrupted && undone.length > 0;
      const ended = wording.ended?.() ?? null;
      if (interrupted)
        sentences.push(`${ended?.what ?? 'Interrupted'} after ${took}${counts === '' ? '' : `: ${counts}`}.`);
      else if (finished.failed > 0)
        sentences.push(`Failed after ${took}${counts === '' ? '' : `: ${counts}`}.`);
      else sentences.push(`${wording.completed} in ${took}: ${counts === '' ? 'nothing to do' : counts}.`);
      if (failed.size > 0) {
        sentences.push(`Failed: ${[...failed].map(nameOf).join(', ')}.`);
      }
      if (isBack.length > 0)
        sentences.push(
          `Back on the old generation: ${isBack.map(({ change }) => nameOf(change)).join(', ')}.`,
        );
      const halfway = [...stopped].filter((group) => open.has(group) && !failed.has(group));
      if (halfway.length > 0) sentences.push(`Cut off: ${halfway.map(nameOf).join(', ')}.`);
      const pending = left.filter(isPending);
      if (pending.length > 0)
        sentences.push(`Left: ${pending.map((change) => nameOf(change.id)).join(', ')}.`);
      if (interrupted && pending.length === 0 && failed.size === 0 && halfway.length === 0) {
        sentences.push(`${plural(undone.length, 'operation')} left.`);
      }
      if (interrupted && ended !== null) sentences.push(...(isBack.length > 0 ? [] : [ended.next]));
      else if ((interrupted || finished.failed > 0) && wording.byItself === true)
        sentences.push('The agent tries it again.');
      else if (interrupted || finished.failed > 0)
        sentences.push(
          isBack.length > 0
            ? `\`${wording.command}\` tries it again: mend the version, or put the file back, before.`
            : `\`${wording.command}\` goes on from here.`,
        );
      return sentences.join(' ');
    },
  };
}

function isExtra({ op }: PlanNode, change: Change | undefined): boolean {
  if (op.kind === 'container.monitor' || op.kind === 'canary.bake') return true;
  return op.kind === 'container.remove' && (change?.action === 'replace' || change?.action === 'create');
}
