import type { ContainerKey } from '../desired/desired-state.ts';
import type { JournalRecord } from './record.ts';

/**
 * The jobs whose template an apply has made, and no later one has taken away: where it is not there, somebody has removed it. By
 * the nodes of `rollTemplates` and `dropTemplates`; a journal that no longer goes back so far knows nothing.
 */
export function madeTemplates(
  records: readonly JournalRecord[],
  keys: readonly ContainerKey[],
): ReadonlySet<ContainerKey> {
  return new Set(keys.filter((key) => isMade(records, key)));
}

function isMade(records: readonly JournalRecord[], key: ContainerKey): boolean {
  const [takesPlace, makes, removes] = [`${key} switch `, `${key} create `, `job ${key} remove `];
  let isThere = false;
  /** Whether there was one before the last that was made. */
  let wasThere = false;
  for (const record of records) {
    if (record.type === 'back' && record.result === 'done') {
      if (record.node.startsWith(makes)) isThere = wasThere;
    } else if (record.type === 'operation' && record.result === 'done' && record.node !== null) {
      if (record.node.startsWith(makes)) wasThere = isThere;
      if (record.node.startsWith(takesPlace)) isThere = true;
      if (record.node.startsWith(removes)) isThere = false;
    }
  }
  return isThere;
}
