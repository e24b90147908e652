import type { Adopted } from '../../compiler/adopt/record.ts';
import { canonicalJson } from '../../compiler/desired/canonical-json.ts';
import { labels } from '../../compiler/labels.ts';
import type { ContainerSummary, Engine } from '../engine.ts';
import { adoptedIn } from '../parse-spec.ts';

/**
 * Rows of a list by label with what their records of adoptions name, as if it had the labels of generation 0 (ADR 0018). The engine
 * is asked only where there is such a record. Rejects with `EngineError`.
 */
export async function withAdopted(
  engine: Pick<Engine, 'listContainers'>,
  rows: readonly ContainerSummary[],
): Promise<readonly ContainerSummary[]> {
  const own = new Map(
    rows.flatMap((row) =>
      adoptedIn(row.labels).map((one) => [one.id, labelsOf(row.labels[labels.stack] ?? '', one)] as const),
    ),
  );
  if (own.size === 0) return rows;
  const adopted = (await engine.listContainers([])).flatMap((row): readonly ContainerSummary[] => {
    const known = own.get(row.id);
    return known === undefined ? [] : [{ ...row, labels: { ...row.labels, ...known } }];
  });
  return [...rows, ...adopted];
}

function labelsOf(
  stack: string,
  { application, container, instance, spec }: Adopted,
): Readonly<Record<string, string>> {
  return {
    [labels.stack]: stack,
    [labels.role]: 'instance',
    [labels.application]: application,
    [labels.container]: container,
    [labels.instance]: instance,
    [labels.generation]: '0',
    [labels.spec]: canonicalJson(spec),
  };
}
