import { idleAgent } from './agents.ts';
import type { JobSpec } from '../cron/job.ts';
import { isOfRuns, JOB_FILE } from '../cron/places.ts';
import { scheduleWords } from '../cron/words.ts';
import { canonicalJson } from '../desired/canonical-json.ts';
import type {
  ContainerKey,
  DesiredContainer,
  DesiredInstance,
  DesiredState,
} from '../desired/desired-state.ts';
import { fileBytes } from '../desired/placed-files.ts';
import { containerKey } from '../desired/keys.ts';
import { groupBy } from '../group-by.ts';
import { generationName, instanceEngineName, templateName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { ContainerRef, Operation } from '../plan/operation.ts';
import type { PlanBuilder } from '../plan/plan-builder.ts';
import type { Change, NodeId, Reason, Subject } from '../plan/plan.ts';
import { durationWords } from '../verdict/duration-words.ts';
import { compare, MASKED } from './compare.ts';
import { plainChange } from './plain-change.ts';
import { field } from './spec-reasons.ts';
import { standing, type Standing } from './standing.ts';
import { existing } from './turn.ts';

/** What is to become of the template of a job (ADR 0022). */
export interface DecidedTemplate {
  readonly container: DesiredContainer;
  readonly job: JobSpec;
  /** `shop-backup.template`. */
  readonly name: string;
  /** `shop-backup`, what its other phases are called by. */
  readonly base: string;
  readonly standing: Standing;
  readonly decision: 'leave' | 'create' | 'replace';
  readonly reasons: readonly Reason[];
}

const missing: Reason = { kind: 'missing', field: 'template', from: null, to: null };

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
    const base = instanceEngineName(desired.stack, application, written);
    const whole = { container, job: job.spec, name, base, standing: stands };
    if (current === null) return [{ ...whole, decision: 'create', reasons: [missing] }];
    const { spec } = current;
    const { replace, files, update } = compare(container, untold(template), {
      ...current,
      spec: spec && { ...spec, files: spec.files.filter(isOfRuns) },
    });
    const reasons = [
      ...scheduleReasons(job.spec, current.job),
      ...toldReasons(template, current),
      ...replace,
      ...files,
      ...update,
    ];
    return [{ ...whole, decision: reasons.length === 0 ? 'leave' : 'replace', reasons }];
  });
}

/** Whom a job tells what may be secret: only that it differs is told. */
function toldReasons({ files }: DesiredInstance, current: ObservedContainer): readonly Reason[] {
  const wanted = files.find(({ path }) => path === JOB_FILE);
  const found = current.files.found.find(({ path }) => path === JOB_FILE)?.content ?? null;
  const from = found === null ? null : new TextDecoder().decode(found);
  const to = wanted === undefined ? null : new TextDecoder().decode(fileBytes(wanted, ''));
  const masked = (text: string | null) => (text === null ? null : MASKED);
  return from === to ? [] : [field('heartbeat, cron.on_failure', masked(from), masked(to))];
}

/** Without the agent's own file. */
function untold(template: DesiredInstance): DesiredInstance {
  const { spec, files } = template;
  return {
    ...template,
    spec: { ...spec, files: spec.files.filter(isOfRuns) },
    files: files.filter(isOfRuns),
  };
}

function scheduleReasons(job: JobSpec, before: JobSpec | null): readonly Reason[] {
  if (before === null) return [field('cron', 'unreadable', scheduleWords(job))];
  const when = (spec: JobSpec) => canonicalJson([spec.schedule, spec.timezone]);
  const others = (['overlap', 'timeoutMs', 'catchUp', 'jitterMs'] as const).flatMap((name) => {
    const [from, to] = [valueWords(before[name]), valueWords(job[name])];
    return from === to ? [] : [field(`cron.${KEYS[name]}`, from, to)];
  });
  return when(job) === when(before)
    ? others
    : [field('cron', scheduleWords(before), scheduleWords(job)), ...others];
}

/** As the file has them. */
const KEYS = { overlap: 'overlap', timeoutMs: 'timeout', catchUp: 'catch_up', jitterMs: 'jitter' } as const;

function valueWords(value: JobSpec['overlap' | 'timeoutMs' | 'catchUp' | 'jitterMs']): string | null {
  if (value === null || value === 0) return null;
  return typeof value === 'number' ? durationWords(value) : String(value);
}

/** What a job's template waits for, as nodes; `waitsFor` is what a reader is told: what its own container names, and migrations. */
export interface AwaitedByJob {
  readonly nodes: readonly NodeId[];
  readonly waitsFor: readonly string[];
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
  { container, job, name, base, standing: stands, decision, reasons }: DecidedTemplate,
  awaited: (container: DesiredContainer) => AwaitedByJob,
): { readonly change: Change; readonly ready: readonly NodeId[] } {
  const { key: group, template, application, name: written } = container;
  const { current, rescue, latest } = stands;
  const spare = [...stands.leftovers, ...stands.failed];
  const subject: Subject = { kind: 'schedule', application, container: written };
  const notes = [`runs at ${scheduleWords(job)}`];
  const found = plainChange(group, subject, 'schedule', reasons, notes);
  if (decision === 'leave' && spare.length === 0 && rescue === null)
    return {
      change: { ...found, from: current?.generation ?? null, to: current?.generation ?? null },
      ready: [],
    };

  const { nodes, waitsFor } = awaited(container);
  let last = nodes;
  const add = (verb: string, op: Operation, reason: string, undo: readonly Operation[] | null) => {
    const extras = undo === null ? {} : { undoScope: `${group} template`, undo };
    last = [builder.add(group, verb, op, last, reason, extras)];
  };
  const remove = ({ generation, ...one }: ObservedContainer, reason: string) =>
    add(
      `remove ${generation}`,
      { kind: 'container.remove', target: existing({ generation, ...one }), volumes: true },
      reason,
      null,
    );
  if (decision === 'leave') {
    if (current !== null && rescue !== null)
      add(`switch ${current.generation}`, rename(existing(current), name), 'an apply was cut off', null);
    for (const one of spare) remove(one, 'left over');
    const left: Reason = {
      kind: 'leftover',
      field: 'template',
      from: spare[0]?.engineName ?? null,
      to: null,
    };
    const change = { ...found, reasons: rescue === null ? [left] : [named(current, name)] };
    return {
      change: { ...change, from: current?.generation ?? null, to: current?.generation ?? null },
      ready: last,
    };
  }
  // What an apply was cut off from may have the name of the next one.
  const [half, others] = [
    spare.filter(({ phase }) => phase === 'next'),
    spare.filter(({ phase }) => phase !== 'next'),
  ];
  for (const one of half) remove(one, 'left over');
  const generation = latest + 1;
  const made: ContainerRef = { kind: 'created', instance: template.key, generation };
  const next = generationName(base, generation, 'next');
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
      [],
    );
  if (current !== null && current.phase === 'current') {
    const parked = generationName(base, current.generation, 'old');
    add(`park ${current.generation}`, rename(existing(current), parked), 'is being replaced', [
      rename(existing(current), current.engineName),
    ]);
  }
  add(`switch ${generation}`, rename(made, name), 'the next run is made from it', [rename(made, next)]);
  for (const one of [...(current === null ? [] : [current]), ...others]) remove(one, 'is replaced');
  return {
    change: { ...found, from: current?.generation ?? null, to: generation, waitsFor },
    ready: last,
  };
}

function rename(target: ContainerRef, name: string): Operation {
  return { kind: 'container.rename', target, name };
}

/** An apply was cut off between its two renames, or somebody has named it otherwise. */
function named(current: ObservedContainer | null, name: string): Reason {
  return { kind: 'drift', field: 'name', from: current?.engineName ?? null, to: name };
}

const NOT_ENDED = 'its run that goes on comes to its own end';

/** Removes the templates of jobs that the file no longer has, and with the last one who starts them; runs go on to their end. */
export function dropTemplates(
  builder: PlanBuilder,
  desired: DesiredState,
  observed: ObservedState,
  within: ReadonlySet<ContainerKey> | null,
  after: readonly NodeId[],
): readonly Change[] {
  const { templates, jobRuns } = observed;
  const isRunning = (key: ContainerKey) =>
    jobRuns.some((run) => run.state === 'running' && containerKey(run.application, run.container) === key);
  const wanted = new Set<string>(desired.containers.flatMap(({ job, key }) => (job === null ? [] : [key])));
  const gone = groupBy(
    templates.filter((one) => !wanted.has(keyOf(one)) && within?.has(keyOf(one)) !== false),
    keyOf,
  );
  const removed: NodeId[] = [];
  const changes = [...gone].map(([key, all]) => {
    const group = `job ${key}`;
    for (const one of all) {
      const op = { kind: 'container.remove', target: existing(one), volumes: true } as const;
      removed.push(builder.add(group, `remove ${one.generation}`, op, after, 'not in the file'));
    }
    const [{ application, container } = { application: '', container: '' }] = all;
    const subject: Subject = { kind: 'schedule', application, container };
    const reason: Reason = { kind: 'dropped', field: 'file', from: container, to: null };
    return plainChange(group, subject, 'remove', [reason], isRunning(key) ? [NOT_ENDED] : []);
  });
  const agent = within === null ? idleAgent(desired, observed) : null;
  if (agent === null) return changes;
  const { name, id } = agent;
  const group = `agent ${name}`;
  const reason: Reason = { kind: 'dropped', field: 'agent', from: name, to: null };
  // Last: an apply that fails before that leaves jobs as they were.
  const op = { kind: 'agent.remove', name, id } as const;
  builder.add(group, 'remove', op, removed.length > 0 ? removed : after, 'nobody needs it');
  return [...changes, plainChange(group, { kind: 'agent', name }, 'remove', [reason])];
}

function keyOf({ application, container }: ObservedContainer): ContainerKey {
  return containerKey(application, container);
}
