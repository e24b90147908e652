import type { ContainerKey } from '../../compiler/desired/desired-state.ts';
import { containerKey } from '../../compiler/desired/keys.ts';
import { labels } from '../../compiler/labels.ts';
import type { Phase } from '../../compiler/observed/observed-state.ts';
import type { ScaleEntry, ScaleRoster } from '../../compiler/scale/roster.ts';
import type { ContainerSummary } from '../engine.ts';
import { listedHealth } from '../listed-health.ts';
import { phaseOf } from '../observe.ts';

/** Names of what a roster is made from: kept revisions and, where anything is scaled, instances. */
export function markOf(rows: readonly ContainerSummary[], isAny: boolean): string {
  return rows
    .filter(
      ({ labels: own }) => own[labels.role] === 'revision' || (isAny && own[labels.role] === 'instance'),
    )
    .map(({ name, id, state, labels: own }) => `${own[labels.role] ?? ''} ${name} ${id} ${state}`)
    .sort()
    .join('\n');
}

/** What such a mark says of kept revisions alone. */
export function revisionsIn(mark: string): string {
  return mark
    .split('\n')
    .filter((line) => line.startsWith('revision '))
    .join('\n');
}

/** Which generation of an instance is there for whoever wants one, best first. */
const RUNNERS: readonly Phase[] = ['current', 'next', 'old'];

/** An instance as the planner knows it: by its labels, under whatever name somebody gave it. */
interface Found {
  readonly row: ContainerSummary;
  /** Its number. */
  readonly index: number;
  readonly phase: Phase;
}

/** The instances of a container, in the order of their numbers. */
function foundOf(key: ContainerKey, rows: readonly ContainerSummary[]): readonly Found[] {
  return rows
    .flatMap((row): readonly Found[] => {
      const {
        [labels.role]: role,
        [labels.application]: application = '',
        [labels.container]: container = '',
        [labels.instance]: instance = '',
      } = row.labels;
      const digits = instance.startsWith(container) ? instance.slice(container.length) : '';
      if (role !== 'instance' || containerKey(application, container) !== key || !/^\d+$/.test(digits))
        return [];
      return [{ row, index: Number(digits), phase: phaseOf(row.name) }];
    })
    .sort((a, b) => a.index - b.index);
}

/** Those of its instances that there are to be, and are there. */
export function instancesOf(
  { key, count }: Pick<ScaleEntry, 'key' | 'count'>,
  rows: readonly ContainerSummary[],
): readonly ContainerSummary[] {
  return foundOf(key, rows).flatMap(({ row, index, phase }) =>
    phase === 'current' && index < count ? [row] : [],
  );
}

/** Whether an instance is missing, or a haproxy could not be read: neither need have come to anything that is seen here. */
export function isDoubtful({ containers }: ScaleRoster, rows: readonly ContainerSummary[]): boolean {
  return containers.some(
    (entry) =>
      instancesOf(entry, rows).length < entry.count ||
      entry.sources.some((source) => 'why' in source && source.why !== null),
  );
}

/** Whether there are instances above the number, or half-made ones. What has failed is kept to be looked at. */
export function isAbove({ key, count }: ScaleEntry, rows: readonly ContainerSummary[]): boolean {
  return foundOf(key, rows).some(
    ({ index, phase }) => index >= count && (phase === 'current' || phase === 'next'),
  );
}

/** Whether an instance runs and nothing says that it is not ready. */
export function serves(row: ContainerSummary): boolean {
  return row.state === 'running' && listedHealth(row) === 'none';
}

/** The first instance of a container that runs: its id; null: none does. While one is replaced, its generations have other names. */
export function runnerOf(key: ContainerKey, rows: readonly ContainerSummary[]): string | null {
  const running = foundOf(key, rows).filter(({ row }) => row.state === 'running');
  const [first] = RUNNERS.flatMap((wanted) => running.filter(({ phase }) => phase === wanted));
  return first?.row.id ?? null;
}
