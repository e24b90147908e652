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
import { instanceEngineName, templateName } from '../names.ts';
import type { ObservedContainer, ObservedState } from '../observed/observed-state.ts';
import type { PlanRequest, Reason } from '../plan/plan.ts';
import { compare, MASKED } from './compare.ts';
import { named } from './decide.ts';
import { field } from './spec-reasons.ts';
import { standing, type Standing } from './standing.ts';

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

const MISSING: Reason = { kind: 'missing', field: 'template', from: null, to: null };
const REMOVED: Reason = { kind: 'drift', field: 'template', from: 'removed by hand', to: 'there' };
const FORCED: Reason = { kind: 'requested', field: '--force', from: null, to: null };

/** Compares the template of each job of the file with it. Order: that of the desired state. */
export function decideTemplates(
  desired: DesiredState,
  { templates, lostTemplates }: ObservedState,
  selected: ReadonlySet<ContainerKey>,
  { force, goesOn = false }: Pick<PlanRequest, 'force' | 'goesOn'>,
): readonly DecidedTemplate[] {
  const byKey = groupBy(templates, keyOf);
  const lost = new Set(lostTemplates);
  const forced = new Set(force);
  return desired.containers.flatMap((container): readonly DecidedTemplate[] => {
    const { job, application, name: written, key, template } = container;
    if (job === null || !selected.has(key)) return [];
    const name = templateName(desired.stack, application, written);
    const stands = standing(name, byKey.get(key) ?? []);
    const { current } = stands;
    const base = instanceEngineName(desired.stack, application, written);
    const whole = { container, job: job.spec, name, base, standing: stands };
    if (current === null)
      return [{ ...whole, decision: 'create', reasons: [lost.has(key) ? REMOVED : MISSING] }];
    const { spec } = current;
    const { replace, files, update } = compare(container, untold(template), {
      ...current,
      spec: spec && { ...spec, files: spec.files.filter(isOfRuns) },
    });
    // What was cut off and is gone on with has made it already.
    const isForced = named(forced, container, template) && !(goesOn && isReplaced(stands));
    const reasons = [
      ...(isForced ? [FORCED] : []),
      ...scheduleReasons(job.spec, current.job),
      ...toldReasons(template, current),
      ...stopReasons(template, current),
      ...replace,
      ...files,
      ...update,
    ];
    return [{ ...whole, decision: reasons.length === 0 ? 'leave' : 'replace', reasons }];
  });
}

function isReplaced({ leftovers }: Standing): boolean {
  return leftovers.some(({ phase }) => phase === 'old');
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

/** Nobody who stops a run has the file: it is stopped as its template says. */
function stopReasons({ stop }: DesiredInstance, { stopTimeoutS }: ObservedContainer): readonly Reason[] {
  return stop.timeoutS === stopTimeoutS
    ? []
    : [field('stop_timeout', `${stopTimeoutS} s`, `${stop.timeoutS} s`)];
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
  // Exact: what is another time must read so.
  return typeof value === 'number' ? `${value / 1000} s` : String(value);
}

/** The container that a template is of. */
export function keyOf({ application, container }: ObservedContainer): ContainerKey {
  return containerKey(application, container);
}
