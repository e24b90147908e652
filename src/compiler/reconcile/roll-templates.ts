import { scheduleWords } from '../cron/words.ts';
import type { DesiredContainer } from '../desired/desired-state.ts';
import { generationName } from '../names.ts';
import type { ObservedContainer } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId, Reason } from '../plan/plan.ts';
import { plainChange } from './plain-change.ts';
import type { DecidedTemplate } from './templates.ts';
import { existing } from './turn.ts';

/** What a job's template waits for, as nodes; `waitsFor` is what a reader is told: what its own container names, and migrations. */
export interface AwaitedByJob {
  readonly nodes: readonly NodeId[];
  readonly waitsFor: readonly string[];
}

/** What becomes of a template in a plan; `ready`: the nodes after which it is as it should be. */
interface Rolled {
  readonly change: Change;
  readonly ready: readonly NodeId[];
}

/**
 * Adds what puts the templates right, when all else of their applications is ready (`awaited`). The new one takes the place of the
 * old one by its name: at no moment is there none, and what runs goes on.
 *
 *     shop-backup.template     shop-backup.1.old     shop-backup.2.next
 *     1                        -                     2
 *     -                        1                     2
 *     2                        1                     -
 *     2                        -                     -
 */
export function rollTemplates(
  builder: PlanBuilder,
  decided: readonly DecidedTemplate[],
  awaited: (container: DesiredContainer) => AwaitedByJob,
): { readonly changes: readonly Change[]; readonly ready: readonly NodeId[] } {
  const rolled = decided.map((one) => rollTemplate(builder, one, awaited));
  return { changes: rolled.map(({ change }) => change), ready: rolled.flatMap(({ ready }) => ready) };
}

function rollTemplate(
  builder: PlanBuilder,
  one: DecidedTemplate,
  awaited: (container: DesiredContainer) => AwaitedByJob,
): Rolled {
  const { container, decision, standing } = one;
  if (decision === 'leave' && spareOf(one).length === 0 && standing.rescue === null)
    return { change: changeOf(one, one.reasons, standing.current?.generation ?? null), ready: [] };
  const { nodes, waitsFor } = awaited(container);
  const steps = new TemplateSteps(builder, container.key, nodes);
  const rolled = decision === 'leave' ? tidy(steps, one) : replace(steps, one);
  return decision === 'leave' ? rolled : { ...rolled, change: { ...rolled.change, waitsFor } };
}

/** What an apply that was cut off has left. */
function spareOf({ standing: { leftovers, failed } }: DecidedTemplate): readonly ObservedContainer[] {
  return [...leftovers, ...failed];
}

function changeOf(
  { container, job, standing: { current } }: DecidedTemplate,
  reasons: readonly Reason[],
  to: number | null,
): Change {
  const { key, application, name } = container;
  const subject = { kind: 'schedule', application, container: name } as const;
  const notes = [`runs at ${scheduleWords(job)}`];
  return {
    ...plainChange(key, subject, 'schedule', reasons, notes),
    from: current?.generation ?? null,
    to,
  };
}

/** The operations on one template, one after the other. */
class TemplateSteps {
  readonly #builder: PlanBuilder;
  readonly #group: string;
  #last: readonly NodeId[];

  constructor(builder: PlanBuilder, group: string, after: readonly NodeId[]) {
    this.#builder = builder;
    this.#group = group;
    this.#last = after;
  }

  get last(): readonly NodeId[] {
    return this.#last;
  }

  /** `undo`: what takes it back; null: nothing does. */
  add(verb: string, op: Operation, reason: string, undo: readonly Operation[] | null): void {
    const extras = undo === null ? {} : { undoScope: `${this.#group} template`, undo };
    this.#last = [this.#builder.add(this.#group, verb, op, this.#last, reason, extras)];
  }

  remove(one: ObservedContainer, reason: string): void {
    const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
    this.add(`remove ${one.generation}`, op, reason, null);
  }
}

/** What is as it should be, but for its name or what lies beside it. */
function tidy(steps: TemplateSteps, one: DecidedTemplate): Rolled {
  const { name, standing } = one;
  const { current, rescue } = standing;
  const spare = spareOf(one);
  if (current !== null && rescue !== null)
    steps.add(`switch ${current.generation}`, rename(existing(current), name), 'an apply was cut off', null);
  for (const each of spare) steps.remove(each, 'left over');
  const from = spare[0]?.engineName ?? null;
  const left: Reason = { kind: 'leftover', field: 'template', from, to: null };
  const reasons = rescue === null ? [left] : [named(current, name)];
  return { change: changeOf(one, reasons, current?.generation ?? null), ready: steps.last };
}

function replace(steps: TemplateSteps, one: DecidedTemplate): Rolled {
  const { container, name, base, standing, reasons } = one;
  const { template } = container;
  const { current, latest } = standing;
  const spare = spareOf(one);
  // What an apply was cut off from may have the name of the next one.
  for (const each of spare) if (each.phase === 'next') steps.remove(each, 'left over');
  const generation = latest + 1;
  const made: ContainerRef = { kind: 'created', instance: template.key, generation };
  const next = generationName(base, generation, 'next');
  steps.add(
    `create ${generation}`,
    { kind: 'container.create', instance: template.key, generation, name: next },
    'runs are made from it',
    [{ kind: 'container.remove', target: made, volumes: true }],
  );
  for (const network of template.spec.networks)
    steps.add(
      `join ${generation} ${network}`,
      { kind: 'container.connect', target: made, network },
      'in `networks`',
      [],
    );
  if (current !== null && current.phase === 'current') {
    const parked = generationName(base, current.generation, 'old');
    steps.add(`park ${current.generation}`, rename(existing(current), parked), 'is being replaced', [
      rename(existing(current), current.engineName),
    ]);
  }
  steps.add(`switch ${generation}`, rename(made, name), 'the next run is made from it', [rename(made, next)]);
  const others = spare.filter(({ phase }) => phase !== 'next');
  for (const each of [...(current === null ? [] : [current]), ...others]) steps.remove(each, 'is replaced');
  return { change: changeOf(one, reasons, generation), ready: steps.last };
}

function rename(target: ContainerRef, name: string): Operation {
  return { kind: 'container.rename', target, name };
}

/** An apply was cut off between its two renames, or somebody has named it otherwise. */
function named(current: ObservedContainer | null, name: string): Reason {
  return { kind: 'drift', field: 'name', from: current?.engineName ?? null, to: name };
}
