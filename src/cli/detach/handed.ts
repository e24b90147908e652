import type { ResolvedInputs } from '../../compiler/desired/resolved-inputs.ts';
import type { ApplyCommand } from '../../compiler/journal/record.ts';
import type { PlanNode } from '../../compiler/plan/plan.ts';
import type { StoredSelection } from '../../compiler/revision/stored-revision.ts';
import type { SourceFormat } from '../../compiler/source/source-file.ts';
import type { RegistryAuth } from '../../runtime/engine.ts';
import type { ApplyBegin } from '../../runtime/journal/apply-journal.ts';
import type { ProveFlags } from '../prove.ts';

const BEGUN = /^\{"type":"begun","command":"([a-z]+)","revision":(\d+|null)\}$/;

/** What the container writes to its output, as a line, once it has begun. */
export function begunLine(command: ApplyCommand, revision: number | null): string {
  return JSON.stringify({ type: 'begun', command, revision });
}

/** `apply 41`, of such a line; null for every other. */
export function begunIn(line: string): string | null {
  const [, command, revision] = BEGUN.exec(line) ?? [];
  if (command === undefined) return null;
  return revision === 'null' ? command : `${command} ${revision ?? ''}`;
}

/** Of what it writes, in bytes: more than the longest event. */
export const LONGEST_LINE = 4 * 1024 * 1024;

/** All that an apply takes to go on without the one who began it. It holds secrets: it is sent, and never written. */
export interface Handed {
  /** The stack's name. */
  readonly name: string;
  readonly source: { readonly path: string; readonly text: string; readonly format: SourceFormat };
  readonly inputs: Omit<ResolvedInputs, 'files'>;
  /** In base64. */
  readonly files: Readonly<Record<string, string>>;
  readonly migrations: boolean;
  /** Whether the plan has hooks, which run in containers. */
  readonly hooks: boolean;
  readonly selection: Omit<StoredSelection, 'migrations'>;
  /** What was approved: nothing else is done. */
  readonly nodes: readonly PlanNode[];
  readonly begin: ApplyBegin;
  readonly again: string;
  /** Credentials for the pulls of the plan, by image reference. */
  readonly auth: Readonly<Record<string, RegistryAuth | null>>;
  readonly prove: (Omit<ProveFlags, 'url'> & { readonly url: string }) | null;
  readonly lockTimeoutS: number;
  /** Where the engine's host has its socket. */
  readonly engineSocket: string;
}
