import { canonicalJson } from '../../compiler/desired/canonical-json.ts';
import type { ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import type { Plan } from '../../compiler/plan/plan.ts';
import { planJson } from '../render/plan-json.ts';
import { reasonLines } from '../render/reason.ts';
import { changeNames } from '../render/subject.ts';
import { sha256 } from '../sha256.ts';
import type { SavedChange, SavedWork } from './saved-plan.ts';

/** The part of a plan that an apply of it must find again. */
export function savedWork(plan: Plan): SavedWork {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same facts, with their names in snake_case
  const { format_version, changes, nodes } = JSON.parse(
    JSON.stringify(planJson(plan, [], null)),
  ) as SavedWork;
  return { format_version, changes, nodes };
}

/** The SHA-256 of each file that is put into containers. */
export function fileSums(files: ResolvedInputs['files']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(files).flatMap(([name, file]) => ('bytes' in file ? [[name, sha256(file.bytes)]] : [])),
  );
}

/** Which of these files are others now. */
export function changedFiles(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])]
    .filter((name) => before[name] !== now[name])
    .sort();
}

/** How what is to be done now differs from what was saved, a line each; none when it does not. */
export function staleness(saved: SavedWork, plan: Plan): readonly string[] {
  const now = savedWork(plan);
  const before = new Map(saved.changes.map((change) => [change.id, change]));
  const after = new Map(now.changes.map((change) => [change.id, change]));
  const nameOf = changeNames(plan);
  const reasonsOf = (id: string) =>
    plan.changes
      .find((change) => change.id === id)
      ?.reasons.map((reason) => reasonLines(reason, { full: true, width: Infinity }).join(' ')) ?? [];
  const lines = [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const changed = changeWords(before.get(id) ?? null, after.get(id) ?? null, reasonsOf(id));
    return changed === null ? [] : [`${nameOf(id)}: ${changed}`];
  });
  if (lines.length > 0) return lines;
  return canonicalJson(saved.nodes) === canonicalJson(now.nodes)
    ? []
    : ['the engine has changed: the same changes take other operations now'];
}

function changeWords(
  before: SavedChange | null,
  after: SavedChange | null,
  reasons: readonly string[],
): string | null {
  const [was, is] = [actionOf(before), actionOf(after)];
  const why = reasons.length === 0 ? '' : ` (${reasons.join('; ')})`;
  if (was !== is) return `${words(was)} when the plan was made, ${words(is)} now${was === 'none' ? why : ''}`;
  if (before === null || after === null || is === 'none') return null;
  if (canonicalJson(before.reasons) !== canonicalJson(after.reasons)) return `${is} for other reasons${why}`;
  const [said, says] = [before.judgement?.verdict.kind, after.judgement?.verdict.kind];
  if (said !== says) return `${verdict(said)} when the plan was made, ${verdict(says)} now`;
  // How long a gap lasts is measured anew by every apply.
  const apart = (change: SavedChange) => canonicalJson({ ...change, judgement: null });
  return apart(before) === apart(after) ? null : 'something else is to be made than when the plan was made';
}

/** Nothing is done to them; nor to a job without a reason. */
const IDLE: ReadonlySet<string> = new Set(['none', 'hold']);

function actionOf(change: SavedChange | null): string {
  if (change === null || IDLE.has(change.action)) return 'none';
  return change.action === 'schedule' && change.reasons.length === 0 ? 'none' : change.action;
}

function words(action: string): string {
  return action === 'none' ? 'nothing to do' : action;
}

function verdict(kind: string | undefined): string {
  return kind === undefined ? 'nothing said of requests' : kind.replace('-', ' ');
}
