import type { JobSpec } from '../cron/job.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import type { ContainerKey, DesiredContainer, DesiredState } from '../desired/desired-state.ts';
import { containerKey } from '../desired/keys.ts';
import { groupBy } from '../group-by.ts';
import { generationName, templateName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId, Reason, Subject } from '../plan/plan.ts';
import { compare } from './compare.ts';
import { madeContainer } from './made-container.ts';
import { plainChange } from './plain-change.ts';
import { field } from './spec-reasons.ts';
import { standing, type Standing } from './standing.ts';
import { existing } from './turn.ts';

/** What is to become of the template of a job (ADR 0022). */
export interface DecidedTemplate {
  readonly container: DesiredContainer;
  readonly job: JobSpec;
  readonly name: string;
  readonly standing: Standing;
  readonly decision: 'leave' | 'create' | 'replace';
  readonly reasons: readonly Reason[];
}

/** Compares the template of each job of the file with it. Order: that of the desired state. */
export function decideTemplates(
  desired: DesiredState,
  { templates }: ObservedState,
  selected: ReadonlySet<ContainerKey>,
): readonly DecidedTemplate[] {
  const byKey = groupBy(templates, keyOf);
  return desired.containers.flatMap((container): readonly DecidedTemplate[] => {
    const { job, application, name: written, key, template } = container;
    if (job === null || !selected.has(key)) return [];
    const name = templateName(desired.stack, application, written);
    const stands = standing(name, byKey.get(key) ?? []);
    const { current } = stands;
    const whole = { container, job: job.spec, name, standing: stands };
    if (current === null)
      return [
        { ...whole, decision: 'create', reasons: [{ kind: 'missing', field: 'job', from: null, to: null }] },
      ];
    const { replace, files, update } = compare(container, template, current);
    const reasons = [...scheduleReasons(job.spec, current.job), ...replace, ...files, ...update];
    return [{ ...whole, decision: reasons.length === 0 ? 'leave' : 'replace', reasons }];
  });
}

function scheduleReasons(job: JobSpec, before: JobSpec | null): readonly Reason[] {
  if (before === null) return [field('cron', 'unreadable', scheduleWords(job))];
  const shown = (['timeoutMs', 'catchUp', 'jitterMs', 'overlap'] as const).flatMap((name) =>
    job[name] === before[name] ? [] : [field(`cron ${WORDS[name]}`, String(before[name]), String(job[name]))],
  );
  const when = (spec: JobSpec) => canonicalJson([spec.schedule, spec.timezone]);
  return when(job) === when(before)
    ? shown
    : [field('cron', scheduleWords(before), scheduleWords(job)), ...shown];
}

const WORDS = {
  timeoutMs: 'timeout ms',
  catchUp: 'catch_up',
  jitterMs: 'jitter ms',
  overlap: 'overlap',
} as const;

/** `0 3 * * * Europe/Rome`. */
function scheduleWords({ schedule, timezone }: JobSpec): string {
  return schedule.map((line) => `${line} ${timezone}`).join(' and ');
}

/**
 * Adds what puts the templates right, when all else of their applications is ready (`readyOf`). The new one takes the place of the
 * old one by its name: at no moment is there none, and what runs goes on.
 */
export function rollTemplates(
  builder: PlanBuilder,
  decided: readonly DecidedTemplate[],
  readyOf: (application: string) => readonly NodeId[],
): { readonly changes: readonly Change[]; readonly ready: readonly NodeId[] } {
  const rolled = decided.map((one) => rollTemplate(builder, one, readyOf(one.container.application)));
  return { changes: rolled.map(({ change }) => change), ready: rolled.flatMap(({ ready }) => ready) };
}

function rollTemplate(
  builder: PlanBuilder,
  { container, job, name, standing: stands, decision, reasons }: DecidedTemplate,
  after: readonly NodeId[],
): { readonly change: Change; readonly ready: readonly NodeId[] } {
  const { key: group, template, application, name: written } = container;
  const { current, rescue, leftovers, failed, latest } = stands;
  const subject: Subject = { kind: 'schedule', application, container: written };
  const notes = [`runs ${scheduleWords(job)}`];
  let last = after;
  const undoScope = `${group} template`;
  const add = (verb: string, op: Operation, reason: string, undo: readonly Operation[] = []) => {
    last = [builder.add(group, verb, op, last, reason, { undoScope, undo })];
  };
  const rename = (target: ContainerRef, to: string): Operation => ({
    kind: 'container.rename',
    target,
    name: to,
  });
  const remove = (one: ObservedContainer, reason: string) => {
    const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
    last = [builder.add(group, `remove ${one.generation}`, op, last, reason)];
  };
  const spare = [...leftovers, ...failed];
  if (decision === 'leave') {
    if (current !== null && rescue !== null)
      add(`name ${current.generation}`, rename(existing(current), name), 'an apply was cut off');
    for (const one of spare) remove(one, 'left over');
    const action = last === after ? 'schedule' : 'tidy';
    return { change: plainChange(group, subject, action, reasons, notes), ready: last === after ? [] : last };
  }
  const generation = latest + 1;
  const made: ContainerRef = { kind: 'created', instance: template.key, generation };
  const next = generationName(name, generation, 'next');
  add(
    `create ${generation}`,
    { kind: 'container.create', instance: template.key, generation, name: next },
    'runs are made from it',
    [{ kind: 'container.remove', target: made, volumes: true }],
  );
  for (const network of template.spec.networks)
    add(
      `join ${generation} ${network}`,
      { kind: 'container.connect', target: made, network },
      'in `networks`',
    );
  if (current !== null && current.phase === 'current') {
    const parked = generationName(name, current.generation, 'old');
    add(`park ${current.generation}`, rename(existing(current), parked), 'is being replaced', [
      rename(existing(current), current.engineName),
    ]);
  }
  add(`switch ${generation}`, rename(made, name), 'the next run is made from it', [rename(made, next)]);
  for (const one of [...(current === null ? [] : [current]), ...spare]) remove(one, 'is replaced');
  const change = plainChange(group, subject, decision, reasons, notes);
  const makes = madeContainer(container, template);
  return { change: { ...change, from: current?.generation ?? null, to: generation, makes }, ready: last };
}

/** Removes the templates of jobs that the file no longer has; their runs go on to their end. */
export function dropTemplates(
  builder: PlanBuilder,
  desired: DesiredState,
  { templates }: ObservedState,
  within: ReadonlySet<ContainerKey> | null,
  after: readonly NodeId[],
): readonly Change[] {
  const wanted = new Set<string>(desired.containers.flatMap(({ job, key }) => (job === null ? [] : [key])));
  const gone = groupBy(
    templates.filter((one) => !wanted.has(keyOf(one)) && within?.has(keyOf(one)) !== false),
    keyOf,
  );
  return [...gone].map(([key, all]) => {
    const group = `job ${key}`;
    for (const one of all) {
      const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
      builder.add(group, `remove ${one.generation}`, op, after, 'not in the file');
    }
    const [{ application, container } = { application: '', container: '' }] = all;
    const subject: Subject = { kind: 'schedule', application, container };
    const reason: Reason = { kind: 'dropped', field: 'file', from: container, to: null };
    return plainChange(group, subject, 'remove', [reason], ['a run that goes on is not ended']);
  });
}

function keyOf({ application, container }: ObservedContainer): ContainerKey {
  return containerKey(application, container);
}
